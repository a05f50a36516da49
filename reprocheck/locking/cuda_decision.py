"""CUDA as a decision that somebody takes, and what the lock records of it.

conda-lock assumes `__cuda=11.4` in silence. Here nothing is assumed: without a decision the lock is solved as
for a machine without an NVIDIA driver, and a second solve tells whether that made a difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reprocheck.errors import UsageError
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage

NONE = "none"
UNDECIDED = "undecided (none assumed)"
IRRELEVANT = "irrelevant (no package depends on it)"
PROBE = "99"  # a driver that allows everything: whatever can use CUDA will
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")


def check_cuda(text: str, where: str) -> str:
    """Return the decision in canonical form.

    Raises:
        UsageError: neither `X.Y` nor `none`.
    """
    plain = text.strip().lower()
    if plain == NONE or _VERSION.fullmatch(plain):
        return plain
    raise UsageError(
        f"CUDA decision `{text}` is neither a version nor `none`",
        where=where,
        why="it is the CUDA version of the driver, as `nvidia-smi` shows it, for example `12.4`",
        how="write `--cuda 12.4` or `--cuda none`",
    )


def assumed_version(decision: str | None) -> str | None:
    """Return the version of `__cuda` that a decision stands for, None for no driver."""
    return None if decision in (None, NONE) else decision


def recorded_decision(lock: Lock) -> str | None:
    """Return what somebody decided for `lock`, None where nobody did."""
    text = lock.custom(CUDA_KEY) or ""
    return text if text == NONE or _VERSION.fullmatch(text) else None


def changed_by_cuda(without: Iterable[LockedPackage], probe: Iterable[LockedPackage]) -> tuple[str, ...]:
    """Return the names that a CUDA driver would add, take away or lock otherwise, sorted."""
    return tuple(sorted({name for name, *_ in _identities(without) ^ _identities(probe)}))


def _identities(packages: Iterable[LockedPackage]) -> set[tuple[str, str, str | None]]:
    return {(package.name, package.version, package.build) for package in packages}
