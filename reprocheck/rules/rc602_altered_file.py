"""An installed file does not hold the bytes that its package brought.

What it checks.
    The digest of every file against the one that its package recorded: `sha256_in_prefix` or `sha256` of conda's
    record, the digest in pip's `RECORD`. With `--fast` only its size. Also files and records that cannot be read: of
    the package of such a record nothing can be said.

Why it matters.
    Somebody mended a library by hand, a program wrote into the environment, or the disk lost bits: the environment
    computes something that no lock file describes, and an environment made anew from the lock computes another thing.

Bad.
    prefix, shortened:
      - pip linux-64 einops 0.8.1, by pip
        - lib/python3.11/site-packages/einops/einops.py =aaa
      - there lib/python3.11/site-packages/einops/einops.py =bbb

Good.
    prefix, shortened:
      - pip linux-64 einops 0.8.1, by pip
        - lib/python3.11/site-packages/einops/einops.py =aaa

How to fix.
    Keep the change as a package of its own, or as a patch that the project applies; then install the package anew.
    Files are often hard links into the package cache: what was changed in place is changed there, and in every other
    environment, too. `reprocheck create` looks at the bytes before it links them.

When it stays silent.
    The record tells no digest; only bytecode differs; several packages own the path (RC603, RC604); it is a kernel of
    Jupyter that starts another Python (RC607); an older record of the same package lists it (RC608). It is a warning
    where only data, headers, documentation or tests differ, info for what tools and people change on purpose: settings
    below `etc`, caches, certificate bundles. conda 26.7 recorded programs of Apple silicon before they were signed:
    those of an environment that conda made are a warning there. Where most scripts of pip's packages differ, the
    environment was moved: one info says so.

Sources.
    conda 24, `conda/models/records.py` (`PathDataV1`); PyPA "Recording installed projects" (RECORD); conda/conda#14836
    (links) and #16590 (digests taken before signing), read 2026-11-21.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import CondaRecord, Fault, Inspection, Package, Prefix
from reprocheck.rules.broken_records import broken_records
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_faults import (
    MOST_NAMED,
    FileFault,
    also_listed,
    by_owner,
    count_of,
    faults_told_by,
    listed_paths,
    worst_first,
)
from reprocheck.rules.file_kinds import harm_of_change, is_native, is_program
from reprocheck.rules.installed import owned_by, place
from reprocheck.rules.moved_scripts import moved_scripts
from reprocheck.rules.repairs import cache_note, repair
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import counted, part_of

RULE = Rule(
    code="RC602",
    name="altered-file",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX, Need.INSPECTION),
    since="0.1.0",
)

_DIGITS = 12
_SIGNED_LATE = "conda 26.7 recorded such files before they were signed, so this may be no change at all"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each package with altered files, one for each with unreadable ones, then broken records."""
    if isinstance(facts.prefix, Unseen) or isinstance(facts.inspection, Unseen):
        return
    faults = faults_told_by(facts, RULE.code)
    moved = moved_scripts(facts.prefix, faults)
    if moved:
        yield _moved(facts.prefix, moved)
        paths = {fault.path for fault in moved}
        faults = [fault for fault in faults if fault.path not in paths]
    for package, altered in by_owner([fault for fault in faults if fault.found.state != "unreadable"]):
        yield _altered(facts.prefix, facts.inspection, package, altered)
    for package, unreadable in by_owner([fault for fault in faults if fault.found.state == "unreadable"]):
        yield _unreadable(facts.prefix, package, unreadable)
    yield from (_damaged(facts.prefix, told) for told in broken_records(facts))


def _altered(prefix: Prefix, inspection: Inspection, package: Package, faults: list[FileFault]) -> Finding:
    harms = [_harm(prefix, package, fault.path) for fault in faults]
    ordered = worst_first(faults, harms)
    evidence = [_difference(fault) for fault in ordered[:MOST_NAMED]]
    if any(_may_be_signed_late(prefix, package, fault.path) for fault in faults):
        evidence.append(_SIGNED_LATE)
    if inspection.fast:
        evidence.append("only sizes were compared (`--fast`)")
    severity = min(harms, key=lambda harm: harm.rank)
    if severity is Severity.INFO:
        evidence.append("settings, caches and certificate bundles are changed on purpose or at run time")
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=Confidence.MEDIUM if _SIGNED_LATE in evidence else RULE.confidence,
        message=f"{owned_by(package)} has changed since it was installed, in"
        f" {part_of(len(faults), count_of(package), 'file')}: {listed_paths(ordered)}",
        location=place(prefix, ordered[0].path),
        packages=(package.reference,),
        platforms=(prefix.platform,),
        evidence=(*evidence, *also_listed(ordered)),
        fix=_fix(prefix, package, severity),
    )


def _fix(prefix: Prefix, package: Package, severity: Severity) -> str:
    if severity is Severity.INFO:
        return f"nothing needs to be done where the change is wanted; else {repair(prefix, package)}"
    return repair(prefix, package) + cache_note(prefix, package)


def _harm(prefix: Prefix, package: Package, path: str) -> Severity:
    return Severity.WARNING if _may_be_signed_late(prefix, package, path) else harm_of_change(path)


def _may_be_signed_late(prefix: Prefix, package: Package, path: str) -> bool:
    """Say whether it is a program that conda itself may have signed after it took the digest."""
    of_conda = isinstance(package, CondaRecord) and prefix.maker == "conda" and prefix.platform == "osx-arm64"
    return of_conda and (is_native(path) or (is_program(path) and "." not in path.rpartition("/")[2]))


def _difference(fault: FileFault) -> str:
    file, found = fault.owners[0][1], fault.found
    if found.state == "other-kind":
        return f"`{fault.path}`: no plain file lies there"
    if file.sha256 and found.sha256:
        return f"`{fault.path}`: sha256 {found.sha256[:_DIGITS]}…, recorded is {file.sha256[:_DIGITS]}…"
    return f"`{fault.path}`: {found.size_bytes} bytes, recorded are {file.size_bytes}"


def _moved(prefix: Prefix, faults: list[FileFault]) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        message=f"{counted(len(faults), 'script')} of pip's packages have changed since they were installed:"
        f" {listed_paths(faults)}",
        location=place(prefix, faults[0].path),
        packages=tuple(dict.fromkeys(fault.owners[0][0].reference for fault in faults)),
        platforms=(prefix.platform,),
        evidence=("these are most scripts of the environment, as where it was moved: each begins with its path",),
        fix="nothing needs to be done where that was meant; else make the environment anew at its place",
    )


def _unreadable(prefix: Prefix, package: Package, faults: list[FileFault]) -> Finding:
    first = place(prefix, faults[0].path)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING,
        confidence=RULE.confidence,
        message=f"{counted(len(faults), 'file')} of {owned_by(package)} could not be read: {listed_paths(faults)}",
        location=first,
        packages=(package.reference,),
        platforms=(prefix.platform,),
        evidence=("what such a file holds is not known, and no program of this user can use it",),
        fix=f"give the right to read: `chmod u+r {shlex.quote(first.path)}`, then audit again",
    )


def _damaged(prefix: Prefix, told: tuple[Fault, Package | None, Severity, str]) -> Finding:
    fault, package, severity, fix = told
    unknown = f"nothing can be said of {'the files of ' if package else ''}its package"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=f"the environment's own records are damaged: `{fault.path}`: {fault.why}",
        location=place(prefix, fault.path),
        packages=(package.reference,) if package else (),
        platforms=(prefix.platform,),
        evidence=(unknown,) if severity is Severity.ERROR else (),
        fix=fix,
    )
