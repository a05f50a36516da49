"""The pip part of a plan: what is asked for on each platform, from which indexes, against which conda packages.

Where a conda package does not meet what the pip part wants, the wish goes back into the conda solve.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, UnsatisfiableError
from reprocheck.locking.lock_plan import LockPlan
from reprocheck.locking.pip_part.pip_jobs import PipAnswer, PipClash, PipIndexes, PipJob, PipRequest, PipUnsolved
from reprocheck.locking.platforms import requirements_on
from reprocheck.locking.solving.solve_jobs import Unsolved
from reprocheck.model.environments import CondaSpec, PipRequirement
from reprocheck.model.findings import Location
from reprocheck.model.locking_requests import LockRequest
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_line
from reprocheck.readers.pip_options import read_pip_options

_FOR_CONDA = re.compile(r"[<>=!~][<>=!~A-Za-z0-9.*, ]*")  # local versions (`+cu121`) and URLs mean nothing to conda


def make_pip_requests(
    plan: LockPlan,
    request: LockRequest,
    conda: Mapping[str, tuple[LockedPackage, ...]],
    preferred: Sequence[LockedPackage],
) -> tuple[PipRequest, ...]:
    """Return what to ask for the platforms of `conda`, which maps each to its solved conda packages.

    Platforms that look into the same indexes are asked together.

    Raises:
        InputError: an option or a selector in the pip section that cannot be locked.
    """
    by_indexes: dict[PipIndexes, list[PipJob]] = {}
    for platform, packages in conda.items():
        job = _job(plan, platform, packages, preferred)
        by_indexes.setdefault(_indexes(plan, platform), []).append(job)
    return tuple(
        PipRequest(
            jobs=tuple(jobs),
            indexes=indexes,
            folder=Path(plan.environment.path).parent,
            timeout_s=request.timeout_s,
            offline=request.offline,
            exclude_newer=plan.exclude_newer,
            names=plan.names,
        )
        for indexes, jobs in by_indexes.items()
    )


def _job(plan: LockPlan, platform: str, conda: tuple[LockedPackage, ...], preferred: Sequence[LockedPackage]) -> PipJob:
    return PipJob(
        platform=platform,
        virtual_packages=plan.machines[platform],
        requirements=requirements_on(platform, _projects(plan.environment.pip)),
        constraints=requirements_on(platform, plan.environment.pip_constraints),
        conda=conda,
        preferred=tuple(one for one in preferred if one.manager == "pip" and one.platform == platform),
    )


def _projects(requirements: Sequence[PipRequirement]) -> tuple[PipRequirement, ...]:
    return tuple(requirement for requirement in requirements if requirement.kind != "option")


def _indexes(plan: LockPlan, platform: str) -> PipIndexes:
    """Return where to look; option lines have selectors like any other line."""
    options = read_pip_options(requirements_on(platform, plan.environment.pip))
    if options.unknown:
        raise _cannot_follow(options.unknown[0])
    repositories = tuple(repository.address for repository in plan.environment.pip_repositories)
    default = options.index_url
    if not plan.environment.allow_pypi_requests and default is None and repositories:
        default, repositories = repositories[0], repositories[1:]
    return PipIndexes(
        index_url=default,
        extra_index_urls=(*options.extra_index_urls, *repositories),
        find_links=options.find_links,
    )


def _cannot_follow(line: PipRequirement) -> InputError:
    return InputError(
        f"pip option `{line.text}` cannot be locked",
        where=str(line.location),
        why="a lock follows `-r`, `-c`, `--index-url`, `--extra-index-url` and `--find-links` only (RC106)",
        how="remove the line",
    )


def limits_of(answers: Sequence[PipAnswer]) -> dict[str, tuple[CondaSpec, ...]]:
    """Return what the pip part asks of conda packages, by platform, for another conda solve."""
    clashes = (answer for answer in answers if isinstance(answer, PipClash) and _FOR_CONDA.fullmatch(answer.specifier))
    return {clash.job.platform: (_limit(clash),) for clash in clashes}


def _limit(clash: PipClash) -> CondaSpec:
    """Return the wish as a spec; PEP 440 and conda agree on every operator but `===`."""
    version = clash.specifier.replace(" ", "").replace("===", "==")
    return CondaSpec(
        text=f"{clash.provided_by.name} {version}",
        name=clash.provided_by.name,
        version=version,
        build=None,
        channel=None,
        location=_place_of(clash),
    )


def _place_of(clash: PipClash) -> Location:
    """Return the line that asks for it: itself, or the first of those that may bring the asking package in."""
    declared = clash.job.requirements
    asking = clash.wanted_by.split(" ")[0]
    named = (one for one in declared if clash.wanted_by == one.text or asking == one.name)
    return next(named, declared[0]).location


def with_reasons(answers: Sequence[PipAnswer], refused: Sequence[Unsolved]) -> tuple[PipAnswer, ...]:
    """Return the answers, each clash with the conda specs for which the conda part refused to give in."""
    conflicts = {unsolved.job.platform: unsolved.conflict for unsolved in refused}
    return tuple(
        replace(answer, against=conflicts.get(answer.job.platform, ())) if isinstance(answer, PipClash) else answer
        for answer in answers
    )


def pip_errors(answers: Sequence[PipAnswer]) -> list[ReprocheckError]:
    """Return what kept the pip part from being locked; equal causes on several platforms are told once."""
    clashes: dict[tuple[object, ...], list[PipClash]] = {}
    unsolved: dict[tuple[str, ...], list[PipUnsolved]] = {}
    for answer in answers:
        if isinstance(answer, PipClash):
            package = answer.provided_by
            wish = (answer.project, answer.specifier, answer.wanted_by, answer.against)
            clashes.setdefault((*wish, package.name, package.version), []).append(answer)
        elif isinstance(answer, PipUnsolved):
            error = answer.error
            cause = (error.what.removesuffix(answer.job.platform), error.where, error.why, error.how)
            unsolved.setdefault(cause, []).append(answer)
    return [*map(_clash, clashes.values()), *map(_together, unsolved.values())]


def _together(found: Sequence[PipUnsolved]) -> ReprocheckError:
    """Return the one error of platforms that have the same; those that it is about stand at its end, if at all."""
    first, platform = found[0].error, found[0].job.platform
    platforms = ", ".join(answer.job.platform for answer in found)
    what = first.what.removesuffix(platform) + platforms if first.what.endswith(platform) else first.what
    detail = "\n".join(dict.fromkeys(answer.error.detail for answer in found))
    return type(first)(what, where=first.where, why=first.why, how=first.how, detail=detail)


def _clash(clashes: Sequence[PipClash]) -> UnsatisfiableError:
    first, conda = clashes[0], clashes[0].provided_by
    platforms = ", ".join(clash.job.platform for clash in clashes)
    declared = any(first.wanted_by == line.text for line in (*first.job.requirements, *first.job.constraints))
    asked = f"`{first.project}{first.specifier}`"
    wish = f"pip is asked for {asked}" if declared else f"`{first.wanted_by}` needs {asked}"
    # That the package itself is asked for, in whatever version, forbids nothing.
    against = [spec for spec in first.against if (spec.version, spec.build) != (None, None) or spec.name != conda.name]
    beside = f" beside {', '.join(f'`{public_line(spec.text)}`' for spec in against)}" if against else ""
    places = dict.fromkeys([str(_place_of(first)), *(str(spec.location) for spec in against)])
    return UnsatisfiableError(
        f"no solution for {platforms}: {wish}, provided by conda `{conda.name} {conda.version}`",
        where=", ".join(places),
        why=f"no conda solution has a `{conda.name}` that meets `{first.specifier}`{beside}",
        how="loosen the requirement or the conda spec, or take both from one side",
    )
