"""conda's order of versions, held against the solver's library."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import rattler
from rattler.exceptions import InvalidMatchSpecError
from rattler.package import BuildString

from reprocheck.errors import ReprocheckError
from reprocheck.model.conda_versions import build_admits, constraint_admits, read_constraint, read_version
from reprocheck.readers.conda_lock_yml import read_lock

ORDERED = (
    *("0.4", "0.4.1.rc", "0.4.1", "0.5a1", "0.5b3", "0.5C1", "0.5", "0.9.6"),
    *("0.960923", "1.0", "1.1dev1", "1.1_", "1.1a1", "1.1.0dev1", "1.1.a1", "1.1.0rc1"),
    *("1.1.0", "1.1.0post1", "1.1post1", "1996.07.12", "1!0.4.1", "1!3.1.1.6", "2!0.4.1"),
)


def test_versions_stand_in_the_order_of_condas_documentation() -> None:
    """docs.conda.io "Version ordering": the list of its docstring; `1.1_` is left to the solver."""
    assert read_version("1.1_") is None
    known = [version for text in ORDERED if (version := read_version(text))]
    assert len(known) == len(ORDERED) - 1
    for older, newer in itertools.combinations(known, 2):
        assert older.compare(newer) <= 0
        assert newer.compare(older) >= 0


@pytest.mark.parametrize(("one", "other"), [("1.0", "1"), ("1.0.0", "1.0"), ("0!1.2", "1.2"), ("1.2_3", "1.2.3")])
def test_two_spellings_of_one_version_are_equal(one: str, other: str) -> None:
    first, second = read_version(one), read_version(other)
    assert first is not None
    assert second is not None
    assert first.compare(second) == 0


@pytest.mark.parametrize(
    ("constraint", "version", "answer"),
    [
        ("*", "1", True),
        ("1.2.*|>=3", "3.1", True),
        ("1.2.*|>=3", "2", False),
        (">=1.2.*", "1.2", True),
        ("!=1.2.*", "1.2.3", False),
        ("~=1.2.3", "1.2.9", True),
        ("~=1.2.3", "1.3", False),
        ("1.2", "1.2.0", True),
        ("1.2.a*", "1.2.ab", True),
        ("1.2rc*", "1.2rc1", True),
        ("1.2rc*", "1.3rc1", False),
        ("1.2.*", "1", False),
        ("2.1.*", "2", False),
        ("==1.0+cu118", "1.0+cu118", True),
        ("<1.0", "1.0+cu118", True),  # letters come before numbers, and a missing part is 0
        ("<1.2.*", "1", None),
        ("=1.0+cu118", "1.0", None),
        ("~=1", "1", None),
        (">=1.2,", "1", None),
        (">=1.2", "1-2-3!", None),
    ],
)
def test_a_constraint_is_answered_or_left_to_the_solver(constraint: str, version: str, answer: bool | None) -> None:
    assert constraint_admits(constraint, version) is answer


@pytest.mark.parametrize(
    ("pattern", "build", "answer"),
    [("py*_0", "py311_0", True), ("py.*", "py311", False), ("0", "0", True), ("^0$", "0", None)],
)
def test_a_build_pattern_knows_stars_only(pattern: str, build: str, answer: bool | None) -> None:
    assert build_admits(pattern, build) is answer


def test_every_constraint_of_real_locks_is_answered_as_the_solver_answers_it(shared: Path) -> None:
    constraints: set[tuple[str, str]] = set()
    versions: dict[str, set[str]] = {}
    for path in sorted((shared / "corpus" / "conda-lock").glob("*/**/*conda-lock*.yml"))[::3]:
        try:
            packages = read_lock(path).packages
        except ReprocheckError:
            continue
        for package in packages:
            versions.setdefault(package.name, set()).add(package.version)
            constraints.update((name, text.split(" ")[0]) for name, text in package.dependencies if text)
    answered = 0
    for name, constraint in sorted(constraints):
        plain = constraint if any(sign in constraint for sign in "<>=!~*|,") else f"=={constraint}"
        try:
            spec = rattler.MatchSpec(f'x[version="{plain}"]', strict=True)
        except InvalidMatchSpecError:
            continue
        for version in sorted({*versions.get(name, ()), "1.0a1", "9e", "2!1", "1.0.post1"}):
            assert constraint_admits(constraint, version) is spec.matches(record(version)), (constraint, version)
            answered += 1
    assert answered > 5000
    assert read_constraint(">=1,<2.0a0") is not None


def record(version: str) -> rattler.PackageRecord:
    build = BuildString.new_unchecked("0")
    return rattler.PackageRecord(name="x", version=version, build=build, build_number=0, subdir="linux-64")


def test_a_number_of_more_digits_than_python_reads_is_left_to_others() -> None:
    endless = "9" * 5000
    assert read_version(endless) is None
    assert read_version(f"1.{'9' * 500}") is not None
    assert constraint_admits(f">={endless}", "1.0") is None
    assert constraint_admits(">=1", endless) is None
