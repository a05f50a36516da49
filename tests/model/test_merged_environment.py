"""Several environment files as one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.errors import InputError
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.merged_environment import merge_environments
from reprocheck.readers.environment_yml import parse_environment

MAIN = """\
name: study
channels: [conda-forge, nodefaults]
platforms: [linux-64, osx-arm64]
dependencies:
  - python=3.11  # the interpreter
  - numpy>=1.26
  - pip: [torch]
variables: {A: 1}
prefix: /somewhere
"""
DEV = """\
category: dev
channels: [pytorch, conda-forge]
platforms: [win-64, linux-64]
pip-repositories: [https://index.invalid/simple]
allow-pypi-requests: no
dependencies:
  - numpy<2
  - pip: [pytest]
variables: {B: 1, A: 2}
"""


def read(text: str, path: str) -> EnvironmentFile:
    return parse_environment(text.encode(), path)


def test_every_entry_is_kept_in_order_with_its_category_and_place() -> None:
    merged = merge_environments([read(MAIN, "environment.yml"), read(DEV, "dev.yml")])
    assert [(spec.text, spec.category, str(spec.location)) for spec in merged.conda] == [
        ("python=3.11", "main", "environment.yml:5:5"),
        ("numpy>=1.26", "main", "environment.yml:6:5"),
        ("numpy<2", "dev", "dev.yml:7:5"),
    ]
    assert [(line.text, line.category) for line in merged.pip] == [("torch", "main"), ("pytest", "dev")]
    assert [platform.name for platform in merged.platforms] == ["linux-64", "osx-arm64", "win-64"]
    assert merged.variables == ("A", "B")
    assert merged.sources == ("environment.yml", "dev.yml")
    assert not merged.allow_pypi_requests


def test_channels_are_the_longest_list() -> None:
    merged = merge_environments([read(MAIN, "environment.yml"), read(DEV, "dev.yml")])
    assert [channel.name for channel in merged.channels] == ["pytorch", "conda-forge"]
    assert [repository.name for repository in merged.pip_repositories] == ["https://index.invalid/simple"]


def test_text_and_name_are_those_of_the_first_file() -> None:
    first = read(MAIN, "environment.yml")
    merged = merge_environments([first, read(DEV, "dev.yml")])
    assert (merged.path, merged.name, merged.prefix) == (first.path, "study", first.prefix)
    assert (merged.lines, merged.comments, merged.pip_location) == (first.lines, first.comments, first.pip_location)


def test_the_pip_section_of_a_later_file_counts_where_the_first_has_none() -> None:
    first = read("dependencies: [python]\n", "environment.yml")
    assert str(merge_environments([first, read(DEV, "dev.yml")]).pip_location) == "dev.yml:8:5"
    assert merge_environments([first, first]).pip_location is None


def test_one_file_is_itself() -> None:
    only = read(MAIN, "environment.yml")
    assert merge_environments([only]) is only


def test_a_file_without_sources_is_its_own() -> None:
    files = [replace(read(MAIN, name), sources=()) for name in ("a.yml", "b.yml")]
    assert merge_environments(files).sources == ("a.yml", "b.yml")


@pytest.mark.parametrize("key", ["channels", "pip-repositories"])
def test_lists_of_which_none_is_the_end_of_the_other_do_not_fit_together(key: str) -> None:
    files = [
        read(f"{key}: [b, a]\ndependencies: []\n", "one.yml"),
        read(f"{key}: [b]\ndependencies: []\n", "two.yml"),
    ]
    with pytest.raises(InputError) as caught:
        merge_environments(files)
    assert caught.value.lines() == [
        f"error: `{key}` of `two.yml` and `one.yml` do not fit together",
        f"  where: two.yml:1:{len(key) + 4}",
        "  why:   `b` is not the end of `b`, `a`, so their order is unknown",
        "  how:   give both files the same list, in the same order",
    ]
