"""Versions are ordered as conda orders them, and as pip does."""

from __future__ import annotations

import pytest
import rattler
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.locking.differences.version_order import compare_versions
from reprocheck.model.locks import Manager

# Oldest first; a line is one version in several spellings. Source: docs.conda.io "Version ordering".
ORDERED = (
    ("0.4", "0.4.0"),
    ("0.4.1.rc",),
    ("0.4.1",),
    ("0.5a1",),
    ("0.5b3",),
    ("0.5",),
    ("0.9.6",),
    ("0.960923",),
    ("1.0",),
    ("1.1dev1",),
    ("1.1_",),
    ("1.1a1",),
    ("1.1.0dev1", "1.1.dev1"),
    ("1.1.0rc1",),
    ("1.1", "1.1.0"),
    ("1.1.0post1", "1.1.post1"),
    ("1996.07.12",),
    ("1!0.4.1",),
    ("1!3.1.1.6",),
)


def order(manager: Manager, old: str, new: str) -> int | None:
    return compare_versions(manager, old, new)


@pytest.mark.parametrize("text", ["", "1..2", "1!2!3", "a!1", "1+2+3", "+1", "1.2*", "1_2-3", "1.\u0663"])
def test_what_is_no_conda_version_has_no_order(text: str) -> None:
    assert order("conda", "1.0", text) is None
    assert order("conda", text, "1.0") is None


def test_conda_versions_stand_in_the_order_of_its_documentation() -> None:
    oldest_first = [line[0] for line in ORDERED]
    for number, one in enumerate(oldest_first):
        assert [order("conda", one, other) for other in oldest_first[number + 1 :]] == [1] * (
            len(oldest_first) - number - 1
        )


def test_spellings_of_one_conda_version_are_equal() -> None:
    assert all(order("conda", one, other) == 0 for line in ORDERED for one in line for other in line)
    assert order("conda", "1.0-1", "1.0_1") == 0
    assert order("conda", " 1.0RC1", "1.0rc1") == 0


VERSION = st.from_regex(r"\A(?:[0-2]!)?[0-9a-z]{1,3}(?:[._][0-9a-z]{1,4}){0,3}_?(?:\+[0-9a-z]{1,3})?\Z")


@given(VERSION | st.sampled_from([text for line in ORDERED for text in line]), VERSION)
def test_conda_versions_are_ordered_as_the_solver_orders_them(one: str, other: str) -> None:
    """Source: docs.conda.io "Version ordering"; rattler is the solver that decides which build is newest."""
    left, right = rattler.Version(one), rattler.Version(other)
    assert order("conda", one, other) == (right > left) - (right < left)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("1.9", "1.10", 1), ("2.0", "2.0rc1", -1), ("1.0", "1.0.0", 0), ("1.0", "1.0+cu121", 1), ("1.0", "", None)],
)
def test_pip_versions_are_ordered_after_pep_440(old: str, new: str, expected: int | None) -> None:
    assert order("pip", old, new) == expected
