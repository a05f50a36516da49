"""The lock does not hold together: what one package needs is missing, or an entry cannot be trusted.

What it checks.
    That everything a locked package needs is locked beside it in a fitting version, that no package is locked twice
    for one platform, that every entry says what its URL says, and that every archive has a hash.

Why it matters.
    An installer of locks looks at nothing of the kind: it unpacks what is listed. What does not fit fails at import,
    an archive without a hash may be another one tomorrow, and a version that was edited by hand changes nothing: the
    URL decides what gets installed.

Bad.
    environment.yml:
      dependencies:
      - scipy

    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.15.2 py312ha707e6e_0, needs numpy >=1.23
      - conda linux-64 numpy 1.21.6 py312h7fd3f0c_0

Good.
    environment.yml:
      dependencies:
      - scipy

    conda-lock.yml, shortened:
      - conda linux-64 scipy 1.15.2 py312ha707e6e_0, needs numpy >=1.23
      - conda linux-64 numpy 2.2.4 py312h72c5963_0

How to fix.
    Run `reprocheck lock`, which writes the whole lock anew. A lock is not edited by hand, nor merged.

When it stays silent.
    The same archive listed in several categories, as conda-lock writes it; virtual packages such as `__glibc`; the
    versions that pip packages ask of each other; a repository or a folder, which has no archive to hash.

Sources.
    conda-lock 4.0.3, lockfile/v1/models.py; conda-forge/conda-forge-repodata-patches-feedstock (a dependency in
    repodata may change after a lock was written, which is why a version that does not fit is a warning), read
    2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reprocheck.model.findings import Confidence, Finding, RelatedLocation, Severity
from reprocheck.model.freshness import UnmetDependency
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.redaction import public_line, public_url
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.locked_files import has_broken_hash, other_file
from reprocheck.rules.relock_command import PIXI, lock_tool
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC205",
    name="broken-lock",
    family=Family.LOCK,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_ARCHIVES = (".conda", ".tar.bz2", ".whl", ".tar.gz", ".zip")
_MOST_NAMED = 5
_SHORT = 12  # digits of a digest that people compare


def check(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each dependency that is not met and each package locked twice; one for URLs, for hashes."""
    if isinstance(facts.lock, Unseen):
        return
    platforms = platforms_in(facts)
    unmet: dict[tuple[str, ...], list[UnmetDependency]] = {}
    for found in facts.unmet:
        if found.package.platform in platforms:
            unmet.setdefault(_key(found), []).append(found)
    for alike in unmet.values():
        yield _unmet(facts.lock, alike)
    packages = [package for package in facts.lock.packages if package.platform in platforms]
    yield from _twice(facts.lock, packages)
    yield from _entries(facts.lock, packages)


def _key(found: UnmetDependency) -> tuple[str, ...]:
    """Platforms with the same trouble are told together."""
    locked = found.locked.version if found.locked else ""
    return (found.package.manager, found.package.name, found.package.version, found.name, found.constraint, locked)


def _unmet(lock: Lock, alike: Sequence[UnmetDependency]) -> Finding:
    first = alike[0]
    constraint = public_line(first.constraint)
    needs = f"`{first.name} {constraint}`" if constraint not in ("", "*") else f"`{first.name}`"
    instead = f"holds `{first.locked.name} {_release(first.locked)}`" if first.locked else "does not hold it"
    firm = first.locked is None and first.package.manager == "conda"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if firm else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"`{first.package.name} {first.package.version}` needs {needs}, and the lock {instead}"
        f" on {', '.join(found.package.platform for found in alike)}",
        location=lock.location_of(first.package),
        related=tuple(_there(lock, one) for one in (first.locked,) if one),
        packages=tuple(reference(found.package) for found in alike),
        platforms=tuple(found.package.platform for found in alike),
        evidence=(f"`dependencies` of `{first.package.name}` in `{lock.path}`",),
        fix=f"run `{lock_tool(lock)}`",
    )


