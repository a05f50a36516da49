"""What the rules offer to write: edits that carry out the fix, and none where the line holds more than one item."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.model.findings import Edit, Finding
from reprocheck.rules import (
    rc101_bracketed_comment,
    rc102_ambiguous_spec,
    rc105_pip_section_without_pip,
    rc107_duplicate_spec,
    rc301_declared_twice,
)
from reprocheck.rules.facts import Facts
from reprocheck.rules.rule import RuleModule

MakeFacts = Callable[..., Facts]


@pytest.fixture
def edits_of(make_facts: MakeFacts) -> Callable[[RuleModule, str], list[Edit]]:
    def edits(module: RuleModule, text: str) -> list[Edit]:
        return [edit for finding in module.check(make_facts(text)) for edit in finding.edits]

    return edits


Edits = Callable[[RuleModule, str], list[Edit]]


def told(edits: list[Edit]) -> list[tuple[int, int, tuple[str, ...], bool]]:
    return [(edit.first, edit.last, edit.lines, edit.safe) for edit in edits]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  - numpy  # keep [abi]", "  - numpy  # keep (abi)"),
        ("  - numpy  # see [1] and [2]", "  - numpy  # see [1] and (2)"),
        ("  - nccl  # [ linux ]", "  - nccl  # [linux]"),
        ('  - "numpy"   #[abi]', '  - "numpy"   #(abi)'),
    ],
)
def test_brackets_of_a_comment_become_parentheses(edits_of: Edits, line: str, expected: str) -> None:
    edits = edits_of(rc101_bracketed_comment, f"dependencies:\n{line}\n")
    assert told(edits) == [(2, 2, (expected,), True)]


@pytest.mark.parametrize(
    "line",
    [
        "  - nccl  # [not win]",
        "  - pip:\n    - git+https://host.invalid/a#egg=a[gpu]",
        '  - "numpy # [abi]"',
    ],
    ids=["logic", "fragment", "in-a-string"],
)
def test_what_only_people_can_read_is_left_to_people(edits_of: Edits, line: str) -> None:
    assert edits_of(rc101_bracketed_comment, f"dependencies:\n{line}\n") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  - python >=3.11 <3.12", "  - python >=3.11,<3.12"),
        ("  - python>=3.11 <3.12  # both", "  - python>=3.11,<3.12  # both"),
        ("  -   Python  >= 3.11  < 3.12", "  -   Python  >=3.11,<3.12"),
        ("  - 'conda-forge::python >=3.11 <3.12 !=3.11.5'", "  - 'conda-forge::python >=3.11,<3.12,!=3.11.5'"),
        ("  - python =3.11 <3.11.5", "  - python =3.11,<3.11.5"),
    ],
)
def test_constraints_are_joined_by_a_comma(edits_of: Edits, line: str, expected: str) -> None:
    assert told(edits_of(rc102_ambiguous_spec, f"dependencies:\n{line}\n")) == [(2, 2, (expected,), True)]


@pytest.mark.parametrize(
    "line",
    ["  - python 3.11 <3.12", "  - python >=3.11 <3.12 py311*", "  - python[version='>=3.11', build='<3.12']"],
    ids=["bare-version", "build", "keys"],
)
def test_constraints_that_may_mean_more_are_left_to_people(edits_of: Edits, make_facts: MakeFacts, line: str) -> None:
    text = f"dependencies:\n{line}\n"
    assert list(rc102_ambiguous_spec.check(make_facts(text)))
    assert edits_of(rc102_ambiguous_spec, text) == []


def test_a_spec_in_a_list_of_one_line_is_left_to_people(edits_of: Edits, make_facts: MakeFacts) -> None:
    text = 'dependencies: ["python >=3.11 <3.12", numpy]\n'
    assert list(rc102_ambiguous_spec.check(make_facts(text)))
    assert edits_of(rc102_ambiguous_spec, text) == []


@pytest.mark.parametrize(
    ("lines", "removed"),
    [
        ("  - numpy\n  - scipy\n  - numpy  # again\n", 4),
        ("  - numpy\n  - numpy  # [linux]\n", 3),
        ("  - conda-forge::numpy=2\n  - conda-forge::numpy=2\n", 3),
        ("  - numpy[version='>=2']\n  - numpy[version='>=2']\n", 3),
        ("  - pip\n  - pip:\n    - Flask_Cors[a]>=1\n    - flask-cors[a]>=1\n", 5),
        ("  - pip\n  - pip:\n    - a @ https://u:p@host.invalid/a.whl\n    - a @ https://u:p@host.invalid/a.whl\n", 5),
    ],
)
def test_a_line_that_says_the_same_again_goes(edits_of: Edits, lines: str, removed: int) -> None:
    assert told(edits_of(rc107_duplicate_spec, f"dependencies:\n{lines}")) == [(removed, removed, (), True)]


@pytest.mark.parametrize(
    "lines",
    [
        "  - numpy  # [linux]\n  - numpy\n",
        "  - conda-forge::numpy=2\n  - numpy=2\n",
        "  - numpy[version='>=2']\n  - numpy>=2\n",
        "  - pip\n  - pip:\n    - uvicorn\n    - uvicorn[standard]\n",
        "  - pip\n  - pip:\n    - a==1 --hash=sha256:00\n    - a==1 --hash=sha256:11\n",
    ],
    ids=["platforms", "channel", "keys", "extras", "hashes"],
)
def test_a_line_that_asks_for_more_stays(edits_of: Edits, make_facts: MakeFacts, lines: str) -> None:
    text = f"dependencies:\n{lines}"
    [finding] = rc107_duplicate_spec.check(make_facts(text))
    assert finding.fix == "keep one line that holds every constraint"
    assert finding.edits == ()


MET = "dependencies:\n  - numpy=1.26.4\n  - pip\n  - pip:  # more\n    - numpy>=1.20\n"


def test_the_last_line_of_a_pip_section_takes_the_section_along(edits_of: Edits) -> None:
    assert told(edits_of(rc301_declared_twice, MET)) == [(4, 4, (), True), (5, 5, (), True)]


def test_a_line_among_others_goes_alone(edits_of: Edits) -> None:
    assert told(edits_of(rc301_declared_twice, f"{MET}    - einops\n")) == [(5, 5, (), True)]


def test_extras_that_conda_may_not_install_make_it_unsafe(edits_of: Edits) -> None:
    edits = edits_of(rc301_declared_twice, MET.replace("numpy>=", "numpy[extra]>="))
    assert [edit.safe for edit in edits] == [False, False]


def test_a_pin_that_contradicts_is_taken_over_by_conda_if_asked_to(edits_of: Edits) -> None:
    text = (
        "dependencies:\n  - conda-forge::pytorch=2.6.0  # main\n  - pip\n  - pip:\n    - torch==2.4.1\n    - einops\n"
    )
    assert told(edits_of(rc301_declared_twice, text)) == [
        (2, 2, ("  - conda-forge::pytorch=2.4.1  # main",), False),
        (5, 5, (), False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "dependencies:\n  - numpy=1.26.4\n  - pip\n  - pip: [numpy>=1.20]\n",
        "dependencies:\n  - numpy=1.26.4\n  - {pip: [numpy>=1.20]}\n",
        "dependencies:\n  - numpy=1.26.4\n  - pip\n  - pip:\n    - >-\n      numpy>=1.20\n",
        "dependencies: [numpy=2.0, {pip: [\n    numpy==1.20]}]\n",
    ],
    ids=["flow", "inline", "folded", "two-lists"],
)
def test_yaml_that_is_written_otherwise_is_left_to_people(edits_of: Edits, make_facts: MakeFacts, text: str) -> None:
    findings: list[Finding] = list(rc301_declared_twice.check(make_facts(text)))
    assert findings
    assert edits_of(rc301_declared_twice, text) == []


def test_a_section_key_that_is_written_otherwise_keeps_its_last_item(edits_of: Edits) -> None:
    text = 'dependencies:\n  - numpy=1.26.4\n  - pip\n  - "pip":\n    - numpy>=1.20\n'
    assert edits_of(rc301_declared_twice, text) == []


def test_a_section_that_asks_for_pip_itself_gets_no_second_one(edits_of: Edits) -> None:
    text = "dependencies:\n  - python\n  - pip:\n    - einops\n"
    assert told(edits_of(rc105_pip_section_without_pip, text)) == [(3, 2, ("  - pip",), True)]
    assert edits_of(rc105_pip_section_without_pip, f"{text}    - pip>=25\n") == []
