"""A file that an installed package lists is gone.

What it checks.
    Every path that the records of conda and the `RECORD` files of pip list, against what lies in the environment. One
    finding for each package, with the first five of its files that are gone.

Why it matters.
    The package counts as installed, and no installer looks at its files again. The import fails where the file is
    needed first, perhaps hours into a run, or Python finds another module of that name further down its path.

Bad.
    prefix, shortened:
      - conda linux-64 libjpeg-turbo 3.0.0 hd590300_1
        - lib/libjpeg.so.8
        - include/jpeglib.h
      - gone lib/libjpeg.so.8

Good.
    prefix, shortened:
      - conda linux-64 libjpeg-turbo 3.0.0 hd590300_1
        - lib/libjpeg.so.8
        - include/jpeglib.h

How to fix.
    Install the package anew: `reprocheck create` mends an environment that it made; `conda install
    --force-reinstall`, `pixi reinstall` and `pip install --force-reinstall --no-deps` do it for one package.

When it stays silent.
    Only bytecode is gone, which Python writes anew; pip has taken the files away with the conda package that it
    replaced (RC604); an older record of the same package lists them (RC608). It is a warning where only data or headers
    are gone, info where only tests, documentation or licences are, which people delete to make an image smaller.

Sources.
    conda/conda#13370 (bytecode is no loss), read 2026-11-21; PyPA "Recording installed projects" (RECORD), read
    2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import CondaRecord, Package, Prefix
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
from reprocheck.rules.file_kinds import harm_of_loss
from reprocheck.rules.installed import owned_by, place, projects_of
from reprocheck.rules.repairs import repair
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import part_of

RULE = Rule(
    code="RC601",
    name="missing-file",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX, Need.INSPECTION),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each package that lacks files."""
    if isinstance(facts.prefix, Unseen):
        return
    for package, faults in by_owner(faults_told_by(facts, RULE.code)):
        yield _finding(facts.prefix, package, faults)


def _finding(prefix: Prefix, package: Package, faults: list[FileFault]) -> Finding:
    ordered = worst_first(faults, harm_of_loss)
    severity = harm_of_loss(ordered[0].path)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=f"{owned_by(package)} lacks {part_of(len(faults), count_of(package), 'file')}: {listed_paths(ordered)}",
        location=place(prefix, ordered[0].path),
        packages=(package.reference,),
        platforms=(prefix.platform,),
        evidence=tuple(_evidence(package, ordered)),
        fix=_fix(prefix, package, severity),
    )


def _fix(prefix: Prefix, package: Package, severity: Severity) -> str:
    if severity is Severity.INFO:
        return f"nothing needs to be done where they were deleted to save space; else {repair(prefix, package)}"
    return repair(prefix, package)


def _evidence(package: Package, faults: list[FileFault]) -> Iterator[str]:
    record = package.record if isinstance(package, CondaRecord) else f"{package.record}/RECORD"
    yield f"listed in `{record}`"
    code = sum(harm_of_loss(fault.path) is Severity.ERROR for fault in faults)
    if 0 < code < len(faults):
        yield f"{code} of them {'is' if code == 1 else 'are'} code or native libraries"
    yield from also_listed(faults)
    if isinstance(package, CondaRecord) and _lost_its_metadata(package, faults):
        names = " ".join(projects_of(package))
        yield f"the metadata for Python is gone with them, as after `pip uninstall {names}`"


def _lost_its_metadata(record: CondaRecord, faults: list[FileFault]) -> bool:
    gone = {fault.path for fault in faults}
    metadata = {file.path for file in record.files if file.path.endswith(".dist-info/METADATA")}
    return bool(metadata) and metadata <= gone
