"""What is left of a conda package whose Python project pip has replaced: whose bytes lie where both list a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.findings import Severity
from reprocheck.model.prefixes import CondaRecord, Distribution
from reprocheck.rules.file_faults import FileFault, FilesTold, count_of
from reprocheck.rules.file_kinds import is_metadata, is_native, is_program
from reprocheck.rules.installed import owned_by
from reprocheck.rules.overlap_verdicts import are_one_version
from reprocheck.rules.wording import counted

_PIPS, _CONDAS, _EQUAL, _OTHER, _GONE = "pip's bytes", "conda's bytes", "equal bytes", "the bytes of neither", "gone"
_ALONE = "other bytes in files of conda alone"
_TWICE = "{} and {} are the same project, installed twice"


def replacement_of(record: CondaRecord, item: Distribution, faults: Sequence[FileFault]) -> FilesTold:
    """Return what is to be said of a conda package and the distribution of the same project."""
    groups: dict[str, list[FileFault]] = {}
    for fault in faults:
        groups.setdefault(_state(fault, item), []).append(fault)
    same = are_one_version(record.version, item.version)
    touched = [fault for fault in faults if _matters(fault, same) and _state(fault, item) != _EQUAL]
    ordered = sorted(touched or faults, key=lambda fault: (not is_native(fault.path), fault.path))
    severity = _severity(faults, touched, same)
    head = _TWICE.format(owned_by(record), owned_by(item)) if not touched else _head(record, item, groups, same)
    return FilesTold(
        severity,
        f"{head}: {', '.join(_counts(record, groups))}",
        tuple(_evidence(groups, bool(touched) and same, not touched and len(groups) > 1)),
        ordered[0].path if ordered else item.record,
    )


def _state(fault: FileFault, item: Distribution) -> str:
    if fault.found.state == "missing":
        return _GONE
    if len(fault.owners) == 1:
        return _ALONE
    if len(fault.met) == len(fault.owners):
        return _EQUAL
    if not fault.met:
        return _OTHER
    return _PIPS if any(package is item for package in fault.met) else _CONDAS


def _matters(fault: FileFault, same: bool) -> bool:
    """Say whether a file is part of the project: every installer writes the first line of a script by itself."""
    is_script = is_program(fault.path) and not is_native(fault.path)
    return not is_metadata(fault.path) and not (same and is_script)


def _severity(faults: Sequence[FileFault], touched: Sequence[FileFault], same: bool) -> Severity:
    if not touched:
        is_benign = same or any(not is_metadata(fault.path) for fault in faults)
        return Severity.INFO if is_benign else Severity.WARNING
    is_error = not same and any(is_native(fault.path) for fault in touched)
    return Severity.ERROR if is_error else Severity.WARNING


def _head(record: CondaRecord, item: Distribution, groups: dict[str, list[FileFault]], same: bool) -> str:
    conda, pip = owned_by(record), owned_by(item)
    if _CONDAS in groups and _PIPS not in groups and _GONE not in groups:
        return f"{conda} lies over {pip}"
    return f"pip has put its own build of the version over {conda}" if same else f"{pip} has replaced {conda}"


def _counts(record: CondaRecord, groups: dict[str, list[FileFault]]) -> Iterator[str]:
    shared = [(state, len(groups[state])) for state in (_PIPS, _CONDAS, _EQUAL, _OTHER) if state in groups]
    total = sum(number for _, number in shared)
    if total:
        parts = ", ".join(f"{number} with {state}" for state, number in shared)
        yield f"both list {counted(total, 'file')} ({parts})"
    else:
        yield "they share no file"
    if _ALONE in groups:
        yield f"{counted(len(groups[_ALONE]), 'file')} of conda alone with other bytes"
    if _GONE in groups:
        gone = len(groups[_GONE])
        yield f"{gone} of conda's {counted(count_of(record), 'file')} {'is' if gone == 1 else 'are'} gone"


def _evidence(groups: dict[str, list[FileFault]], is_another_build: bool, is_harmless: bool) -> Iterator[str]:
    for state in (_OTHER, _PIPS, _CONDAS, _EQUAL, _ALONE, _GONE):
        if state in groups:
            more = f" and {counted(len(groups[state]) - 1, 'more path')}" if len(groups[state]) > 1 else ""
            yield f"{'gone is' if state == _GONE else f'{state} lie at'} `{_best(groups[state])}`{more}"
    if is_another_build:
        yield "the versions are equal, the builds are not; a wheel carries its own copies of native libraries"
    if is_harmless:
        yield "installers write metadata and scripts by themselves; nothing else differs"


def _best(faults: Sequence[FileFault]) -> str:
    """Return the path that says most: a native library, else a module, else metadata."""
    return min(faults, key=lambda fault: (not is_native(fault.path), is_metadata(fault.path), fault.path)).path