def _there(lock: Lock, package: LockedPackage) -> RelatedLocation:
    return RelatedLocation(location=lock.location_of(package), message="the other one")


def _release(package: LockedPackage) -> str:
    return f"{package.version} {package.build}" if package.build else package.version


def _twice(lock: Lock, packages: Sequence[LockedPackage]) -> Iterator[Finding]:
    """Yield where two archives of one package are to be unpacked; the same one in two categories is usual."""
    first: dict[tuple[str, str, str], LockedPackage] = {}
    for package in packages:
        earlier = first.setdefault((package.manager, package.name, package.platform), package)
        if earlier.url == package.url and not _hashes_clash(earlier, package):
            continue
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=RULE.severity,
            confidence=RULE.confidence,
            message=f"`{package.name}` is locked twice on {package.platform}:"
            f" as {_release(earlier)} and as {_release(package)}",
            location=lock.location_of(package),
            related=(_there(lock, earlier),),
            packages=(reference(earlier), reference(package)),
            platforms=(package.platform,),
            evidence=(f"from {_source(earlier)} and from {_source(package)}",),
            fix=f"run `{lock_tool(lock)}`",
        )


def _hashes_clash(one: LockedPackage, other: LockedPackage) -> bool:
    pairs = ((one.md5, other.md5), (one.sha256, other.sha256))
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def _source(package: LockedPackage) -> str:
    digest = package.sha256 or package.md5
    return f"{public_url(package.url)} ({digest[:_SHORT]})" if digest else public_url(package.url)


def _entries(lock: Lock, packages: Sequence[LockedPackage]) -> Iterator[Finding]:
    """Yield what is wrong with entries by themselves: where they lead, and what they are checked by."""
    elsewhere = [package for package in packages if other_file(package) is not None]
    if elsewhere:
        files = dict.fromkeys(f"`{other_file(package)}`" for package in elsewhere)
        said = f"the URL of {listed(elsewhere)} leads to another package, version or platform"
        yield _of_several(
            lock, elsewhere, RULE.severity, said, f"installers take {', '.join(list(files)[:_MOST_NAMED])}"
        )
    broken = [package for package in packages if has_broken_hash(package)]
    if broken:
        yield _of_several(
            lock,
            broken,
            RULE.severity,
            f"what is locked as a hash of {listed(broken)} is none",
            "an md5 has 32 hexadecimal digits, a sha256 has 64",
        )
    unhashed = [package for package in packages if _lacks_hash(package)]
    if unhashed:
        said = f"no hash is locked of {listed(unhashed)}"
        # pixi writes the hashes that an index gives, and has no other way to one.
        ungiven = lock_tool(lock) == PIXI and all(package.manager == "pip" for package in unhashed)
        found = _of_several(
            lock, unhashed, Severity.WARNING, said, "`hash` holds neither a `sha256` nor what may stand for it"
        )
        how = "take it from an index that gives hashes"
        yield replace(found, severity=Severity.INFO, fix=how) if ungiven else found


def _lacks_hash(package: LockedPackage) -> bool:
    """Say whether an archive cannot be told from another one; pip takes no md5 for a proof."""
    archive = package.url.partition("#")[0].partition("?")[0].endswith(_ARCHIVES)
    return archive and package.sha256 is None and (package.md5 is None or package.manager == "pip")


def _of_several(lock: Lock, packages: Sequence[LockedPackage], severity: Severity, said: str, evidence: str) -> Finding:
    """Return one finding for all entries with the same trouble."""
    platforms = tuple(sorted({package.platform for package in packages}))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=f"{said} on {', '.join(platforms)}",
        location=lock.location_of(packages[0]),
        packages=tuple(reference(package) for package in packages),
        platforms=platforms,
        evidence=(evidence,),
        fix=f"run `{lock_tool(lock)}`",
    )
