"""What the rules about environment.yml would write: whole lines, and nothing where a line holds more than the fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reprocheck.model.findings import Edit, Finding
from reprocheck.rules import (
    rc103_unpinned,
    rc104_mixed_channels,
    rc105_pip_section_without_pip,
    rc108_exported_prefix,
    rc109_platform_bound_build,
    rc112_mirror_channel,
)
from reprocheck.rules.facts import Facts
from reprocheck.rules.rule import RuleModule

MakeFacts = Callable[..., Facts]


@pytest.fixture
def mended(make_facts: MakeFacts) -> Callable[[RuleModule, str], str]:
    """Return the text of an environment file after all edits of one rule; all of them are safe, or none is."""

    def mend(module: RuleModule, text: str) -> str:
        findings: list[Finding] = list(module.check(make_facts(text)))
        edits = [edit for finding in findings for edit in finding.edits]
        assert len({edit.safe for edit in edits}) <= 1
        return applied(edits, text)

    return mend


def applied(edits: Sequence[Edit], text: str) -> str:
    lines = text.split("\n")
    for edit in sorted(edits, reverse=True):
        lines[edit.first - 1 : edit.last] = edit.lines
    return "\n".join(lines)


def test_pip_is_written_before_its_section_with_the_same_indentation(mended: Callable[..., str]) -> None:
    text = "dependencies:\n  - python=3.12\n  -   pip:  # from PyPI\n      - einops\n"
    assert mended(rc105_pip_section_without_pip, text) == text.replace("  -   pip:", "  -   pip\n  -   pip:")


def test_a_section_in_braces_is_left_to_people(mended: Callable[..., str]) -> None:
    text = "dependencies: [python=3.12, {pip: [einops]}]\n"
    assert mended(rc105_pip_section_without_pip, text) == text


def test_the_prefix_goes_and_its_neighbours_stay(mended: Callable[..., str]) -> None:
    text = "prefix: /home/me/envs/study  # mine\nname: study\ndependencies:\n  - python=3.12\n"
    assert mended(rc108_exported_prefix, text) == text.partition("\n")[2]


@pytest.mark.parametrize("prefix", ["prefix:\n  /home/me\n", "prefix: >-\n  /home/me\n", '"prefix": /home/me\n'])
def test_a_prefix_that_is_written_otherwise_stays(prefix: str, mended: Callable[..., str]) -> None:
    text = f"dependencies:\n  - python=3.12\n{prefix}"
    assert mended(rc108_exported_prefix, text) == text


def test_build_strings_go_and_versions_channels_and_comments_stay(mended: Callable[..., str]) -> None:
    text = (
        "dependencies:\n"
        "  - python=3.9.18=h955ad1f_0\n"
        "  - defaults/linux-64::numpy==1.26.4=py39h06a4308_0  # pinned\n"
        "  - bzip2 1.0.8 h5eee18b_6\n"
        "  - pytorch=2.4=*cuda*\n"
    )
    assert mended(rc109_platform_bound_build, text) == (
        "dependencies:\n"
        "  - python=3.9.18\n"
        "  - defaults/linux-64::numpy==1.26.4  # pinned\n"
        "  - bzip2 1.0.8\n"
        "  - pytorch=2.4=*cuda*\n"
    )


def test_a_build_in_brackets_keeps_all_others(mended: Callable[..., str]) -> None:
    text = "dependencies:\n  - numpy[version=1.26.4,build=py39h06a4308_0]\n  - bzip2=1.0.8=h5eee18b_6\n"
    assert mended(rc109_platform_bound_build, text) == text


def test_mirrors_become_names_and_are_not_repeated(mended: Callable[..., str]) -> None:
    text = (
        "channels:\n"
        "  - https://mirrors.tuna.invalid/anaconda/cloud/conda-forge/\n"
        "  - 'https://mirrors.tuna.invalid/anaconda/pkgs/main'  # near\n"
        "  - https://mirrors.tuna.invalid/anaconda/pkgs/r\n"
        "  - pytorch\n"
        "  - https://mirrors.tuna.invalid/anaconda/cloud/pytorch\n"
        "dependencies:\n"
        "  - pip:\n"
        "      - -i https://pypi.tuna.invalid/simple\n"
        "      - einops\n"
    )
    assert mended(rc112_mirror_channel, text) == (
        "channels:\n  - conda-forge\n  - 'defaults'  # near\n  - pytorch\ndependencies:\n  - pip:\n      - einops\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "channels: [https://mirrors.tuna.invalid/anaconda/cloud/conda-forge]\ndependencies:\n  - python=3.12\n",
        "channels:\n  - https://mirrors.tuna.invalid/anaconda/odd place\ndependencies:\n  - python=3.12\n",
        "dependencies:\n  - pip: ['-i https://pypi.tuna.invalid/simple', einops]\n",
    ],
)
def test_a_mirror_in_an_unusual_place_is_left_to_people(text: str, mended: Callable[..., str]) -> None:
    assert mended(rc112_mirror_channel, text) == text


def test_defaults_below_conda_forge_become_nodefaults(mended: Callable[..., str]) -> None:
    text = "channels:\n  - conda-forge\n  - main\n  - nvidia\n  - defaults\ndependencies:\n  - python=3.12\n"
    assert mended(rc104_mixed_channels, text) == (
        "channels:\n  - conda-forge\n  - nodefaults\n  - nvidia\ndependencies:\n  - python=3.12\n"
    )


def test_channels_in_brackets_are_left_to_people(mended: Callable[..., str]) -> None:
    text = "channels: [conda-forge, defaults]\ndependencies:\n  - python=3.12\n"
    assert mended(rc104_mixed_channels, text) == text


def test_nothing_is_written_for_defaults_above_conda_forge(mended: Callable[..., str]) -> None:
    text = "channels:\n  - defaults\n  - conda-forge\ndependencies:\n  - python=3.12\n"
    assert mended(rc104_mixed_channels, text) == text


def test_a_python_that_is_not_named_is_told_beside_what_has_no_bound(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies:\n  - numpy\n  - pip\n  - pip:\n      - jax\n", lock_absent=True)
    assert [(one.severity.value, one.message) for one in rc103_unpinned.check(facts)] == [
        ("warning", "`jax`, `numpy` have no version bound and `python` is not named, and there is no lock")
    ]


def test_a_lock_that_was_not_looked_for_is_no_reason_to_ask_for_bounds(make_facts: MakeFacts) -> None:
    assert list(rc103_unpinned.check(make_facts("dependencies:\n  - python\n"))) == []


def test_one_platform_that_was_asked_for_needs_no_other_build(make_facts: MakeFacts) -> None:
    text = "platforms:\n  - linux-64\n  - osx-64\ndependencies:\n  - cudatoolkit=11.8\n"
    assert list(rc109_platform_bound_build.check(make_facts(text, platforms=("linux-64",)))) == []
    assert len(list(rc109_platform_bound_build.check(make_facts(text)))) == 1
