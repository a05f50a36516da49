"""Is the environment that trains the locked one, and whole? `audit --prefix --fast` as one check of a verdict."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from reprocheck.errors import ReprocheckError
from reprocheck.model.findings import Finding, Severity
from reprocheck.model.fingerprints import unread_reason, unread_status
from reprocheck.model.json_documents import Json
from reprocheck.model.settings import DEFAULT_LOCK
from reprocheck.model.verdicts import Check
from reprocheck.rules.engine import Selection
from reprocheck.workflows.check import CheckRequest, run_check
from reprocheck.workflows.installed import look_into

DRIFT = "RC605"
_MARKS = ("conda-meta", "pyvenv.cfg")  # of a conda environment and of a virtual one


def prefix_check(folder: Path, python: Path, recorded_lock: Mapping[str, Json]) -> Check:
    """Hold the environment of `python` against the lock in `folder`, as far as there was one when it was recorded.

    Damage fails; a package that is not the locked one is worth a look, for the runs decide whether it matters.
    """
    if unread_status(recorded_lock):
        return _skip(f"none was locked when this was recorded: {unread_reason(recorded_lock)}")
    if not (folder / DEFAULT_LOCK).is_file():
        return _skip(f"there is no `{DEFAULT_LOCK}` beside the record")
    root = environment_of(python)
    if root is None:
        return _skip(f"`{python.name}` belongs to no environment of its own")
    request = CheckRequest(
        folder=folder,
        lockfile=folder / DEFAULT_LOCK,
        selection=Selection(select=("RC6",)),
        installed=lambda: look_into(root, fast=True, progress=_silent),
    )
    try:
        findings = run_check(request).audit.findings
    except ReprocheckError as error:
        return _skip(f"{error.what}: {error.why}")
    return _judged(findings)


def environment_of(python: Path) -> Path | None:
    """Return the folder of the environment that `python` belongs to, None for a Python of the system."""
    program = Path(shutil.which(python) or python).absolute()
    folders = (program.parent.parent, program.parent)  # a Python of conda on Windows lies in the folder itself
    return next((folder for folder in folders if any((folder / mark).exists() for mark in _MARKS)), None)


def _judged(findings: Sequence[Finding]) -> Check:
    telling = [finding for finding in findings if finding.severity is not Severity.INFO]
    damage = [found for found in telling if found.severity is Severity.ERROR and found.code != DRIFT]
    if not telling:
        return Check(name="prefix", status="pass", detail="the locked environment, no file missing")
    first = (damage or telling)[0]
    more = f", and {len(telling) - 1} more; see `reprocheck audit --prefix`" if len(telling) > 1 else ""
    return Check(name="prefix", status="fail" if damage else "review", detail=f"{first.code} {first.message}{more}")


def _skip(reason: str) -> Check:
    return Check(name="prefix", status="skip", detail=reason)


def _silent(_: str) -> None:
    """Show nothing: `verify` has a progress line of its own."""
