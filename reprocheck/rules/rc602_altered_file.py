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
    environment was moved: one info says so. Where all native files that differ, five or more, are smaller than they
    were, an image was made smaller by `strip`: one warning says so.

Sources.
    conda 24, `conda/models/records.py` (`PathDataV1`); PyPA "Recording installed projects" (RECORD); conda/conda#14836
    (links) and #16590 (digests taken before signing); GNU Binutils manual, "strip"; read 2026-11-21.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import CondaRecord, Fault, Inspection, Package, Prefix
from reprocheck.rules.altered_together import Together, altered_together, is_stripped
from reprocheck.rules.broken_records import broken_records
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_faults import (
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
from reprocheck.rules.repairs import cache_note, repair
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import MOST_NAMED, SHOWN_DIGITS, counted, part_of

RULE = Rule(
    code="RC602",
    name="altered-file",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX, Need.INSPECTION),
    since="0.1.0",
)

_SIGNED_LATE = "conda 26.7 recorded such files before they were signed, so this may be no change at all"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what was altered together, each package with other altered files or unreadable ones, broken records."""
    if isinstance(facts.prefix, Unseen) or isinstance(facts.inspection, Unseen):
        return
    faults = faults_told_by(facts, RULE.code)
    told: set[str] = set()
    for together in altered_together(facts.prefix, faults):
        yield _together(facts.prefix, together)
        told.update(fault.path for fault in together.faults)
    altered = [fault for fault in faults if fault.found.state != "unreadable" and fault.path not in told]
    for package, some in by_owner(altered):
        yield _altered(facts.prefix, facts.inspection, package, some)
    for package, some in by_owner([fault for fault in faults if fault.found.state == "unreadable"]):
        yield _unreadable(facts.prefix, package, some)
    yield from (_damaged(facts.prefix, broken) for broken in broken_records(facts))


def _finding(prefix: Prefix, severity: Severity, path: str, message: str, fix: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=message,
        location=place(prefix, path),
        platforms=(prefix.platform,),
        fix=fix,
    )


def _together(prefix: Prefix, told: Together) -> Finding:
    finding = _finding(prefix, told.severity, told.faults[0].path, told.message, told.fix)
    packages = tuple(dict.fromkeys(fault.owners[0][0].reference for fault in told.faults))
    return replace(finding, confidence=Confidence.MEDIUM, packages=packages, evidence=(told.reason,))


def _altered(prefix: Prefix, inspection: Inspection, package: Package, faults: list[FileFault]) -> Finding:
    ordered = worst_first(faults, partial(_harm, prefix, package))
    severity = _harm(prefix, package, ordered[0].path)
    changed = part_of(len(faults), count_of(package), "file")
    message = f"{owned_by(package)} has changed since it was installed, in {changed}: {listed_paths(ordered)}"
    finding = _finding(prefix, severity, ordered[0].path, message, _fix(prefix, package, severity))
    notes = tuple(_notes(prefix, package, faults))
    if inspection.fast:
        notes += ("only sizes were compared (`--fast`)",)
    if severity is Severity.INFO:
        notes += ("settings, caches and certificate bundles are changed on purpose or at run time",)
    return replace(
        finding,
        confidence=Confidence.MEDIUM if _SIGNED_LATE in notes else RULE.confidence,
        packages=(package.reference,),
        evidence=(*map(_difference, ordered[:MOST_NAMED]), *notes, *also_listed(ordered)),
    )


def _notes(prefix: Prefix, package: Package, faults: list[FileFault]) -> Iterator[str]:
    """Yield what may have changed the files, beside a hand."""
    if any(_may_be_signed_late(prefix, package, fault.path) for fault in faults):
        yield _SIGNED_LATE
    natives = [fault for fault in faults if fault.found.is_elf]
    if natives and all(map(is_stripped, natives)):
        yield "its native files are smaller than they were installed, as `strip` makes them"


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
        return f"`{fault.path}`: sha256 {found.sha256[:SHOWN_DIGITS]}…, recorded is {file.sha256[:SHOWN_DIGITS]}…"
    return f"`{fault.path}`: {found.size_bytes} bytes, recorded are {file.size_bytes}"


def _unreadable(prefix: Prefix, package: Package, faults: list[FileFault]) -> Finding:
    first = faults[0].path
    message = f"{counted(len(faults), 'file')} of {owned_by(package)} could not be read: {listed_paths(faults)}"
    fix = f"give the right to read: `chmod u+r {shlex.quote(place(prefix, first).path)}`, then audit again"
    evidence = ("what such a file holds is not known, and no program of this user can use it",)
    finding = _finding(prefix, Severity.WARNING, first, message, fix)
    return replace(finding, packages=(package.reference,), evidence=evidence)


def _damaged(prefix: Prefix, told: tuple[Fault, Package | None, Severity, str]) -> Finding:
    fault, package, severity, fix = told
    message = f"the environment's own records are damaged: `{fault.path}`: {fault.why}"
    unknown = f"nothing can be said of {'the files of ' if package else ''}its package"
    return replace(
        _finding(prefix, severity, fault.path, message, fix),
        packages=(package.reference,) if package else (),
        evidence=(unknown,) if severity is Severity.ERROR else (),
    )
