"""What an old lock hands down to the next: decisions that somebody took, and packages that need not move."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reprocheck.errors import UsageError
from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.locking.cuda_decision import recorded_decision
from reprocheck.locking.exclude_newer import NOW, format_time, read_time, recorded_time
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockRequest
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.model.virtual_packages import VirtualPackage

MACHINE_PREFIX = "reprocheck.virtual-packages."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """A request with the old lock's decisions filled in, the packages that may stay, and what to say about it."""

    request: LockRequest
    preferred: tuple[LockedPackage, ...]
    notes: tuple[str, ...]


def inherit(
    old: Lock | None, environment: EnvironmentFile, request: LockRequest, names: NameMap | None = None
) -> Inheritance:
    """Return what `request` takes over from `old`; `names` are those of the packaged table where None are given.

    A decision stays taken until somebody takes another: relocking must not turn CUDA builds into CPU builds, nor
    an old paper's environment into today's.

    Raises:
        UsageError: `-P` names a package that is neither locked nor declared.
    """
    known = names or load_name_map()
    _check_upgraded(old, environment, request, known)
    _check_solver(request)
    if old is None:
        return Inheritance(request=request, preferred=(), notes=())
    name = request.lock_path.as_posix()
    notes: list[str] = []
    recorded = recorded_decision(old)
    if request.cuda is None and request.virtual_packages is None and recorded is not None:
        notes.append(f"CUDA `{recorded}`, as {name} records it; `--cuda` decides anew")
        request = replace(request, cuda=recorded)
    if not request.platforms and not environment.platforms and old.platforms:
        notes.append(f"platforms {', '.join(old.platforms)}, as {name} has them; `-p` chooses anew")
        request = replace(request, platforms=old.platforms)
    bound = recorded_time(old)
    if request.exclude_newer is None and bound is not None:
        notes.append(f"nothing newer than {bound}, as {name} records it; `--exclude-newer {NOW}` lifts that")
        request = replace(request, exclude_newer=bound)
    return Inheritance(request=request, preferred=_preferred(old, request, known), notes=tuple(notes))


def _preferred(old: Lock, request: LockRequest, names: NameMap) -> tuple[LockedPackage, ...]:
    bound = read_time(request.exclude_newer, "--exclude-newer") if request.exclude_newer else None
    if request.upgrade_all or (bound and format_time(bound) != recorded_time(old)):
        return ()  # another bound means another past: nothing of the present may linger in it
    locked = _names_of(old)
    moving = {name for asked in request.upgraded for name in _meant_by(asked, locked, names)}
    return tuple(package for package in old.packages if normalise_name(package.name) not in moving)


def _names_of(old: Lock | None) -> set[str]:
    return {normalise_name(package.name) for package in old.packages} if old else set()


def _meant_by(asked: str, locked: set[str], names: NameMap) -> tuple[str, ...]:
    """Return the name itself, or else the locked conda packages that install this PyPI project: `torch`, `pytorch`."""
    name = normalise_name(asked)
    if name in locked:
        return (name,)
    return tuple(one for one in map(normalise_name, names.conda_names(name)) if one in locked)


def unmoved(
    preferred: Iterable[LockedPackage], old: Lock | None, machines: Mapping[str, Sequence[VirtualPackage]]
) -> tuple[LockedPackage, ...]:
    """Return the preferred packages of the platforms whose assumed machine is still the same.

    A package chosen for another machine is no measure: with a driver the CPU build would stay for ever. A lock
    that records no machine (conda-lock's) counts as solved without a driver.
    """
    if old is None:
        return ()
    same = {platform for platform, machine in machines.items() if _is_machine_of(old, platform, machine)}
    return tuple(package for package in preferred if package.platform in same)


def _is_machine_of(old: Lock, platform: str, machine: Sequence[VirtualPackage]) -> bool:
    recorded = old.custom(MACHINE_PREFIX + platform)
    if recorded is None:
        return all(package.name != "__cuda" for package in machine)
    return recorded == machine_text(machine)


def machine_text(machine: Sequence[VirtualPackage]) -> str:
    """Return an assumed machine as the lock records it."""
    return " ".join(map(str, machine))


def _check_upgraded(old: Lock | None, environment: EnvironmentFile, request: LockRequest, names: NameMap) -> None:
    locked = _names_of(old)
    named = [spec.name for spec in environment.conda] + [one.name or "" for one in environment.pip]
    declared = {normalise_name(name) for name in named if name}
    for name in request.upgraded:
        if normalise_name(name) in declared or _meant_by(name, locked, names):
            continue
        near = difflib.get_close_matches(normalise_name(name), sorted(locked | declared), n=1)
        raise UsageError(
            f"package `{name}` is neither locked nor declared",
            where="--upgrade-package",
            why=f"`{request.lock_path.as_posix()}` holds no package of that name",
            how=f"did you mean `{near[0]}`?" if near else "name a package of the lock",
        )


def _check_solver(request: LockRequest) -> None:
    if request.solver != "rattler" and request.upgraded:
        raise UsageError(
            f"`-P {request.upgraded[0]}` needs the rattler solver",
            where="--upgrade-package",
            why="conda's own solvers, asked for a new environment, resolve every package anew",
            how="leave out `--solver`, or `-P`",
        )
