"""Whether a lock meets the requirements of a pip section, which conda-lock locks beside the conda part.

conda-lock leaves out what a conda package provides already; so does this.
Source: conda-lock 4, src_parser/environment_yaml.py, src_parser/markers.py; PEP 440, PEP 508.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.locking.judging.closure import ByName, projects_by_name
from reprocheck.locking.judging.content_requirements import SYSTEM_MARKERS
from reprocheck.model.environments import PipRequirement
from reprocheck.model.freshness import StaleSpec
from reprocheck.model.locks import PIP_LEFT_OUT_KEY, Lock
from reprocheck.model.plain_pip_specs import plainly_contains
from reprocheck.model.platform_selectors import selector_keeps

_MACHINES = {"linux-64": "x86_64", "osx-64": "x86_64", "osx-arm64": "arm64", "win-64": "AMD64"}


class _Unjudged(Exception):
    """A requirement that nobody can judge from the lock alone."""


def judge_pip(
    requirements: Sequence[PipRequirement],
    lock: Lock,
    platform: str,
    constraints: Sequence[PipRequirement] = (),
    names: NameMap | None = None,
) -> tuple[list[StaleSpec], list[PipRequirement]]:
    """Return what the lock fails to meet on `platform`, and what could not be judged.

    `constraints` ask for nothing, but limit what is there.
    """
    problems: list[StaleSpec] = []
    unjudged: list[PipRequirement] = []
    if not (requirements or constraints) or lock.custom(PIP_LEFT_OUT_KEY) is not None:
        return problems, unjudged
    provided = projects_by_name(lock, platform, names or load_name_map())
    limits = [line for line in constraints if line.name in provided]
    for requirement in (*requirements, *limits):
        if _is_setting(requirement) or not selector_keeps(requirement.selector, platform):
            continue
        try:
            problems.extend(_judge(requirement, provided, platform))
        except _Unjudged:
            unjudged.append(requirement)
    return problems, unjudged


def _is_setting(line: PipRequirement) -> bool:
    """Say whether a line asks for nothing; what a requirements file asks for that could not be read is not known."""
    if line.kind != "option":
        return False
    # Imported where it is needed: it brings shlex, and few files have options.
    from reprocheck.readers.requirements_txt import named_file

    return named_file(line) is None


def _judge(requirement: PipRequirement, provided: ByName, platform: str) -> Iterator[StaleSpec]:
    if requirement.name is None or requirement.kind in ("unreadable", "editable", "path"):
        raise _Unjudged
    if requirement.marker is not None and not _holds(requirement.marker, provided, platform):
        return
    package = provided.get(requirement.name)
    if package is None:
        yield StaleSpec(spec=requirement, platform=platform, locked_version=None, reason="is not locked")
    elif requirement.kind != "requirement":
        raise _Unjudged
    elif not _admits(requirement.specifier, package.version):
        yield StaleSpec(
            spec=requirement,
            platform=platform,
            locked_version=package.version,
            reason=f"does not admit {package.version}",
        )
    elif requirement.extras:
        raise _Unjudged  # no lock tells which packages are there for the sake of an extra


def _admits(specifier: str, version: str) -> bool:
    plain = plainly_contains(specifier, version)
    if plain is not None:
        return plain
    # Imported where they are needed: most lines are judged without the 20 ms that packaging takes to load.
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except ValueError as error:
        raise _Unjudged from error


def _holds(marker: str, provided: ByName, platform: str) -> bool:
    """Say whether a marker holds on the target; what the lock does not tell of it is not guessed."""
    environment = dict(SYSTEM_MARKERS.get(platform.split("-")[0], {}))
    environment["platform_machine"] = _MACHINES.get(platform, platform.split("-")[-1])
    environment["extra"] = ""
    python = provided.get("python")
    if python is not None:
        environment["python_full_version"] = python.version
        environment["python_version"] = ".".join(python.version.split(".")[:2])
    elif "python" in marker:
        raise _Unjudged
    # Imported where they are needed, see above: few lines have a marker.
    from packaging.markers import Marker, UndefinedEnvironmentName

    try:
        return Marker(marker).evaluate(environment)
    except (UndefinedEnvironmentName, ValueError) as error:
        raise _Unjudged from error
