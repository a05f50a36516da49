"""A compiled package from PyPI does not fit the NumPy that it lands beside.

What it checks.
    pip packages that were compiled for NumPy 1 beside NumPy 2, by a table of first releases; and compiled pip packages
    whose own bound on NumPy the lock does not meet. In the lock, and in exact pins of the environment.yml.

Why it matters.
    NumPy 2 has another binary interface. A module compiled for NumPy 1 stops at import with "_ARRAY_API not found" or
    "numpy.dtype size changed"; some go on and compute without NumPy.

Bad.
    dependencies:
      - python=3.10
      - pip:
          - numpy==2.0.2
          - opencv-python==4.8.0.76

Good.
    dependencies:
      - python=3.10
      - pip
      - pip:
          - numpy==2.0.2
          - opencv-python==4.10.0.84

How to fix.
    Pin `numpy<2`, or take the first release of the package that was compiled for NumPy 2. Both run with NumPy 1.

When it stays silent.
    The package is not in the table; conda brings it, whose `depends` bound NumPy (RC205); torch, which is RC443;
    without a lock, NumPy has no exact pin, since a package that nobody named here may hold it back.

Sources.
    NumPy documentation, "For downstream package authors"; release notes of the packages and METADATA of their wheels;
    numpy/numpy#26191, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.facts.numpy_abi import COMPILED, numpy_floors
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.constraints import pip_admits
from reprocheck.rules.declarations import Declaration, first_place, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.numpy_choice import asks_for_second, declared_numpy, is_second, locked_numpy
from reprocheck.rules.relock_command import anew
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_pins import Pinned, meet, pinned_named
from reprocheck.rules.wording import in_lock

RULE = Rule(
    code="RC306",
    name="abi-mismatch",
    family=Family.OVERLAP,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each package that does not fit in the lock; without a lock, in the pins."""
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[str, str, str, str], list[tuple[LockedPackage, LockedPackage]]] = {}
    for platform in platforms_in(facts):
        numpy = locked_numpy(lock, platform)
        for package in lock.named(platform, *COMPILED) if numpy else ():
            why = _objection(package, numpy) if numpy and package.manager == "pip" else ""
            if numpy and why:
                key = (package.name, package.version, numpy.version, why)
                found.setdefault(key, []).append((package, numpy))
    for key, pairs in found.items():
        yield _locked_finding(facts, lock, pairs, key[-1])


def _objection(package: LockedPackage, numpy: LockedPackage) -> str:
    """Return why a package does not run beside a NumPy, empty where it does."""
    if is_second(numpy.version) and _is_too_old(package.name, package.version):
        return _needs(package.name)
    recorded = dict(package.dependencies).get("numpy", "")
    met = recorded == "*" or pip_admits(recorded, numpy.version)
    return "" if met else f"`{package.name} {package.version}` asks for `numpy {recorded}`"


def _is_too_old(name: str, version: str) -> bool:
    floor = numpy_floors().get(name)
    return floor is not None and floor.since <= numbers(version) < floor.first


def _needs(name: str) -> str:
    return f"{name} {dotted(numpy_floors()[name].first)} is the first that was compiled for NumPy 2"


def _locked_finding(facts: Facts, lock: Lock, pairs: list[tuple[LockedPackage, LockedPackage]], why: str) -> Finding:
    package, numpy = pairs[0]
    platforms = tuple(dict.fromkeys(one.platform for one, _ in pairs))
    path = path_to(facts, lock, package)
    is_new = is_second(numpy.version)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{package.name} {package.version}` (pip) does not run beside `numpy {numpy.version}`"
        f" ({numpy.manager}) on {', '.join(platforms)}",
        location=first_place(facts, (("pip", package.name), ("pip", "numpy"), ("conda", "numpy")))
        or lock.location_of(package),
        related=(
            RelatedLocation(location=lock.location_of(package), message=in_lock(lock, package.name)),
            RelatedLocation(location=lock.location_of(numpy), message=in_lock(lock, "NumPy")),
        ),
        packages=tuple(dict.fromkeys(reference(one) for pair in pairs for one in pair)),
        platforms=platforms,
        evidence=(why,),
        fix=f"pin `numpy<2`, or take a newer `{package.name}`, and {anew(facts)}"
        if is_new
        else f"let numpy be what `{package.name}` asks for, and {anew(facts)}",
        paths=(path,) if len(path) > 1 else (),
    )


def _declared(environment: EnvironmentFile) -> Iterator[Finding]:
    numpy = declared_numpy(environment)
    if numpy is None or not asks_for_second(numpy):
        return
    for package in pinned_named(environment, conda=(), pip=COMPILED):
        name = package.entry.name or ""
        if _is_too_old(name, package.pin.version) and package.pin.exact and meet(package.entry, numpy, environment):
            yield _declared_finding(package, numpy)


def _declared_finding(package: Pinned, numpy: Declaration) -> Finding:
    name = package.entry.name or ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=Confidence.HIGH,
        message=f"`{written(package.entry)}` (pip) does not run beside NumPy 2, which `{written(numpy)}` asks for",
        location=package.entry.location,
        related=(RelatedLocation(location=numpy.location, message="the NumPy of this file"),),
        packages=(PackageRef(manager="pip", name=name, version=package.pin.version),),
        evidence=(_needs(name),),
        fix=f"pin `numpy<2`, or take `{name}>={dotted(numpy_floors()[name].first)}`",
    )
