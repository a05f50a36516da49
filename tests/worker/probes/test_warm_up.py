from __future__ import annotations

import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="functions are torch's", exc_type=ImportError)

from reprocheck.worker.probes.unary import FUNCTIONS
from reprocheck.worker.settled import settled_torch
from reprocheck.worker.warm_up import warm_up


class Watched:
    """A torch that notes the largest tensor with which each function is called."""

    def __init__(self, missing: frozenset[str] = frozenset()) -> None:
        self.calls: dict[str, int] = {}
        self.missing = missing

    def __getattr__(self, name: str) -> Any:
        if name in self.missing:
            raise AttributeError(name)
        found = getattr(torch, name)
        if not callable(found) or isinstance(found, type) or name == "linspace":
            return found

        def call(*arguments: Any) -> Any:
            tensors = arguments[0] if isinstance(arguments[0], list) else arguments
            self.calls[name] = max(tensor.numel() for tensor in tensors)
            return found(*arguments)

        return call


def test_functions_are_called_on_so_few_numbers_that_one_thread_does_it() -> None:
    watched = Watched()
    warm_up(watched)
    assert {"exp", "tanh", "erf", "sin", "sqrt", "log", "pow", "_foreach_sqrt"} <= set(watched.calls)
    assert set(watched.calls.values()) == {8}


def test_threads_stay_as_they_were_and_are_not_even_set() -> None:
    watched, before = Watched(), torch.get_num_threads()
    warm_up(watched)
    assert [name for name in watched.calls if "threads" in name] == []
    assert torch.get_num_threads() == before


def test_every_unary_probe_is_warmed_up() -> None:
    watched = Watched()
    warm_up(watched)
    assert set(FUNCTIONS) <= set(watched.calls)


def test_a_function_that_this_torch_lacks_is_passed_over() -> None:
    watched = Watched(frozenset({"exp2", "_foreach_tanh"}))
    warm_up(watched)
    assert "exp2" not in watched.calls
    assert "exp" in watched.calls


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
