"""Errors say what, where, why and how, and carry the exit code."""

from __future__ import annotations

import pytest

from reprocheck.errors import (
    ForgedError,
    GatheredErrors,
    InputError,
    ReprocheckError,
    UndecidedError,
    UnsatisfiableError,
    UsageError,
    raise_gathered,
)


def test_the_message_has_the_shape_that_people_know() -> None:
    error = InputError("lock format version `7` is unknown", where="conda-lock.yml:1", why="1 is read", how="upgrade")
    assert error.lines() == [
        "error: lock format version `7` is unknown",
        "  where: conda-lock.yml:1",
        "  why:   1 is read",
        "  how:   upgrade",
    ]


def test_empty_parts_are_left_out() -> None:
    assert UsageError("a").lines() == ["error: a"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (InputError, 2), (UnsatisfiableError, 2), (UndecidedError, 3), (ForgedError, 4)],
)
def test_each_kind_has_its_exit_code(kind: type[ReprocheckError], code: int) -> None:
    assert kind("a").exit_code == code


@pytest.mark.parametrize(
    ("where", "outer"), [("hash", "packages[3].hash"), ("[0]", "packages[3][0]"), ("", "packages[3]")]
)
def test_nested_readers_put_their_key_in_front(where: str, outer: str) -> None:
    inner = InputError("a", where=where, why="b", how="c", detail="d")
    lifted = inner.within("packages[3]")
    assert (lifted.where, lifted.why, lifted.how, lifted.detail, type(lifted)) == (outer, "b", "c", "d", InputError)


def test_no_fault_raises_nothing() -> None:
    raise_gathered([])


def test_a_single_fault_is_raised_itself() -> None:
    with pytest.raises(InputError, match=r"^a$"):
        raise_gathered([InputError("a")])


def test_several_faults_are_told_together() -> None:
    with pytest.raises(GatheredErrors) as caught:
        raise_gathered([InputError("a"), InputError("b", where="x")])
    assert caught.value.lines() == ["error: a", "error: b", "  where: x"]
