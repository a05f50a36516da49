"""Calls of the outermost modules are heard, and the modules do not know it."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="roots are torch's", exc_type=ImportError)

from reprocheck.worker.watching.guard import Guard
from reprocheck.worker.watching.roots import Roots


class Model(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A model that the tests listen to."""

    def forward(self, inputs: Any, scale: float = 1.0) -> Any:
        return inputs * scale


class Calling(Model):
    """A model with a `__call__` of its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs) + 1


def roots_and_heard() -> tuple[Roots, list[object]]:
    heard: list[object] = []
    guard = Guard(torch, lambda *_: None)
    return Roots(guard, lambda args, kwargs, grad: heard.append((len(args), sorted(kwargs), grad))), heard


def test_only_the_watched_instance_is_heard_with_its_arguments() -> None:
    roots, heard = roots_and_heard()
    watched, other = Model(), Model()
    roots.watch([watched])
    try:
        other(torch.ones(1))
        assert watched(torch.ones(1), scale=3.0).item() == 3.0
        with torch.no_grad():
            watched(torch.ones(1))
        assert heard == [(1, ["scale"], True), (1, [], False)]
        assert b"reprocheck" not in pickle.dumps(watched.state_dict())
        assert not watched._forward_pre_hooks
    finally:
        roots.release([Model], for_good=True)
    assert "__call__" not in vars(Model)


def test_a_call_of_its_own_is_kept_and_given_back() -> None:
    roots, heard = roots_and_heard()
    model, own = Calling(), vars(Calling)["__call__"]
    roots.watch([model])
    try:
        assert model(torch.ones(1)).item() == 2.0
        assert len(heard) == 1
    finally:
        roots.release_all()
    assert vars(Calling)["__call__"] is own


def test_what_wraps_a_root_takes_its_place_and_a_compiled_class_stays_as_it_is() -> None:
    roots, heard = roots_and_heard()
    inner, outer = Model(), Calling()
    roots.watch([inner])
    try:
        roots.replace(inner, outer)
        inner(torch.ones(1))
        outer(torch.ones(1))
        assert (roots.modules(), len(heard)) == ([outer], 1)
        roots.release([Calling], for_good=True)
        roots.watch([outer])
        outer(torch.ones(1))
        assert (roots.modules(), len(heard)) == ([], 1)
    finally:
        roots.release_all()
