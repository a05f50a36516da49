"""What of an environment's own book-keeping cannot be read, and how much that leaves unknown.

A record that is damaged as a file, because another record lists it, is told with the files of that package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.findings import Severity
from reprocheck.model.prefixes import CondaRecord, Fault, Package, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_faults import faults_told_by
from reprocheck.rules.installed import left_behind
from reprocheck.rules.repairs import command_for, creation, repair

_FOLDER = re.compile(r"^.*?\.(?:dist|egg)-info(?=/|$)")
# Files that describe no package, and those that only say from where one came.
_BESIDE = re.compile(r"(?:^conda-meta/(?:history|pinned)|^pyvenv\.cfg|/direct_url\.json|\.pth|\.egg-link)$")
_RECORD = re.compile(r"^conda-meta/(.+)-([^-]+)-([^-]+)\.json$")
_TELLERS = ("RC601", "RC602", "RC604")


def broken_records(facts: Facts) -> Iterator[tuple[Fault, Package | None, Severity, str]]:
    """Yield what cannot be read, its package where that is known, how bad it is, and what mends it."""
    if isinstance(facts.prefix, Unseen) or not facts.prefix.faults:
        return
    told = {folder for code in _TELLERS for fault in faults_told_by(facts, code) if (folder := _folder(fault.path))}
    for fault in facts.prefix.faults:
        if _folder(fault.path) not in told and not is_leftover(fault):
            package = _package_of(facts.prefix, fault.path)
            spare = _spare_of(facts, package)
            yield fault, package, _harm(fault, package, spare), _mend(facts.prefix, fault, package, spare)


def is_leftover(fault: Fault) -> bool:
    """Say whether pip moved a project aside and was interrupted: it writes `~` for the first letter of its folder."""
    return fault.path.rpartition("/")[2].startswith("~")


def _folder(path: str) -> str | None:
    """Return the metadata folder that a path lies in, or is."""
    found = _FOLDER.match(path)
    return found[0] if found else None


def _package_of(prefix: Prefix, path: str) -> Package | None:
    packages: tuple[Package, ...] = (*prefix.conda, *prefix.distributions)
    return next((item for item in packages if path == item.record or path.startswith(f"{item.record}/")), None)


def _spare_of(facts: Facts, package: Package | None) -> str | None:
    """Return the record that another of the same conda package has replaced: conda refuses both together."""
    conda = () if isinstance(facts.prefix, Unseen) or not isinstance(package, CondaRecord) else facts.prefix.conda
    stale = left_behind(facts)
    return next((item.record for item in conda if package and item.name == package.name and item.record in stale), None)


def _harm(fault: Fault, package: Package | None, spare: str | None) -> Severity:
    """Return an error where nothing can be said of a package, or conda itself refuses the environment."""
    is_known = package is not None and bool(package.files) and spare is None
    mild = is_known or fault.why.startswith("has no ") or _BESIDE.search(fault.path)
    return Severity.WARNING if mild else Severity.ERROR


def _mend(prefix: Prefix, fault: Fault, package: Package | None, spare: str | None) -> str:
    if prefix.maker == "reprocheck":
        return f"run `{creation(prefix)}`"
    if spare is not None:
        return f"delete `{spare}`, which fits the files less"
    if fault.why.startswith("has no "):
        return f"delete `{fault.path}`, or install its project anew if it is still wanted"
    if package is not None:
        return repair(prefix, package)
    if _BESIDE.search(fault.path):
        return f"mend `{fault.path}`, or make the environment anew"
    name = _RECORD.search(fault.path)
    if name is None:
        return "make the environment anew: which package it was is not known"
    return f"delete `{fault.path}`, then run `{command_for(prefix, *name.groups())}`"
