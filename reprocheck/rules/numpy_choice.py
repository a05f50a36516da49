"""Which NumPy an environment gets, as far as it decides whether modules compiled for NumPy 1 can run beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from reprocheck.facts.cuda_versions import numbers
from reprocheck.facts.numpy_abi import COMPILED, FIRST_PYTHON_WITH_NUMPY_2, numpy_floors
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.declarations import Declaration, constraint_of
from reprocheck.rules.torch_pins import is_conditional, pinned_python

Choice = Literal["two", "open", "one"]
"""NumPy 2 for certain, whatever is newest, or NumPy 1 or unknown."""

_SECOND = 2
_RISING = (">=", ">", "==", "===", "=", "", "~=")  # a bound of NumPy 2 behind these leaves nothing older
_OPEN = (">=", ">", "!=")
_TORCH = ("pytorch", "pytorch-gpu", "pytorch-cpu", "torch", "torchvision", "torchaudio", "triton")
_CUDA = ("cudatoolkit", "pytorch-cuda", "cuda-version", "pytorch-mutex", "cpuonly", "mkl")
# Pins of these hold no NumPy back: their packages name no bound on it.
_NO_BOUND = ("python", "pip", "setuptools", "wheel", "einops", "tqdm", "pyyaml", *_TORCH, *_CUDA)


def locked_numpy(lock: Lock, platform: str) -> LockedPackage | None:
    """Return the NumPy that ends up in the environment: pip's, which comes last, else conda's."""
    found = sorted(lock.named(platform, "numpy"), key=lambda package: package.manager != "pip")
    return found[0] if found else None


def is_second(version: str) -> bool:
    """Say whether a version is NumPy 2 or later."""
    return numbers(version)[:1] >= (_SECOND,)


def declared_numpy(environment: EnvironmentFile) -> Declaration | None:
    """Return the entry that decides: pip's, which comes last, else conda's, else None."""
    pip = next((item for item in environment.pip if item.name == "numpy"), None)
    return pip or next(iter(environment.conda_named("numpy")), None)


def asks_for_second(entry: Declaration) -> bool:
    """Say whether an entry leaves nothing older than NumPy 2."""
    bounds = () if is_conditional(entry) else _bounds(entry)
    return any(operator in _RISING and is_second(version) for operator, version in bounds)


def numpy_choice(environment: EnvironmentFile) -> Choice:
    """Return which NumPy a solve of today takes."""
    entry = declared_numpy(environment)
    if entry and asks_for_second(entry):
        return "two"
    bounded = entry is not None and (is_conditional(entry) or any(op not in _OPEN for op, _ in _bounds(entry)))
    if bounded or not _may_be_new(environment):
        return "one"
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    return "one" if any(map(_may_hold, entries)) else "open"


def _bounds(entry: Declaration) -> Iterator[tuple[str, str]]:
    """Yield the (operator, version) pairs of an entry's constraint; what cannot be read counts as a bound."""
    for part in filter(None, re.split(r"[,|]", constraint_of(entry) or "")):
        found = re.match(r"\s*(?P<operator>[<>=!~]*)\s*(?P<version>\d[\w.]*)", part)
        if part.strip() not in ("*", "=*"):
            yield (found["operator"], found["version"]) if found else ("?", "")


def _may_be_new(environment: EnvironmentFile) -> bool:
    """NumPy 2 is for Python 3.9 and later; which Python an open one becomes nobody knows."""
    python = pinned_python(environment)
    return python is not None and numbers(python.pin.version)[:2] >= FIRST_PYTHON_WITH_NUMPY_2


def _may_hold(entry: Declaration) -> bool:
    """Say whether an entry may keep NumPy 2 away: older releases often name a bound, and nobody knows of a URL."""
    if entry.name in _NO_BOUND or _is_unbounded(entry.name):
        return False
    if isinstance(entry, PipRequirement) and entry.kind not in ("requirement", "option"):
        return True
    if isinstance(entry, PipRequirement) and entry.kind == "option":
        return entry.text.startswith(("-r", "-c", "--requirement", "--constraint"))
    return any(operator not in _OPEN for operator, _ in _bounds(entry))


def _is_unbounded(name: str | None) -> bool:
    floor = numpy_floors().get(name) if name in COMPILED else None
    return floor is not None and not floor.bounded
