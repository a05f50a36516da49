"""What differs between two locks, and whether anything does that matters."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from reprocheck.model.locking_requests import LockChange, Sign
from reprocheck.model.locks import Lock, LockedPackage, Manager

TOOL_PREFIX = "reprocheck.tool."

_Key = tuple[Manager, str, str]
_Pair = tuple[Manager, str, str | None, str | None]


def says_the_same(old: Lock, new: Lock) -> bool:
    """Say whether `new` would tell nothing new: which tool versions wrote it, and their hash, do not count."""
    return _essence(old) == _essence(new)


def _essence(lock: Lock) -> Lock:
    custom = tuple((key, value) for key, value in lock.custom_metadata if not key.startswith(TOOL_PREFIX))
    packages = sorted(
        (replace(package, line=0, dependencies=tuple(sorted(package.dependencies))) for package in lock.packages),
        key=lambda package: (package.manager, package.name, package.platform, package.category),
    )
    return replace(lock, path="", content_hash=(), custom_metadata=custom, packages=tuple(packages))


def compare_locks(old: Lock | None, new: Lock) -> tuple[LockChange, ...]:
    """Return the changes from `old` (None: an empty lock) to `new`, sorted by name; equal ones are grouped."""
    before, after = _index(old), _index(new)
    platforms: defaultdict[_Pair, set[str]] = defaultdict(set)
    for manager, name, platform in before.keys() | after.keys():
        was, now = before.get((manager, name, platform)), after.get((manager, name, platform))
        if was != now:
            platforms[manager, name, was, now].add(platform)
    changes = [
        LockChange(sign=_sign(was, now), manager=manager, name=name, old=was, new=now, platforms=tuple(sorted(where)))
        for (manager, name, was, now), where in platforms.items()
    ]
    return tuple(sorted(changes, key=lambda change: (change.name, change.manager, change.platforms)))


def _index(lock: Lock | None) -> dict[_Key, str]:
    packages = lock.packages if lock else ()
    return {(package.manager, package.name, package.platform): _identity(package) for package in packages}


def _identity(package: LockedPackage) -> str:
    return f"{package.version} {package.build}" if package.build else package.version


def _sign(was: str | None, now: str | None) -> Sign:
    if was is None:
        return "+"
    return "-" if now is None else "~"
