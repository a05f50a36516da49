"""Plain specifiers are judged as packaging judges them; everything else is left to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from reprocheck.model.plain_pip_specs import plainly_contains

NUMBERS = st.integers(0, 3).map(str)
VERSIONS = st.lists(NUMBERS, min_size=1, max_size=4).map(".".join)
CLAUSES = st.builds("{}{}".format, st.sampled_from(["==", "!=", ">=", "<=", ">", "<"]), VERSIONS)
STARRED = st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), VERSIONS)
LETTERED = st.builds(
    "{}{}{}".format,
    VERSIONS,
    st.sampled_from(["", "a1", "rc2", ".post1", ".dev3", ".post1.dev0"]),
    st.sampled_from(["", "+cu118"]),
)
COMPATIBLE = st.builds("~={}.{}".format, NUMBERS, VERSIONS)


@given(st.lists(st.one_of(CLAUSES, STARRED, COMPATIBLE), max_size=3), VERSIONS)
def test_plain_specifiers_are_judged_as_packaging_judges_them(clauses: list[str], version: str) -> None:
    specifier = ",".join(clauses)
    expected = SpecifierSet(specifier).contains(Version(version), prereleases=True)
    assert plainly_contains(specifier, version) is expected


@given(st.lists(st.one_of(LETTERED.map("=={}".format), CLAUSES), max_size=2), LETTERED)
def test_what_is_answered_of_versions_with_letters_is_what_packaging_answers(clauses: list[str], version: str) -> None:
    specifier = ",".join(clauses)
    answer = plainly_contains(specifier, version)
    assert answer in (None, SpecifierSet(specifier).contains(Version(version), prereleases=True))


def test_a_pin_of_the_very_text_that_is_locked_is_plain() -> None:
    assert plainly_contains("==2.5.9.post1", "2.5.9.post1") is True
    assert plainly_contains("== 2.4.1+cu118", "2.4.1+cu118") is True
    assert plainly_contains("", "2.0rc1") is True


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        ("==1.0", "1.0rc1"),
        ("==1.0.0rc01", "1.0.0rc01"),
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
