from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="functions are torch's", exc_type=ImportError)

from reprocheck.worker.probes.unary import FUNCTIONS
from reprocheck.worker.settled import settled_torch
from reprocheck.worker.warm_up import warm_up


class Watched:
    """A torch that notes which functions are called on how many threads."""

    def __init__(self, missing: frozenset[str] = frozenset()) -> None:
        self.calls: dict[str, set[int]] = {}
        self.missing = missing

    def __getattr__(self, name: str) -> Any:
        if name in self.missing:
            raise AttributeError(name)
        found = getattr(torch, name)
        if not callable(found) or isinstance(found, type) or "num_threads" in name or name == "linspace":
            return found

        def call(*arguments: Any) -> Any:
            self.calls.setdefault(name, set()).add(torch.get_num_threads())
            return found(*arguments)

        return call


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_every_function_is_called_on_one_thread_and_the_threads_come_back() -> None:
    watched = Watched()
    warm_up(watched)
    assert set().union(*watched.calls.values()) == {1}
    assert {"exp", "tanh", "erf", "sin", "sqrt", "log", "pow", "_foreach_sqrt"} <= set(watched.calls)
    assert torch.get_num_threads() == 2


def test_every_unary_probe_is_warmed_up() -> None:
    watched = Watched()
    warm_up(watched)
    assert set(FUNCTIONS) <= set(watched.calls)


def test_a_function_that_this_torch_lacks_is_passed_over() -> None:
    warm_up(Watched(frozenset({"exp2", "_foreach_tanh"})))
    assert torch.get_num_threads() == 2


def test_warnings_are_silent_inside_only() -> None:
    with settled_torch(torch, None):
        warnings.warn("of torch", stacklevel=1)
    with pytest.warns(UserWarning, match="of ours"):
        warnings.warn("of ours", stacklevel=1)


def test_switches_are_applied_inside() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        with settled_torch(torch, {"float32-matmul-precision": "high"}):
            assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
