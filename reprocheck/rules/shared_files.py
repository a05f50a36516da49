"""Files that several packages list: whose bytes lie there, and how bad it is that one of them lost.

Equal bytes are no fault: the packages agree, though the removal of one takes the file away from the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.findings import Severity
from reprocheck.model.prefixes import CondaRecord, Package
from reprocheck.rules.file_faults import FileFault, FilesTold, Owner
from reprocheck.rules.file_kinds import harm_of_change, is_clutter, is_code, is_native
from reprocheck.rules.installed import owned_by
from reprocheck.rules.wording import MOST_NAMED, SHOWN_DIGITS, counted, shortened

_MOST_OWNERS = 3
_SMALL_BYTES = 1024  # the `__init__.py` of a namespace holds a line or a licence


def shared_files(faults: Sequence[FileFault]) -> FilesTold:
    """Return what is to be said of files that all have the same owners."""
    owners = [package for package, _ in faults[0].owners]
    pairs = sorted(((harm_of(fault), fault) for fault in faults), key=lambda pair: (pair[0].rank, pair[1].path))
    differing = [fault for _, fault in pairs if len(fault.met) < len(owners)]
    both = "both" if len(owners) == 2 else "all"
    head = f"{_named(owners)} {both} own {counted(len(faults), 'file')}"
    if not differing:
        paths = shortened([f"`{fault.path}`" for _, fault in pairs], MOST_NAMED)
        return FilesTold(Severity.INFO, f"{head}, with equal bytes: {paths}", (), pairs[0][1].path)
    which = "" if len(differing) == len(faults) else f" {len(differing)} of them"
    told = shortened([f"`{fault.path}` ({_holder(fault)})" for fault in differing], MOST_NAMED)
    equal = len(faults) - len(differing)
    evidence = [_digests(fault) for fault in differing[:MOST_NAMED]]
    evidence += [sentence for fault in differing[:MOST_NAMED] for sentence in _moved(fault)]
    if equal:
        evidence.append(f"equal bytes lie at {counted(equal, 'more path')}")
    return FilesTold(pairs[0][0], f"{head},{which} with different bytes: {told}", tuple(evidence), differing[0].path)


def harm_of(fault: FileFault) -> Severity:
    """Return how bad it is that several packages list a path, by what lies there."""
    if len(fault.met) == len(fault.owners):
        return Severity.INFO
    if is_clutter(fault.path):
        return Severity.INFO
    if not fault.met:
        return harm_of_change(fault.path)
    if is_native(fault.path) or (is_code(fault.path) and _are_modules_of_conda(fault)):
        return Severity.ERROR
    return Severity.WARNING


def _are_modules_of_conda(fault: FileFault) -> bool:
    """Say whether conda packages meet in a module; namespaces meet in a small `__init__.py`, and rightly."""
    if not fault.path.endswith(".py") or not all(isinstance(package, CondaRecord) for package, _ in fault.owners):
        return False
    is_small = all((file.size_bytes or 0) <= _SMALL_BYTES for _, file in fault.owners)
    return not (is_small and fault.path.endswith("/__init__.py"))


def _named(owners: Sequence[Package]) -> str:
    names = [owned_by(package) for package in owners]
    return " and ".join(names) if len(names) == 2 else shortened(names, _MOST_OWNERS)


def _holder(fault: FileFault) -> str:
    """Return whose bytes lie at a path."""
    if not fault.met:
        return "the bytes of neither" if len(fault.owners) == 2 else "the bytes of none"
    return f"the bytes of {shortened([owned_by(package) for package in fault.met], _MOST_OWNERS)}"


def _digests(fault: FileFault) -> str:
    expected = [f"{_expected(owner)} of {owned_by(owner[0])}" for owner in fault.owners[:_MOST_OWNERS]]
    there = f"sha256 {fault.found.sha256[:SHOWN_DIGITS]}… lies there" if fault.found.sha256 else "not hashed"
    return f"`{fault.path}`: {there}; recorded are {', '.join(expected)}"


def _moved(fault: FileFault) -> Iterator[str]:
    for package, file in fault.owners:
        if file.path != fault.path:
            yield f"the file of {owned_by(package)} was moved to `{file.path}`"


def _expected(owner: Owner) -> str:
    file = owner[1]
    return f"{file.sha256[:SHOWN_DIGITS]}…" if file.sha256 else "no digest"
