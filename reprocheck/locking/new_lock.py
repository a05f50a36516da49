"""From a plan and the resolvers' answers to the lock that says it all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck import __version__
from reprocheck.locking.categories import assign_categories
from reprocheck.locking.cuda_decision import IRRELEVANT, UNDECIDED, changed_by_cuda
from reprocheck.locking.differences.lock_changes import TOOL_PREFIX
from reprocheck.locking.exclude_newer import format_time
from reprocheck.locking.judging.content_hash import content_hashes
from reprocheck.locking.judging.input_digest import declared_channels, input_digest
from reprocheck.locking.lock_plan import LockPlan, left_out
from reprocheck.locking.pip_part.pip_jobs import PipSolved
from reprocheck.locking.relocking import MACHINE_PREFIX, machine_text
from reprocheck.locking.solving.solve_jobs import Answer, Solved
from reprocheck.model.locks import CUDA_KEY, DIGEST_KEY, EXCLUDE_NEWER_KEY, PIP_LEFT_OUT_KEY, Lock, LockedPackage

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What was found for every platform of a plan.

    `probes` are pairs of answers for the same platform, without and with a CUDA driver. `tools` are the programs that
    took part, with their versions.
    """

    conda: tuple[Solved, ...]
    pip: tuple[PipSolved, ...] = ()
    probes: tuple[tuple[Answer, Answer], ...] = ()
    tools: tuple[tuple[str, str], ...] = ()


def build_lock(plan: LockPlan, solution: Solution, lock_path: Path) -> tuple[Lock, tuple[str, ...]]:
    """Return the lock and what is to be said about it."""
    cuda, cuda_notes = _cuda(plan, solution.probes)
    channels = tuple(dict.fromkeys(channel.name for channel in plan.channels))
    lock = Lock(
        path=lock_path.as_posix(),
        platforms=plan.platforms,
        channels=channels,
        content_hash=tuple(sorted(_content_hashes(plan, channels).items())),
        sources=tuple(_relative(Path(source), lock_path.parent) for source in plan.environment.sources),
        custom_metadata=tuple(sorted(_custom_metadata(plan, solution, cuda).items())),
        packages=tuple(_packages(plan, solution)),
    )
    return lock, (*plan.notes, *cuda_notes, *_undated(solution.conda), *_pip_notes(solution.pip))


def _content_hashes(plan: LockPlan, channels: Sequence[str]) -> dict[str, str]:
    """Return conda-lock's hash where it can be told; else a digest, which at least changes with what it is made of."""
    digest = _digest(plan).removeprefix("sha256:")
    told = content_hashes(plan.environment, plan.platforms, channels, plan.machines)
    return {platform: found or digest for platform, found in told.items()}


def _digest(plan: LockPlan) -> str:
    environment = plan.environment
    return input_digest(environment, plan.platforms, declared_channels(environment), plan.cuda)


def _packages(plan: LockPlan, solution: Solution) -> Iterable[LockedPackage]:
    pip = {answer.job.platform: answer.packages for answer in solution.pip}
    found = (package for solved in solution.conda for package in _of_platform(solved, pip))
    return assign_categories(tuple(found), plan.environment, plan.names)


def _of_platform(solved: Solved, pip: Mapping[str, tuple[LockedPackage, ...]]) -> tuple[LockedPackage, ...]:
    return (*solved.packages, *pip.get(solved.job.platform, ()))


def _custom_metadata(plan: LockPlan, solution: Solution, cuda: str) -> dict[str, str]:
    environment = plan.environment
    custom = {
        CUDA_KEY: cuda,
        DIGEST_KEY: _digest(plan),
        **{MACHINE_PREFIX + platform: machine_text(machine) for platform, machine in plan.machines.items()},
        **{TOOL_PREFIX + name: version for name, version in solution.tools},
        f"{TOOL_PREFIX}reprocheck": __version__,
    }
    if plan.exclude_newer is not None:
        custom[EXCLUDE_NEWER_KEY] = format_time(plan.exclude_newer)
    if environment.pip and plan.without_pip:
        custom[PIP_LEFT_OUT_KEY] = left_out(environment.pip)
    return custom


def _cuda(plan: LockPlan, probes: Sequence[tuple[Answer, Answer]]) -> tuple[str, list[str]]:
    """Return what the lock records of the CUDA decision, and a note where one is wanting."""
    if plan.cuda is not None:
        return plan.cuda, []
    changed: set[str] = set()
    for without, probe in probes:
        if isinstance(without, Solved) and isinstance(probe, Solved):
            changed.update(changed_by_cuda(without.packages, probe.packages))
    if not changed:
        return IRRELEVANT, []
    declared = {spec.name for spec in plan.environment.conda}
    shown = _named(sorted(changed, key=lambda name: (name not in declared, name)))
    return UNDECIDED, [
        f"CUDA is undecided: on a machine with an NVIDIA driver {shown} would be locked otherwise; this lock is "
        "for machines without one. Decide with `--cuda 12.4` (the driver's version) or `--cuda none`"
    ]


def _undated(answers: Iterable[Solved]) -> list[str]:
    names = sorted({name for answer in answers for name in answer.undated})
    if not names:
        return []
    return [f"no upload time is known of {_named(names)}: whether they existed at that time cannot be told"]


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def _pip_notes(answers: Iterable[PipSolved]) -> list[str]:
    """Return the notes of all platforms; one that holds on several is told once."""
    platforms: dict[str, list[str]] = {}
    for answer in answers:
        for text in answer.notes:
            platforms.setdefault(text, []).append(answer.job.platform)
    return [f"{text}  [{', '.join(where)}]" for text, where in platforms.items()]


def _relative(source: Path, folder: Path) -> str:
    """Return a path as the lock names it; bytes of another encoding than UTF-8 are escaped, for a lock holds text."""
    path = Path(os.path.relpath(source, folder)).as_posix()
    return os.fsencode(path).decode("utf-8", "backslashreplace")
