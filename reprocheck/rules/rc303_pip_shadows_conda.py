"""pip puts its build over one that conda installs because others need it.

What it checks.
    A pip package, declared or pulled in by another, whose project conda installs as well because something that
    was declared needs it. Without a lock only what is known of well-known conda packages can be said, and the
    message begins with "as declared, without a lock".

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
    conda was asked for the project by name (RC301 and RC302 tell those), both write a native runtime (RC304), or
    the names only look alike. In a lock it is an error where pip's version replaces a compiled package, a warning
    where it replaces one of plain Python, info where the versions are equal or conda's meets a pip line that the
    lock does not hold: pip leaves conda's. Without a lock it is a warning where pip is told one version or one
    file, else info.

Sources.
    docs.conda.io "Using pip in an environment"; conda/conda-pypi#3, read 2026-11-20; conda-lock 4 (conda first, then
    pip) and pip 23.2 (equal versions are left), read 2026-11-21; the needs of well-known packages from repodata.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.native_runtimes import PREFIX_WRITERS
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.closure import arrows, conda_path_to, path_to
from reprocheck.rules.compiled import is_compiled
from reprocheck.rules.constraints import pin_of, relate
from reprocheck.rules.declarations import conda_providers, declared, first_place, line_of, platforms_of, written
from reprocheck.rules.declared_shadows import DeclaredShadow, declared_shadows
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.locked_overlaps import conda_installers, is_declared, overlaps_in
from reprocheck.rules.mends import raw_text, removal, replacement
from reprocheck.rules.overlap_verdicts import Verdict, is_one_torch, verdict_of
from reprocheck.rules.relock_command import one_side
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC303",
    name="pip-shadows-conda",
    family=Family.OVERLAP,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),  # the lock is looked at where there is one
    since="0.1.0",
)

# How well a need is known that no lock proves.
_SEEN = {True: "in every build that is known", False: "in most builds that are known"}


class _Shadow(NamedTuple):
    """A project on one platform. `pip` is None where only the environment file names it."""

    project: str
    conda: LockedPackage
    pip: LockedPackage | None
    paths: tuple[tuple[PackageRef, ...], tuple[PackageRef, ...]]
    verdict: Verdict


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each shadowed conda package, its platforms together; without a lock, for each pip line."""
    if isinstance(facts.environment, Unseen):
        return
    if isinstance(facts.lock, Unseen):
        for shadow in declared_shadows(facts.environment, facts.names):
            yield _declared_finding(facts.environment, shadow)
        return
    found: dict[tuple[object, ...], list[_Shadow]] = {}
    for platform in platforms_in(facts):
        unlocked = _unlocked(facts, facts.environment, facts.lock, platform)
        for one in (*_locked(facts, facts.lock, platform), *unlocked):
            found.setdefault(_key(one), []).append(one)
    for shadows in found.values():
        yield _finding(facts, facts.environment, facts.lock, shadows)


def _key(shadow: _Shadow) -> tuple[object, ...]:
    names = tuple(tuple(step.name for step in path) for path in shadow.paths)
    return (shadow.project, shadow.conda.version, shadow.pip and shadow.pip.version, names, shadow.verdict)


def _locked(facts: Facts, lock: Lock, platform: str) -> Iterator[_Shadow]:
    """Yield what both sides of the lock hold, where conda was not asked for it."""
    for overlap in overlaps_in(facts, lock, platform):
        conda, pip = overlap.conda[0], overlap.pip
        if not is_declared(facts, overlap) and not is_one_torch(overlap):
            yield _Shadow(
                project=overlap.project,
                conda=conda,
                pip=pip,
                paths=(conda_path_to(facts, lock, conda), path_to(facts, lock, pip)),
                verdict=verdict_of(facts.names, overlap.project, conda, pip),
            )


def _unlocked(facts: Facts, environment: EnvironmentFile, lock: Lock, platform: str) -> Iterator[_Shadow]:
    """Yield pip lines that the lock answers with a conda package which nobody asked for."""
    locked = {normalise_name(package.name) for package in lock.on(platform, "pip")}
    for item in environment.pip:
        if not item.name or item.name in locked or item.name in PREFIX_WRITERS:
            continue
        if platform not in platforms_of(item, environment):
            continue
        conda = conda_installers(facts, lock, platform).get(item.name, ())
        if conda and not conda_providers(environment, item.name, facts.names):
            yield _Shadow(
                project=item.name,
                conda=conda[0],
                pip=None,
                paths=(conda_path_to(facts, lock, conda[0]), ()),
                verdict=_verdict_of_line(facts, item, conda[0]),
            )


def _verdict_of_line(facts: Facts, item: PipRequirement, conda: LockedPackage) -> Verdict:
    """Say what pip will do to conda's package when it is told to install a line that the lock does not hold."""
    relation = relate(f"=={conda.version}", item)
    firm = facts.names.is_firm(conda.name, item.name or "")
    confidence = Confidence.HIGH if firm else Confidence.MEDIUM
    variant = facts.names.pypi_names(conda.name)[0] != item.name
    if relation == "meets" and not variant:
        return Severity.INFO, confidence, "it meets the pip line, and pip leaves it"
    if relation in ("meets", "open"):
        return Severity.WARNING, confidence, "pip may put its own files over conda's"
    if is_compiled(conda) and firm:
        return Severity.ERROR, confidence, "pip puts its own files over a compiled package"
    return Severity.WARNING, confidence, "pip puts its own files over conda's"


