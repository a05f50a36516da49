"""Plain specifiers are judged as packaging judges them; everything else is left to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from reprocheck.locking.judging.plain_pip_specs import plainly_contains

NUMBERS = st.integers(0, 3).map(str)
VERSIONS = st.lists(NUMBERS, min_size=1, max_size=4).map(".".join)
CLAUSES = st.builds("{}{}".format, st.sampled_from(["==", "!=", ">=", "<=", ">", "<"]), VERSIONS)
STARRED = st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), VERSIONS)
COMPATIBLE = st.builds("~={}.{}".format, NUMBERS, VERSIONS)


@given(st.lists(st.one_of(CLAUSES, STARRED, COMPATIBLE), max_size=3), VERSIONS)
def test_plain_specifiers_are_judged_as_packaging_judges_them(clauses: list[str], version: str) -> None:
    specifier = ",".join(clauses)
    expected = SpecifierSet(specifier).contains(Version(version), prereleases=True)
    assert plainly_contains(specifier, version) is expected


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        ("==1.0", "1.0rc1"),
        (">=1.0", "2.6.0+cu126"),
        ("==1.0", "1!1.0"),
        ("===1.0", "1.0"),
        (">=1.0a1", "1.0"),
        ("~=1", "1.0"),
        ("~=1.2.*", "1.2"),
        (">=1.*", "1.0"),
        (">=1,<2b1", "1.0"),
        ("= 1.0", "1.0"),
        ("==1.0", "1..0"),
        ("==1.0", "١.0"),
    ],
)
def test_what_is_not_plain_is_left_to_packaging(specifier: str, version: str) -> None:
    assert plainly_contains(specifier, version) is None


def test_spaces_and_trailing_commas_mean_nothing() -> None:
    assert plainly_contains(" >= 1.0 , < 2, ", "1.5") is True
    assert plainly_contains("", "1.5") is True
