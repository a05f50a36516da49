"""pip replaces a compiled conda package by a version that other conda packages of the lock refuse.

What it checks.
    For each project that the lock installs by conda and by pip in different versions: whether pip's version is
    within the bounds that the other conda packages of the lock declare on the conda package. It names those whose
    bounds are broken.

Why it matters.
    The solver chose conda's version because these packages were built against it and need it. pip never asks them:
    it writes its version over it, and their compiled parts meet another ABI. `numpy.dtype size changed`, undefined
    symbols, crashes, or wrong numbers follow, not an error at install time.

Bad.
    environment.yml:
      dependencies:
        - scipy=1.11
        - pip:
            - numpy==2.1.3

    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.11.4 py312heda63a1_0, needs numpy >=1.26.0,<2.0a0
      - conda linux-64 numpy 1.26.4 py312heda63a1_0
      - pip linux-64 numpy 2.1.3

Good.
    environment.yml:
      dependencies:
        - scipy=1.11
        - numpy=1.26
        - pip:
            - einops==0.8.1

    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.11.4 py312heda63a1_0, needs numpy >=1.26.0,<2.0a0
      - conda linux-64 numpy 1.26.4 py312heda63a1_0
      - pip linux-64 einops 0.8.1

How to fix.
    Let conda alone install the project, in a version that all can live with; or take the packages that need it from
    pip as well, so that one resolver sees all the bounds.

When it stays silent.
    pip's version is within every bound (RC302 and RC303 still tell of the overlap); the conda package is plain
    Python; a bound is spelled in a way that is not understood; both write a native runtime (RC304).
    What pip did in an installed environment RC604 and RC610 tell.

Sources.
    spyder-ide/spyder#25748, ContinuumIO/anaconda-issues#6678 (numpy.dtype size changed), pytorch/pytorch#83540,
    read 2026-11-20; docs.conda.io "Package match specifications".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from reprocheck.model.conda_versions import constraint_admits
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import conda_path_to, path_to
from reprocheck.rules.compiled import is_compiled
from reprocheck.rules.declarations import declared, first_place, line_of
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.locked_overlaps import Overlap, overlaps_in
from reprocheck.rules.overlap_verdicts import are_one_version
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC444",
    name="compiled-package-overwritten",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_MOST_SHOWN = 5

# A conda package, and how it bounds the one that pip replaces.
Victim = tuple[LockedPackage, str]


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each replaced package and its victims, its platforms together."""
    if isinstance(facts.lock, Unseen):
        return
    found: dict[tuple[object, ...], list[tuple[Overlap, list[Victim]]]] = {}
    for platform in platforms_in(facts):
        for overlap in overlaps_in(facts, facts.lock, platform):
            victims = _victims(facts, facts.lock, overlap)
            if victims:
                found.setdefault(_key(overlap, victims), []).append((overlap, victims))
    for same in found.values():
        yield _finding(facts, facts.lock, same)


def _key(overlap: Overlap, victims: list[Victim]) -> tuple[object, ...]:
    names = tuple((package.name, package.version, bound) for package, bound in victims)
    return (overlap.project, overlap.pip.version, overlap.conda[0].version, names)


def _victims(facts: Facts, lock: Lock, overlap: Overlap) -> list[Victim]:
    """Return the conda packages whose bounds admit conda's version and not pip's; parts of one project are none."""
    parts = {package.name for package in overlap.conda}
    replaced = [package for package in overlap.conda if _is_replaced(package, overlap.pip)]
    needed_by = _needed_by(facts, lock, overlap.pip.platform) if replaced else {}
    return [
        (user, f"{package.name} {bound}")
        for package in replaced
        for user, bound in needed_by.get(package.name, ())
        if user.name not in parts and _refuses(bound, package, overlap.pip)
    ]


def _needed_by(facts: Facts, lock: Lock, platform: str) -> dict[str, list[Victim]]:
    """Return who needs each conda package of a platform, and how; worked out once and kept."""
    key = (RULE.code, platform)
    if key not in facts.memo:
        users: dict[str, list[Victim]] = {}
        for package in lock.on(platform, "conda"):
            for name, bound in package.dependencies:
                users.setdefault(name, []).append((package, bound))
        facts.memo[key] = users
    return cast("dict[str, list[Victim]]", facts.memo[key])


def _is_replaced(conda: LockedPackage, pip: LockedPackage) -> bool:
    return is_compiled(conda) and not are_one_version(conda.version, pip.version)


def _refuses(constraint: str, conda: LockedPackage, pip: LockedPackage) -> bool:
    """Say whether a constraint admits conda's version and refuses pip's, whose local label is pip's own affair."""
    bound = constraint.partition(" ")[0]
    version = pip.version.partition("+")[0]
    return constraint_admits(bound, conda.version) is True and constraint_admits(bound, version) is False


def _finding(facts: Facts, lock: Lock, same: list[tuple[Overlap, list[Victim]]]) -> Finding:
    overlap, victims = same[0]
    pip, hurt = overlap.pip, list(dict.fromkeys(package for package, _ in victims))
    conda = next(package for package in overlap.conda if package.name == victims[0][1].partition(" ")[0])
    platforms = tuple(one.pip.platform for one, _ in same)
    firm = facts.names.is_firm(conda.name, overlap.project)
    paths = tuple(filter(None, (path_to(facts, lock, pip), conda_path_to(facts, lock, hurt[0]))))
    roots = ((path[0].manager, path[0].name) for path in paths)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if firm else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"pip puts `{pip.name} {pip.version}` over conda's `{conda.name} {conda.version}` on"
        f" {', '.join(platforms)}, outside the bounds of conda's {listed(hurt)}",
        location=first_place(facts, (("pip", overlap.project), *roots)) or lock.location_of(pip),
        related=tuple(
            RelatedLocation(location=lock.location_of(package), message=f"needs `{bound}`")
            for package, bound in victims[:_MOST_SHOWN]
        ),
        packages=tuple(reference(package) for one, _ in same for package in (one.pip, *one.conda)),
        platforms=platforms,
        evidence=tuple(f"`{package.name} {package.version}` needs `{bound}`" for package, bound in victims),
        fix=_fix(facts, overlap, victims[0][1], paths[:1]),
        paths=paths,
    )


def _fix(facts: Facts, overlap: Overlap, bound: str, paths: tuple[tuple[PackageRef, ...], ...]) -> str:
    item = declared(facts, "pip", overlap.project)
    if item:
        return f"remove {line_of(item)}, ask conda for `{bound}`, and lock anew"
    pulled = next((path for path in paths if path[-1].manager == "pip" and len(path) > 1), ())
    if pulled:
        return f"choose a release of `{pulled[-2].name}` that lives with `{bound}`, and lock anew"
    return f"let conda alone install `{overlap.project}`, as `{bound}`, and lock anew"
