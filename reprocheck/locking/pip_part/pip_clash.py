"""From uv's "no" to the requirement that a conda package does not meet, so that conda can be asked again.

Of all versions that uv tried, the one that asks for least is taken: nearest to what conda has, so that the conda
solve is bound no more than it must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from reprocheck.locking.pip_part.pip_jobs import PipClash, PipJob
from reprocheck.locking.pip_part.provided_projects import ProvidedProject
from reprocheck.locking.pip_part.uv_log import Demand, admits, bounds_of, constraint_of
from reprocheck.model.environments import PipRequirement

_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*")


def find_clash(
    job: PipJob, provided: Mapping[str, ProvidedProject], demands: Sequence[Demand], explanation: str
) -> PipClash | None:
    """Return the requirement that stands against conda; None when `explanation`, uv's own, has none.

    What the requirements themselves ask comes before what packages ask.
    """
    named = {word.rstrip(".-") for word in _NAME.findall(explanation)}
    for requirement in (*job.requirements, *job.constraints):
        project = provided.get(requirement.name or "")
        if project and project.name in named and not _met(requirement, project):
            return _clash(job, project, requirement.specifier, requirement.text)
    unmet = list(_unmet(demands, provided, named))
    if not unmet:
        return None
    demand = _least(unmet, provided)
    wanted_by = f"{demand.wanted_by} {demand.version}" if demand.wanted_by else _declared(job, demand.project)
    return _clash(job, provided[demand.project], constraint_of(demand.range), wanted_by)


def _clash(job: PipJob, project: ProvidedProject, specifier: str, wanted_by: str) -> PipClash:
    return PipClash(
        job=job, project=project.name, provided_by=project.package, specifier=specifier, wanted_by=wanted_by
    )


def _met(requirement: PipRequirement, project: ProvidedProject) -> bool:
    """Say whether conda meets a declared requirement; with a marker nobody knows here, uv does."""
    if requirement.kind != "requirement" or requirement.marker:
        return True
    try:
        return SpecifierSet(requirement.specifier).contains(project.version, prereleases=True)
    except InvalidSpecifier:
        return True


def _unmet(demands: Iterable[Demand], provided: Mapping[str, ProvidedProject], named: set[str]) -> Iterator[Demand]:
    for demand in demands:
        project = provided.get(demand.project)
        told = demand.project in named and (demand.wanted_by is None or demand.wanted_by in named)
        if project and told and not admits(demand.range, project.version):
            yield demand


def _least(unmet: Sequence[Demand], provided: Mapping[str, ProvidedProject]) -> Demand:
    """Return the demand nearest to what conda has, among those on the project that was asked for first."""
    first = next((demand for demand in unmet if demand.wanted_by is None), unmet[0])
    if first.wanted_by is None:
        return first
    has = Version(provided[first.project].version)
    same = [demand for demand in unmet if demand.project == first.project]
    above = [(lower, demand) for demand in same if (lower := bounds_of(demand.range)[0]) is not None and lower > has]
    below = [(upper, demand) for demand in same if (upper := bounds_of(demand.range)[1]) is not None and upper <= has]
    if above and (not below or above[0][1] is first):
        return min(above, key=lambda pair: pair[0])[1]
    return max(below, key=lambda pair: pair[0])[1] if below else first


def _declared(job: PipJob, project: str) -> str:
    """Return the declared line of a project."""
    lines = [requirement.text for requirement in job.requirements if requirement.name == project]
    return lines[0] if lines else project