def _finding(facts: Facts, environment: EnvironmentFile, lock: Lock, shadows: list[_Shadow]) -> Finding:
    first, platforms = shadows[0], tuple(shadow.conda.platform for shadow in shadows)
    entry = declared(facts, "pip", first.project)
    item = entry if isinstance(entry, PipRequirement) else None
    severity, confidence, winner = first.verdict
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=confidence,
        message=f"{_pip_side(first, item)} is also conda's `{first.conda.name} {first.conda.version}`"
        f"{_because(first.paths[0])} on {', '.join(platforms)}: {winner}",
        location=_place(facts, lock, first),
        related=(RelatedLocation(location=lock.location_of(first.conda), message="the conda package in the lock"),),
        packages=tuple(ref for shadow in shadows for ref in _packages(shadow)),
        platforms=platforms,
        evidence=_evidence(first),
        fix=_fix(lock, first, item),
        paths=tuple(filter(None, first.paths)),
        edits=_edits(environment, item, first.paths[0][0].name, first.conda.name) if item and first.paths[0] else (),
    )


def _pip_side(shadow: _Shadow, item: PipRequirement | None) -> str:
    pulled = shadow.paths[1]
    shown = f"{shadow.pip.name} {shadow.pip.version}" if shadow.pip else written(item) if item else shadow.project
    origin = f", pulled in by `{pulled[0].name}`," if len(pulled) > 1 else ""
    return f"`{shown}` (pip){origin}"


def _because(path: tuple[PackageRef, ...]) -> str:
    return f", which `{path[0].name}` needs ({arrows(path)})," if len(path) > 1 else ""


def _evidence(shadow: _Shadow) -> tuple[str, ...]:
    same = shadow.conda.name == shadow.project
    mapped = () if same else (f"conda package `{shadow.conda.name}` installs PyPI project `{shadow.project}`",)
    return mapped if shadow.paths[0] else (*mapped, "nothing that was declared leads to conda's package")


def _fix(lock: Lock, shadow: _Shadow, item: PipRequirement | None) -> str:
    if item:
        return f"declare `{shadow.conda.name}` in the conda part and remove {line_of(item)}, then lock anew"
    return one_side(lock, shadow.project)


def _edits(environment: EnvironmentFile, item: PipRequirement, root: str, conda: str) -> tuple[Edit, ...]:
    """Ask conda for the version of a pip line, below the spec that brings the package; () where it pins none."""
    spec = next(iter(environment.conda_named(root)), None)
    pin = pin_of(item.specifier) if item.kind == "requirement" else None
    if not spec or not pin or not pin.exact or "+" in pin.version or item.extras or item.marker or spec.selector:
        return ()
    removed, number = removal(environment, item, safe=False), spec.location.line
    if not removed or not replacement(environment, spec, raw_text(spec), safe=False):
        return ()
    line = environment.lines[number - 1]
    added = f"{line[: len(line) - len(line.lstrip())]}- {conda}={pin.version}"
    return (Edit(path=environment.path, first=number + 1, last=number, lines=(added,), safe=False), *removed)


def _packages(shadow: _Shadow) -> tuple[PackageRef, ...]:
    pip = PackageRef(manager="pip", name=shadow.project, platform=shadow.conda.platform)
    return (reference(shadow.pip) if shadow.pip else pip, reference(shadow.conda))


def _place(facts: Facts, lock: Lock, shadow: _Shadow) -> Location:
    conda, pip = shadow.paths
    wanted = [("pip", shadow.project), *((root.manager, root.name) for root in (*pip[:1], *conda[:1]))]
    return first_place(facts, tuple(wanted)) or lock.location_of(shadow.pip or shadow.conda)


def _declared_finding(environment: EnvironmentFile, shadow: DeclaredShadow) -> Finding:
    item, spec, conda = shadow.requirement, shadow.spec, shadow.path[-1]
    path = tuple(PackageRef(manager="conda", name=name) for name in shadow.path)
    warns = shadow.sure and shadow.is_fixed
    effect = "replaces" if shadow.is_fixed else "finds, or replaces,"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if warns else Severity.INFO,
        confidence=Confidence.MEDIUM if shadow.sure else Confidence.LOW,
        message=f"as declared, without a lock: `{written(item)}` (pip) {effect} the `{conda}` that conda installs"
        f" for `{spec.name}` ({arrows(path)})",
        location=item.location,
        related=(RelatedLocation(location=spec.location, message=f"conda is asked for `{written(spec)}`"),),
        packages=(PackageRef(manager="pip", name=item.name or ""), path[-1]),
        evidence=(
            f"`{shadow.path[-2]}` needs `{conda}` {_SEEN[shadow.sure]}",
            "which version conda chooses is not known without a lock",
        ),
        fix=f"declare `{conda}` in the conda part and remove {line_of(item)}",
        paths=(path,),
        edits=_edits(environment, item, spec.name, conda),
    )
