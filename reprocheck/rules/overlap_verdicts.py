"""Which of two builds of a project wins when a lock is installed, and whether that matters.

conda-lock and pixi install the conda part first, then pip's part by its hashes. pip looks at the version that it finds
installed: an equal one it leaves alone, another one it takes out and writes its own files instead.

Sources: conda-lock 4, `conda_lock.py` ("pip install --no-deps -r"), and pip 23.2, `resolvelib/resolver.py`
(which installed versions are left), read 2026-11-21; docs.conda.io "Using pip in an environment".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.conda_versions import read_version
from reprocheck.model.findings import Confidence, Severity
from reprocheck.rules.compiled import is_compiled

if TYPE_CHECKING:
    # For annotations only.
    from reprocheck.facts.name_map import NameMap
    from reprocheck.model.locks import LockedPackage
    from reprocheck.rules.locked_overlaps import Overlap

# What is to be said of an overlap: how bad, how sure, and who wins.
Verdict = tuple[Severity, Confidence, str]


def verdict_of(names: NameMap, project: str, conda: LockedPackage, pip: LockedPackage) -> Verdict:
    """Return the verdict on a project that conda and pip both install from one lock."""
    confidence = Confidence.HIGH if names.is_firm(conda.name, project) else Confidence.MEDIUM
    if are_one_version(conda.version, pip.version):
        if names.pypi_names(conda.name)[0] == project:
            return Severity.INFO, confidence, "pip finds the same version there and leaves conda's"
        return Severity.WARNING, confidence, "pip knows conda's by another name, and writes its files over conda's"
    if not is_compiled(conda):
        return Severity.WARNING, confidence, "pip installs last, and its version wins"
    severity = Severity.ERROR if confidence is Confidence.HIGH else Severity.WARNING
    return severity, confidence, "pip installs last, and its version replaces a compiled package"


def is_one_torch(overlap: Overlap) -> bool:
    """Say whether both sides bring the same version of torch: pip leaves conda's, RC412 tells of the rest."""
    return overlap.project == "torch" and are_one_version(overlap.conda[0].version, overlap.pip.version)


def are_one_version(one: str, other: str) -> bool:
    """Say whether two versions are equal, however they are spelled: 1.0 is 1.0.0, and 2.6.0+cu124 is not 2.6.0."""
    first, second = read_version(one), read_version(other)
    return one == other if first is None or second is None else first.compare(second) == 0
