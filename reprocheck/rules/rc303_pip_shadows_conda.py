"""pip puts its build over one that conda installs because others need it.

What it checks.
    A pip package, declared or pulled in by another, whose project conda installs as well because something that
    was declared needs it.

Why it matters.
    Nobody asked conda for it, so nobody looks for it there. pip puts its own build over the one that the other
    conda packages were compiled against: another numpy under scipy, another ABI under torch.

Bad.
    environment.yml:
      dependencies:
        - scipy=1.15
        - pip:
            - numpy==1.26.4

    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.15.2 py312ha707e6e_0, needs numpy <2.5, numpy >=1.19
      - conda linux-64 numpy 2.2.4 py312h72c5963_0
      - pip linux-64 numpy 1.26.4

Good.
    environment.yml:
      dependencies:
        - scipy=1.15
        - numpy=1.26
        - pip:
            - einops==0.8.1

    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.15.2 py312ha707e6e_0, needs numpy <2.5, numpy >=1.19
      - conda linux-64 numpy 1.26.4 py312heda63a1_0
      - pip linux-64 einops 0.8.1

How to fix.
    Declare the project in the conda part with the version that pip was to bring, and take it out of the pip part.

When it stays silent.
    conda was asked for the project by name (RC301 and RC302 tell those); the names only look alike. Where conda's
    version meets a pip line that the lock does not hold, pip leaves it alone and it is told as info.

Sources.
    docs.conda.io "Using pip in an environment"; conda/conda-pypi#3, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.constraints import Relation, relate
from reprocheck.rules.declarations import conda_providers, declared, first_place, platforms_of, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.locked_overlaps import conda_installers
from reprocheck.rules.rule import Family, Need, Rule

if TYPE_CHECKING:
    # For annotations only: paths through a lock are looked for where pip shadows something, which is rare.
    from reprocheck.graph.links import Links

RULE = Rule(
    code="RC303",
    name="pip-shadows-conda",
    family=Family.OVERLAP,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT, Need.LOCK),
    since="0.1.0",
)

_SEVERITY: dict[Relation, Severity] = {
    "contradicts": Severity.ERROR,
    "replaces": Severity.ERROR,
    "open": Severity.WARNING,
    "meets": Severity.INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shadow:
    """A project on one platform. `pip` is None where only the environment file names it; `path` are conda names."""

    project: str
    conda: LockedPackage
    pip: LockedPackage | None
    path: tuple[str, ...]
    pulled_by: tuple[str, ...]
    platform: str


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each shadowed conda package, its platforms together."""
    if isinstance(facts.environment, Unseen) or isinstance(facts.lock, Unseen):
        return
    found: dict[tuple[object, ...], list[_Shadow]] = {}
    for platform in platforms_in(facts):
        for shadow in _shadows(facts, facts.environment, facts.lock, platform):
            found.setdefault(_key(shadow), []).append(shadow)
    for shadows in found.values():
        yield _finding(facts, facts.environment, facts.lock, shadows)


def _key(shadow: _Shadow) -> tuple[object, ...]:
    return (shadow.project, shadow.conda.version, shadow.pip and shadow.pip.version, shadow.path, shadow.pulled_by)


def _shadows(facts: Facts, environment: EnvironmentFile, lock: Lock, platform: str) -> Iterator[_Shadow]:
    locked = {normalise_name(package.name): package for package in lock.on(platform, "pip")}
    asked = [item.name for item in environment.pip if item.name and platform in platforms_of(item, environment)]
    projects = [
        project
        for project in dict.fromkeys([*asked, *locked])
        if not conda_providers(environment, project, facts.names)
    ]
    installers = conda_installers(lock, platform, facts.names) if projects else {}
    shadowed = [project for project in projects if project in installers]
    if shadowed:
        # Imported where it is needed, see above.
        from reprocheck.graph.links import link_packages

        links = link_packages(lock, environment, platform, facts.names)
        yield from (_shadow(links, environment, name, installers[name][0], locked.get(name)) for name in shadowed)


