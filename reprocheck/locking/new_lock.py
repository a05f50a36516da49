"""From a plan and the solver's answers to the lock that says it all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reprocheck import __version__
from reprocheck.errors import raise_gathered
from reprocheck.locking.conda_lock_authority import CONDA_LOCK_VERSION, content_hashes
from reprocheck.locking.cuda_decision import IRRELEVANT, UNDECIDED, assumed_version, changed_by_cuda
from reprocheck.locking.input_digest import DIGEST_KEY, declared_channels, input_digest
from reprocheck.locking.lock_changes import TOOL_PREFIX
from reprocheck.locking.lock_plan import LockPlan, left_out
from reprocheck.locking.pip_freshness import PIP_LEFT_OUT_KEY
from reprocheck.locking.platforms import virtual_packages
from reprocheck.locking.rattler_solver import RATTLER_VERSION
from reprocheck.locking.solve_jobs import Answer, Solved
from reprocheck.locking.unsatisfiable import unsatisfiable_errors
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage

MACHINE_PREFIX = "reprocheck.virtual-packages."
_MOST_NAMED = 5


def build_lock(plan: LockPlan, answers: Sequence[Answer], lock_path: Path) -> tuple[Lock, tuple[str, ...]]:
    """Return the lock and what is to be said about it.

    Raises:
        UnsatisfiableError, InputError, GatheredErrors: some platform has no solution.
    """
    asked, probes = answers[: len(plan.platforms)], answers[len(plan.platforms) :]
    channels = tuple(dict.fromkeys(channel.name for channel in plan.channels))
    raise_gathered(unsatisfiable_errors(asked, channels))
    solved = {answer.job.platform: answer.packages for answer in asked if isinstance(answer, Solved)}
    cuda, notes = _cuda(plan, solved, probes)
    machines = {platform: virtual_packages(platform, assumed_version(plan.cuda)) for platform in plan.platforms}
    custom = {
        CUDA_KEY: cuda,
        DIGEST_KEY: input_digest(plan.environment, plan.platforms, declared_channels(plan.environment), plan.cuda),
        f"{TOOL_PREFIX}conda-lock": CONDA_LOCK_VERSION,
        f"{TOOL_PREFIX}py-rattler": RATTLER_VERSION,
        f"{TOOL_PREFIX}reprocheck": __version__,
        **{MACHINE_PREFIX + platform: " ".join(map(str, machine)) for platform, machine in machines.items()},
    }
    if plan.environment.pip:
        custom[PIP_LEFT_OUT_KEY] = left_out(plan.environment.pip)
    lock = Lock(
        path=lock_path.as_posix(),
        platforms=plan.platforms,
        channels=channels,
        content_hash=tuple(sorted(content_hashes(plan.specs, channels, machines).items())),
        sources=(_relative(Path(plan.environment.path), lock_path.parent),),
        custom_metadata=tuple(sorted(custom.items())),
        packages=tuple(package for platform in plan.platforms for package in solved[platform]),
    )
    return lock, (*plan.notes, *notes)


def _cuda(
    plan: LockPlan, solved: dict[str, tuple[LockedPackage, ...]], probes: Sequence[Answer]
) -> tuple[str, list[str]]:
    """Return what the lock records of the CUDA decision, and a note where one is wanting."""
    if plan.cuda is not None:
        return plan.cuda, []
    changed: set[str] = set()
    for probe in probes:
        if isinstance(probe, Solved):
            changed.update(changed_by_cuda(solved[probe.job.platform], probe.packages))
    if not changed:
        return IRRELEVANT, []
    declared = {spec.name for spec in plan.environment.conda}
    ordered = sorted(changed, key=lambda name: (name not in declared, name))
    shown = ", ".join(f"`{name}`" for name in ordered[:_MOST_NAMED])
    more = f" and {len(ordered) - _MOST_NAMED} more" if len(ordered) > _MOST_NAMED else ""
    return UNDECIDED, [
        f"CUDA is undecided: on a machine with an NVIDIA driver {shown}{more} would be locked otherwise; this lock is "
        "for machines without one. Decide with `--cuda 12.4` (the driver's version) or `--cuda none`"
    ]


def _relative(source: Path, folder: Path) -> str:
    return Path(os.path.relpath(source, folder)).as_posix()
