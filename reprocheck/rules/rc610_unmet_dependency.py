"""An installed package needs another one that is not there, or not in that version.

What it checks.
    What the installed packages need of each other: the `depends` of conda's records, with version and build, and
    the `Requires-Dist` of what pip installed, with the version.

Why it matters.
    Both installers see to it when they install, and neither when something else takes away or replaces what they
    relied on: `pip install --force-reinstall`, `conda remove --force`, two installers in one folder. The environment
    then breaks at some import, or runs with a combination that nobody has tried.

Bad.
    prefix, shortened:
      - conda linux-64 scipy 1.11.4 py311_0, needs numpy >=1.23,<2
        - lib/python3.11/site-packages/scipy/__init__.py
      - conda linux-64 numpy 2.2.4 py311_0
        - lib/python3.11/site-packages/numpy/__init__.py

Good.
    prefix, shortened:
      - conda linux-64 scipy 1.11.4 py311_0, needs numpy >=1.23
        - lib/python3.11/site-packages/scipy/__init__.py
      - conda linux-64 numpy 1.26.4 py311_0
        - lib/python3.11/site-packages/numpy/__init__.py

How to fix.
    Make the environment anew from its lock (`reprocheck create`), or install the version that is needed by the manager
    that installed the package.

When it stays silent.
    The lock holds the missing package (RC605 tells that), a need is met by what the other manager installed, virtual
    packages (`__cuda`, `__glibc`), what an extra asks for, and what nobody can read as a version; RC306 and RC430 to
    RC433 know what it does to the two packages. In a venv with `--system-site-packages` nothing is missed: it may be
    found there. It is an error where a conda package is not there at all, a warning where the version is another one:
    metadata is often stricter than the code.

Sources.
    docs.conda.io "conda doctor" (consistency); pip 23.2, `pip check`; conda's package record, `depends`; read
    2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, PackageRef, Severity
from reprocheck.model.freshness import UnmetDependency
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.prefixes import Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_line
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import owned_by, place
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC610",
    name="unmet-dependency",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each need that is not met."""
    if isinstance(facts.prefix, Unseen):
        return
    for unmet in facts.installed_unmet:
        if unmet.locked or (facts.prefix.is_alone and not _is_drift(facts, facts.prefix, unmet.name)):
            yield _finding(facts.prefix, unmet)


def _is_drift(facts: Facts, prefix: Prefix, name: str) -> bool:
    """Say whether the lock holds what is not there: RC605 tells that."""
    return isinstance(facts.lock, Lock) and bool(facts.lock.named(prefix.platform, name, normalise_name(name)))


def _finding(prefix: Prefix, unmet: UnmetDependency) -> Finding:
    package, found = unmet.package, unmet.locked
    constraint = public_line(unmet.constraint)
    needs = f"`{unmet.name} {constraint}`" if constraint not in ("", "*") else f"`{unmet.name}`"
    there = f"`{_release(found, constraint)}` is there" if found else "it is not there"
    firm = found is None and package.manager == "conda"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if firm else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"{owned_by(package)} needs {needs}, and {there}",
        location=place(prefix, _record(prefix, package)),
        packages=tuple(_reference(one) for one in (package, found) if one),
        platforms=(prefix.platform,),
        evidence=(f"what `{package.name}` says that it depends on",),
        fix=f"install {needs} by {package.manager}, or make the environment anew from its lock",
    )


def _release(package: LockedPackage, constraint: str) -> str:
    """Return name and version, and the build where one was asked for."""
    build = f" {package.build}" if package.build and " " in constraint else ""
    return f"{package.name} {package.version}{build}"


def _record(prefix: Prefix, package: LockedPackage) -> str:
    """Return the path of the record that tells the need."""
    return prefix.packages[package.line - 1].record


def _reference(package: LockedPackage) -> PackageRef:
    return PackageRef(manager=package.manager, name=package.name, version=package.version, platform=package.platform)
