"""The installed environment is not what the lock says.

What it checks.
    Every package of the lock for this platform against what is installed: name, version, build, hash and channel of
    conda's, name and version of pip's, and its commit or digest where the origin tells one. What is installed beside
    them. And whether `reprocheck create` came to its end, with or without a lock.

Why it matters.
    The lock is what gets committed, reviewed and cited. A `conda update` or `pip install` afterwards changes what
    computes, and leaves the lock as it was: others who install it get other results, and nothing tells why.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.15.2 py311_0, needs numpy >=1.23
      - conda linux-64 numpy 2.2.4 py311_0

    prefix, shortened:
      - conda linux-64 scipy 1.15.2 py311_0, needs numpy >=1.23
      - conda linux-64 numpy 1.26.4 py311_0

Good.
    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.15.2 py311_0, needs numpy >=1.23
      - conda linux-64 numpy 2.2.4 py311_0

    prefix, shortened:
      - conda linux-64 scipy 1.15.2 py311_0, needs numpy >=1.23
      - conda linux-64 numpy 2.2.4 py311_0

How to fix.
    `reprocheck create -p PREFIX` makes the environment what the lock says, and goes on where it was interrupted. What
    is meant to be there belongs into the environment file, and with `reprocheck lock` into the lock.

When it stays silent.
    The same bytes came from a mirror; a group other than `main` is not installed; a project came by conda instead of
    pip, or the other way round; `pip`, `setuptools` and `wheel` lie in a venv, which begins with them; a venv with
    `--system-site-packages` may find there what it lacks; the lock names a folder that is built on installing. What pip
    has replaced is RC604's matter, an extra package that nobody can fetch again RC606's. Extra packages and other
    channels are warnings; what only an extra package needs is told with it. It is info where the build's other archive
    format was taken (`.tar.bz2` for `.conda`): the same build has both, with one content and two hashes. If most of the
    lock is not there, one finding says so.

Sources.
    PEP 440 (which versions are equal), PEP 610; conda-package-handling, "`.conda` format"; docs.conda.io "Version
    ordering"; conda-lock 4.0.3 (one entry for each group); read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.prefixes import UNFINISHED_MARK, Distribution, Package, Prefix
from reprocheck.rules.direct_origins import file_name
from reprocheck.rules.drift import compare
from reprocheck.rules.extra_packages import by_asked_for
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import owned_by, place
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.package_drift import Drift
from reprocheck.rules.relock_command import lock_tool
from reprocheck.rules.repairs import creation
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import MOST_NAMED, counted, shortened

RULE = Rule(
    code="RC605",
    name="drift-from-lock",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),  # looks at the lock too, where there is one
    since="0.1.0",
)

_MILD = {"channel": Severity.WARNING, "origin": Severity.WARNING, "extra": Severity.WARNING, "format": Severity.INFO}
_FEWEST_TOLD_TOGETHER = 10


class _Case(NamedTuple):
    """What is compared, and the command that makes the environment what the lock says."""

    lock: Lock
    prefix: Prefix
    create: str


def check(facts: Facts) -> Iterator[Finding]:
    """Yield that the environment is not whole; else what differs, package by package, or that most of it does."""
    prefix, lock = facts.prefix, facts.lock
    if isinstance(prefix, Unseen):
        return
    create = "pixi install" if prefix.maker == "pixi" else creation(prefix)
    if prefix.unfinished is not None:
        yield _of_the_whole(
            prefix,
            f"`{prefix.path}` is no whole environment: {prefix.unfinished}",
            place(prefix, UNFINISHED_MARK),
            f"run `{create}`, which goes on where it was interrupted",
        )
    elif isinstance(lock, Lock) and prefix.platform not in lock.platforms:
        yield _other_platform(lock, prefix)
    elif isinstance(lock, Lock):
        yield from _drifts(facts, _Case(lock, prefix, create))


def _of_the_whole(prefix: Prefix, message: str, location: Location, fix: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=message,
        location=location,
        platforms=(prefix.platform,),
        fix=fix,
    )


def _other_platform(lock: Lock, prefix: Prefix) -> Finding:
    held = ", ".join(lock.platforms) or "no platform"
    finding = _of_the_whole(
        prefix,
        f"the lock holds nothing for {prefix.platform}, the platform of `{prefix.path}`: it is for {held}",
        Location(path=lock.path, line=1, column=1),
        f"add {prefix.platform} to the platforms and run `{lock_tool(lock)}`",
    )
    return replace(finding, severity=Severity.WARNING)


def _drifts(facts: Facts, case: _Case) -> Iterator[Finding]:
    drifts, compared = compare(facts, case.lock, case.prefix)
    groups: dict[str, list[Drift]] = {"alone": [], "extra": []}
    for drift in sorted(drifts, key=_sentence):
        groups.setdefault(_group(case.prefix, drift), []).append(drift)
    differing = [*groups["alone"], *groups.get("venv", ())]
    if _is_most(differing, compared):
        yield _another_environment(case, differing, compared)
        return
    if not _is_most(groups["extra"], len(case.prefix.packages)):
        yield from _extra(case, groups.pop("extra"))
    yield from (_alone(case, drift) for drift in groups.pop("alone"))
    yield from (_together(case, group, held) for group, held in groups.items())


def _group(prefix: Prefix, drift: Drift) -> str:
    """Return what a difference is told with: alone, or with all that have the same one cause."""
    if drift.kind in ("format", "extra"):
        return drift.kind
    is_of_conda = drift.locked is not None and drift.locked.manager == "conda"
    return "venv" if prefix.kind == "venv" and drift.kind == "missing" and is_of_conda else "alone"


def _is_most(drifts: Sequence[Drift], whole: int) -> bool:
    return len(drifts) >= _FEWEST_TOLD_TOGETHER and 2 * len(drifts) > whole


def _extra(case: _Case, drifts: Sequence[Drift]) -> Iterator[Finding]:
    """Yield one finding for each extra package that somebody asked for."""
    for package, brought in by_asked_for([drift.installed for drift in drifts if drift.installed], case.prefix):
        finding = _alone(case, Drift("extra", None, package))
        if brought:
            names = shortened(sorted(map(owned_by, brought)), MOST_NAMED)
            message = f"{finding.message}, and with it {counted(len(brought), 'package')} that it needs: {names}"
            packages = (*finding.packages, *sorted(one.reference for one in brought))
            finding = replace(finding, message=message, packages=packages)
        yield finding


def _another_environment(case: _Case, drifts: Sequence[Drift], compared: int) -> Finding:
    """Return one finding in the place of hundreds."""
    path = case.prefix.path
    finding = _of_the_whole(
        case.prefix,
        f"`{path}` is not an environment of this lock: {len(drifts)} of {compared} packages differ",
        Location(path=case.lock.path, line=1, column=1),
        f"name the lock that `{path}` was made from with `--lockfile`, or run `{case.create}`",
    )
    evidence = (*map(_sentence, drifts[:MOST_NAMED]), f"and {len(drifts) - MOST_NAMED} more")
    return replace(finding, packages=_packages(drifts), evidence=evidence)


def _together(case: _Case, group: str, drifts: Sequence[Drift]) -> Finding:
    """Return one finding for packages whose differences have one cause."""
    names = shortened([_named(drift) for drift in drifts], MOST_NAMED)
    message, fix = f"the lock does not hold what is installed: {names}", _fix_of_extra(case)
    if group == "venv":
        what = "a Python by itself" if case.prefix.maker == "python" else "a venv"
        message = f"`{case.prefix.path}` is {what}, in which conda installs nothing; of the lock it lacks {names}"
        fix = f"make an environment of the lock with `{case.create}`"
    elif group == "format":
        message = f"installed from the other archive format of the lock's builds (`.conda`, `.tar.bz2`): {names}"
        fix = f"`{case.create}` takes the archives that the lock names"
    severity = Severity.WARNING if group == "venv" else _severity(drifts[0])
    finding = _of_the_whole(case.prefix, message, _places(case, drifts[0])[0], fix)
    return replace(finding, severity=severity, packages=_packages(drifts))


def _alone(case: _Case, drift: Drift) -> Finding:
    location, *others = _places(case, drift)
    fix = f"run `{case.create}`, which installs what the lock holds"
    if drift.kind == "extra":
        fix = _fix_of_extra(case)
    elif case.prefix.kind == "venv" and drift.locked is not None:
        fix = f"install `{drift.locked.name}` into `{case.prefix.path}` as the lock holds it"
    finding = _of_the_whole(case.prefix, _sentence(drift), location, fix)
    related = tuple(RelatedLocation(location=other, message="what is installed") for other in others)
    packages, evidence = _packages([drift]), _from_a_folder(drift.installed)
    return replace(finding, severity=_severity(drift), related=related, packages=packages, evidence=evidence)


def _from_a_folder(installed: Package | None) -> tuple[str, ...]:
    """Say what RC606 would: that another version than the lock's came from a folder is one fault."""
    origin = installed.origin if isinstance(installed, Distribution) else None
    if origin is None or origin.kind not in ("editable", "folder"):
        return ()
    return (f"it was installed from the folder `{file_name(origin.address)}`, which only this machine has",)


def _places(case: _Case, drift: Drift) -> list[Location]:
    """Return where a package stands in the lock, then its record in the environment, as far as there are these."""
    locked = [case.lock.location_of(drift.locked)] if drift.locked else []
    return locked + ([place(case.prefix, drift.installed.record)] if drift.installed else [])


def _packages(drifts: Sequence[Drift]) -> tuple[PackageRef, ...]:
    locked = [reference(drift.locked) for drift in drifts if drift.locked]
    return (*locked, *(drift.installed.reference for drift in drifts if drift.installed))


def _severity(drift: Drift) -> Severity:
    return _MILD.get(drift.kind, RULE.severity)


def _fix_of_extra(case: _Case) -> str:
    return f"take it out, or put it into the environment file and run `{lock_tool(case.lock)}`"


def _sentence(drift: Drift) -> str:
    said = {"missing": "of the lock is not installed", "extra": "is installed, but not in the lock"}
    return f"{_named(drift)} {said.get(drift.kind, drift.said)}"


def _named(drift: Drift) -> str:
    """Return what is installed, else what should be."""
    named = drift.installed or drift.locked
    return owned_by(named) if named else ""
