"""The guard: no fault of ours reaches the program, and no patch changes what a function does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="hooks run in torch", exc_type=ImportError)

from reprocheck.worker.watching.guard import Guard


def test_the_first_fault_is_told_and_ends_the_watch() -> None:
    faults: list[str] = []
    guard = Guard(torch, lambda where, error: faults.append(f"{where}: {error}"))
    assert guard.hold("here", lambda value: value + 1, 1) == 2
    assert guard.hold("there", lambda: [][0]) is None
    assert guard.hold("elsewhere", lambda: 1) is None
    assert (faults, guard.is_on) == (["there: list index out of range"], False)


def test_a_fault_that_cannot_be_told_is_silent() -> None:
    def tell(_where: str, _error: BaseException) -> None:
        raise OSError("disk full")

    guard = Guard(torch, tell)
    assert guard.hold("here", lambda: 1 // 0) is None
    assert not guard.is_on


def test_a_patched_function_calls_before_and_after_and_returns_its_own_result() -> None:
    heard: list[object] = []
    owner = SimpleNamespace(double=lambda value, *, more=0: 2 * value + more)
    guard = Guard(torch, lambda *_: None)

    def before(args: object, kwargs: object) -> Callable[[object], None]:
        heard.append((args, kwargs))
        return heard.append

    guard.patch(owner, "double", before)
    assert owner.double(3, more=1) == 7
    assert heard == [((3,), {"more": 1}), 7]


def test_a_patched_function_raises_what_it_raised_and_faults_of_hooks_do_not_show() -> None:
    def refuse() -> None:
        raise KeyError("mine")

    owner = SimpleNamespace(refuse=refuse, one=lambda: 1)
    guard = Guard(torch, lambda *_: None)
    guard.patch(owner, "refuse", lambda _args, _kwargs: None)
    guard.patch(owner, "one", lambda _args, _kwargs: [][0])
    with pytest.raises(KeyError, match="mine"):
        owner.refuse()
    assert (owner.one(), guard.is_on) == (1, False)


def test_hooks_compute_without_gradients() -> None:
    guard = Guard(torch, lambda *_: None)
    assert guard.hold("here", torch.is_grad_enabled) is False
    assert guard.has_gradients() is True