def _shadow(
    links: Links, environment: EnvironmentFile, project: str, conda: LockedPackage, pip: LockedPackage | None
) -> _Shadow:
    # Imported where they are needed, see above.
    from reprocheck.graph.links import node_of, shortest_path

    declared_conda = {spec.name for spec in environment.conda}
    roots = tuple(root for root in links.roots if root.target.manager == "conda" and root.target.name in declared_conda)
    return _Shadow(
        project=project,
        conda=conda,
        pip=pip,
        path=tuple(link.target.name for link in shortest_path(links, node_of(conda), roots)),
        pulled_by=tuple(link.target.name for link in shortest_path(links, node_of(pip))) if pip else (),
        platform=links.platform,
    )


def _finding(facts: Facts, environment: EnvironmentFile, lock: Lock, shadows: list[_Shadow]) -> Finding:
    first, platforms = shadows[0], tuple(shadow.platform for shadow in shadows)
    item = _pip_line(facts, first.project)
    relation = _relation(facts, first, item)
    firm = facts.names.is_firm(first.conda.name, first.project)
    worst = _SEVERITY[relation]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=worst if firm or worst is not Severity.ERROR else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"{_pip_side(first, item)} {_verb(relation)} conda's `{first.conda.name} {first.conda.version}`"
        f"{_because(first.path)} on {', '.join(platforms)}",
        location=_place(facts, lock, first, environment),
        related=(RelatedLocation(location=lock.location_of(first.conda), message="the conda package in the lock"),),
        packages=tuple(ref for shadow in shadows for ref in _packages(shadow)),
        platforms=platforms,
        evidence=_evidence(first),
        fix=_fix(first, item),
    )


def _pip_line(facts: Facts, project: str) -> PipRequirement | None:
    entry = declared(facts, "pip", project)
    return entry if isinstance(entry, PipRequirement) else None


def _relation(facts: Facts, shadow: _Shadow, item: PipRequirement | None) -> Relation:
    if shadow.pip:
        return "open" if shadow.pip.version == shadow.conda.version else "contradicts"
    relation = relate(f"=={shadow.conda.version}", item) if item else "open"
    variant = facts.names.pypi_names(shadow.conda.name)[0] != shadow.project
    return "open" if relation == "meets" and variant else relation


def _verb(relation: Relation) -> str:
    verbs: dict[Relation, str] = {
        "contradicts": "replaces",
        "replaces": "replaces",
        "open": "may overwrite",
        "meets": "is met by",
    }
    return verbs[relation]


def _pip_side(shadow: _Shadow, item: PipRequirement | None) -> str:
    shown = f"{shadow.pip.name} {shadow.pip.version}" if shadow.pip else written(item) if item else shadow.project
    origin = f", pulled in by `{shadow.pulled_by[0]}`," if len(shadow.pulled_by) > 1 else ""
    return f"`{shown}` (pip){origin}"


def _because(path: tuple[str, ...]) -> str:
    return f", which `{path[0]}` needs ({' → '.join(path)})," if len(path) > 1 else ""


def _evidence(shadow: _Shadow) -> tuple[str, ...]:
    same = shadow.conda.name == shadow.project
    mapped = () if same else (f"conda package `{shadow.conda.name}` installs PyPI project `{shadow.project}`",)
    conda = f"conda: {' → '.join(shadow.path)}" if shadow.path else "conda: nothing declared leads to it"
    pip = (f"pip: {' → '.join(shadow.pulled_by)}",) if len(shadow.pulled_by) > 1 else ()
    return (*mapped, conda, *pip)


def _fix(shadow: _Shadow, item: PipRequirement | None) -> str:
    if item:
        return f"declare `{shadow.conda.name}` in the conda part and remove line {item.location.line}, then lock anew"
    return f"run `reprocheck lock`, which tells pip that conda provides `{shadow.project}`"


def _packages(shadow: _Shadow) -> tuple[PackageRef, ...]:
    pip = PackageRef(manager="pip", name=shadow.project, platform=shadow.platform)
    return (reference(shadow.pip) if shadow.pip else pip, reference(shadow.conda))


def _place(facts: Facts, lock: Lock, shadow: _Shadow, environment: EnvironmentFile) -> Location:
    wanted = [("pip", shadow.project), *(("pip", name) for name in shadow.pulled_by[:1])]
    roots = [("conda", name) for name in (*shadow.pulled_by[:1], *shadow.path[:1])]
    place = first_place(facts, (*wanted, *roots))
    return place or (lock.location_of(shadow.pip) if shadow.pip else environment.start)
