"""From a failure of uv to an answer for people: a clash with conda, or an error that never shows a stub."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprocheck.errors import InputError, ReprocheckError, UnsatisfiableError
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_clash import find_clash
from reprocheck.locking.pip_part.pip_jobs import PipAnswer, PipJob, PipUnsolved
from reprocheck.locking.pip_part.provided_projects import ProvidedProject
from reprocheck.locking.pip_part.stub_wheels import STUBS
from reprocheck.locking.pip_part.uv_failure import UvFailure, plain_reason, read_failure, undecided
from reprocheck.locking.pip_part.uv_log import Demand, read_demands

_UNKNOWN = re.compile(r"(?P<name>[\w.\-]+) was not found in the (?:package registry|provided package locations)")
_REQUIRED = re.compile(r"you require (?P<name>[\w.\-]+)|\band (?P<other>[\w.\-]+)(?:[<>=!]\S*)?,? we can conclude")
_TWICE = re.compile(r"conflicting URLs for package `(?P<name>[\w.\-]+)`")
_STUB = re.compile(rf"(?P<name>[\w.\-]+) @ `?file:\S*/{STUBS}/[^\s`]+`?")
_ONLY = re.compile(r"only (?P<name>[\w.\-]+?)(?:[<>=!]\S*)? is available")
_OTHER_PYTHON = re.compile(r"matching Python|does not satisfy Python|depends on Python|Python[<>=]")
_LONGEST = 300  # characters of an explanation that fit into a message; the whole of it is its detail


@dataclass(frozen=True, slots=True, kw_only=True)
class PipSearch:
    """What a run of uv was about: the job, what conda provides, and the places that were searched."""

    job: PipJob
    provided: Mapping[str, ProvidedProject]
    places: str
    addresses: Addresses
    offline: bool


def answer_failure(search: PipSearch, stderr: str) -> PipAnswer:
    """Return the answer that a failed run of uv stands for.

    Raises:
        UndecidedError: the failure says nothing of the requirements.
    """
    failure = read_failure(search.addresses.to_show(stderr))
    unknown = _UNKNOWN.search(failure.explanation) if failure.unsolvable else None
    demands = read_demands(stderr)
    if failure.unsolvable and not unknown:
        clash = find_clash(search.job, search.provided, demands, failure.explanation)
        if clash:
            return clash
    if (twice := _TWICE.search(stderr)) and (project := search.provided.get(twice["name"])):
        return PipUnsolved(job=search.job, error=_twice(project, search.job))
    if error := undecided(failure, offline=search.offline):
        raise error
    if unknown:
        return PipUnsolved(job=search.job, error=_unknown_project(unknown["name"], search, demands))
    return PipUnsolved(job=search.job, error=_unsatisfiable(failure, search))


def _unknown_project(name: str, search: PipSearch, demands: Sequence[Demand]) -> InputError:
    lines = [requirement for requirement in search.job.requirements if requirement.name == name]
    askers = [f"{demand.wanted_by} {demand.version}" for demand in demands if demand.project == name]
    where = str(lines[0].location) if lines else f"wanted by `{askers[0]}`" if askers else ""
    return InputError(
        f"project `{name}` does not exist",
        where=where,
        why=f"searched {search.places}",
        how="correct the name, or add the index that has it with `--extra-index-url`",
    )


def _unsatisfiable(failure: UvFailure, search: PipSearch) -> ReprocheckError:
    explanation = _as_conda(failure.explanation, search.provided)
    if not failure.unsolvable:
        why = f"{failure.first}: {explanation}" if failure.causes else explanation
        return InputError(
            f"uv cannot resolve the pip part for {search.job.platform}", why=why, how="correct the `pip:` section"
        )
    places = _locations(failure.explanation, search.job)
    return UnsatisfiableError(
        f"no pip solution for {search.job.platform}",
        where=", ".join(places),
        why=plain_reason(explanation, _LONGEST),
        how=_how(failure.explanation, places),
        detail=f"{search.job.platform}: {explanation}",
    )


def _how(explanation: str, places: Sequence[str]) -> str:
    loosen = "loosen one of them" if len(places) > 1 else "loosen it"
    if _OTHER_PYTHON.search(explanation):
        return f"{loosen}, or ask conda for a `python` that it is made for"
    return loosen if len(places) > 1 else "loosen it, or leave it out where it cannot be met"


def _twice(project: ProvidedProject, job: PipJob) -> UnsatisfiableError:
    lines = [requirement for requirement in job.requirements if requirement.name == project.name]
    return UnsatisfiableError(
        f"`{project.name}` is asked for by its address, and is {project}",
        where=", ".join(str(line.location) for line in lines),
        why="pip would install the one over the other",
        how="leave out one of the two",
    )


def _as_conda(text: str, provided: Mapping[str, ProvidedProject]) -> str:
    """Return uv's words with the projects that conda provides named as such."""

    def told(found: re.Match[str]) -> str:
        project = provided.get(found["name"])
        return f"{found['name']} is {project}" if project else found[0]

    return _ONLY.sub(told, _STUB.sub(r"\g<name>", text))


def _locations(explanation: str, job: PipJob) -> list[str]:
    """Return where the requirements stand that an explanation names."""
    named = {found["name"] or found["other"] for found in _REQUIRED.finditer(explanation)}
    declared = (*job.requirements, *job.constraints)
    return list(dict.fromkeys(str(line.location) for line in declared if line.name in named))
