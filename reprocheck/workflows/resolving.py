"""From a plan to a solution: the conda part of all platforms at once, the pip part against it, and a second try.

A clash between the pip part and what conda chose goes back into the conda solve; what still clashes is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from reprocheck.errors import raise_gathered
from reprocheck.locking.lock_plan import LockPlan
from reprocheck.locking.new_lock import Solution
from reprocheck.locking.pip_part.pip_jobs import PipAnswer, PipSolved
from reprocheck.locking.pip_part.pip_plan import limits_of, make_pip_requests, pip_errors, with_reasons
from reprocheck.locking.solving.solve_jobs import Answer, Progress, Solved, SolveJob, Solver, SolveRequest, Unsolved
from reprocheck.locking.solving.unsatisfiable import unsatisfiable_errors
from reprocheck.model.environments import CondaSpec
from reprocheck.model.locking_requests import LockRequest, SolverName
from reprocheck.model.locks import LockedPackage

_MOST_ROUNDS = 3  # each names one project a platform; what clashes three times over wants a person
OnPlatform = TypeVar("OnPlatform", Solved, PipAnswer)


def resolve(plan: LockPlan, request: LockRequest, preferred: Sequence[LockedPackage], progress: Progress) -> Solution:
    """Return what was found for every platform of `plan`.

    Raises:
        UnsatisfiableError, InputError, GatheredErrors: some platform has no solution.
        UndecidedError: a channel, an index or a solver is out of reach, or the time is over.
    """
    solver = _solver(request.solver)
    jobs, probes = plan.jobs(preferred), plan.probes()
    unique = tuple(dict.fromkeys((*jobs, *(job for pair in probes for job in pair))))
    answers = dict(zip(unique, _solve(plan, request, unique, solver, progress), strict=True))
    solved = _all_solved([answers[job] for job in jobs], plan)
    pip: tuple[PipAnswer, ...] = ()
    tools = solver.TOOLS  # after the solve: some solver must ask a program for its version
    if plan.has_pip:
        solved, pip = _resolve_pip(plan, request, solved, preferred, progress)
        tools = (*tools, *_pip_tools())
    return Solution(
        conda=solved,
        pip=tuple(answer for answer in pip if isinstance(answer, PipSolved)),
        probes=tuple((answers[without], answers[driven]) for without, driven in probes),
        tools=tools,
    )


def _solver(name: SolverName) -> Solver:
    # Imported on call: each of them costs a good part of what a broken input may take to be told.
    if name == "conda-lock":
        from reprocheck.locking.solving import conda_lock_solver

        return conda_lock_solver
    from reprocheck.locking.solving import rattler_solver  # brings rattler, 60 ms

    return rattler_solver


def _solve(
    plan: LockPlan, request: LockRequest, jobs: Sequence[SolveJob], solver: Solver, progress: Progress
) -> tuple[Answer, ...]:
    asked = SolveRequest(
        channels=plan.searched,
        jobs=tuple(jobs),
        timeout_s=request.timeout_s,
        offline=request.offline,
        exclude_newer=plan.exclude_newer,
        settings=plan.settings,
    )
    return solver.solve_platforms(asked, progress)


def _all_solved(answers: Sequence[Answer], plan: LockPlan) -> tuple[Solved, ...]:
    channels = tuple(dict.fromkeys(channel.name for channel in plan.channels))
    raise_gathered(unsatisfiable_errors(answers, channels))
    return tuple(answer for answer in answers if isinstance(answer, Solved))


def _resolve_pip(
    plan: LockPlan,
    request: LockRequest,
    solved: tuple[Solved, ...],
    preferred: Sequence[LockedPackage],
    progress: Progress,
) -> tuple[tuple[Solved, ...], tuple[PipAnswer, ...]]:
    answers = _ask_pip(plan, request, solved, preferred, progress)
    for _ in range(_MOST_ROUNDS):
        jobs = _limited(solved, limits_of(answers))
        if not jobs:
            break
        progress("solving again with what the pip part asks for")
        again = _solve(plan, request, jobs, _solver(request.solver), progress)
        moved = tuple(answer for answer in again if isinstance(answer, Solved))
        solved = _newer_first(moved, solved)
        answers = _newer_first(_ask_pip(plan, request, moved, preferred, progress) if moved else (), answers)
        if len(moved) < len(jobs):
            answers = with_reasons(answers, [one for one in again if isinstance(one, Unsolved)])
            break
    raise_gathered(pip_errors(answers))
    return solved, answers


def _limited(solved: Sequence[Solved], limits: Mapping[str, tuple[CondaSpec, ...]]) -> tuple[SolveJob, ...]:
    """Return the jobs of the platforms with a new wish, each with what was wished before as well."""
    jobs = (one.job for one in solved if one.job.platform in limits)
    return tuple(
        replace(job, limits=(*job.limits, *limits[job.platform]))
        for job in jobs
        if not set(limits[job.platform]) <= set(job.limits)
    )


def _newer_first(newer: tuple[OnPlatform, ...], older: tuple[OnPlatform, ...]) -> tuple[OnPlatform, ...]:
    """Return the older answers in order, each replaced by the newer one of its platform where there is one."""
    by_platform = {one.job.platform: one for one in newer}
    return tuple(by_platform.get(one.job.platform, one) for one in older)


def _ask_pip(
    plan: LockPlan,
    request: LockRequest,
    solved: tuple[Solved, ...],
    preferred: Sequence[LockedPackage],
    progress: Progress,
) -> tuple[PipAnswer, ...]:
    # Imported where there is a pip part: it brings packaging and looks for uv.
    from reprocheck.locking.pip_part.pip_resolver import resolve_pip

    conda = {one.job.platform: one.packages for one in solved}
    asked = make_pip_requests(plan, request, conda, preferred)
    return tuple(answer for one in asked for answer in resolve_pip(one, progress))


def _pip_tools() -> tuple[tuple[str, str], ...]:
    from reprocheck.locking.pip_part.uv_program import find_uv, uv_version  # as above

    return (("uv", uv_version(find_uv())),)
