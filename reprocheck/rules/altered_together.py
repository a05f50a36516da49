"""Altered files that have one cause, and are told in one finding: scripts that were moved, native files after `strip`.

A script begins with the whole path of its Python, so whoever builds a virtual environment in one place and uses it in
another writes all these lines anew: venv-pack does, and so do the `sed` lines of many a Dockerfile. That the rest of a
script is as it was cannot be seen, but one that somebody meddled with is alone, and these are most of them.

`strip` takes symbols out of programs and libraries of Linux to make an image smaller, and leaves their code. That it
was `strip` cannot be seen either, but nothing else makes all native files of an environment smaller that it changes.

Sources: venv-pack 0.2, `core.py` (`#!/usr/bin/env python`); a venv moved by `sed` on 2026-11-21: 28 of 28 projects;
GNU Binutils manual, "strip", read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reprocheck.model.findings import Severity
from reprocheck.model.prefixes import Distribution, OwnedFile, Prefix
from reprocheck.rules.file_faults import FileFault, listed_paths
from reprocheck.rules.file_kinds import is_native
from reprocheck.rules.wording import counted

_FOLDERS = ("bin/", "Scripts/")
_FEWEST_SCRIPTS = 3
_FEWEST_STRIPPED = 5
_ANEW = "nothing needs to be done where that was meant; else make the environment anew"


class Together(NamedTuple):
    """Files that were altered together: how bad it is, in words, why it counts as one change, and what mends it."""

    faults: Sequence[FileFault]
    severity: Severity
    message: str
    reason: str
    fix: str


def altered_together(prefix: Prefix, faults: Sequence[FileFault]) -> Iterator[Together]:
    """Yield the altered files that are told together; no file is in two of them."""
    there = [fault for fault in faults if fault.found.state == "there"]
    scripts, natives = _moved_scripts(prefix, there), _stripped(there)
    if scripts:
        yield Together(
            scripts,
            Severity.INFO,
            f"{counted(len(scripts), 'script')} of pip's packages have changed since they were installed:"
            f" {listed_paths(scripts)}",
            "these are most scripts of the environment, as where it was moved: each begins with its path",
            f"{_ANEW} at its place",
        )
    if natives:
        packages = len({fault.owners[0][0].record for fault in natives})
        yield Together(
            natives,
            Severity.WARNING,
            f"{len(natives)} native files of {counted(packages, 'package')} are smaller than they were installed:"
            f" {listed_paths(natives)}",
            "all native files that were changed are smaller: so does `strip`, which leaves the code and takes away the"
            " proof that it is the packages'",
            _ANEW,
        )


def is_stripped(fault: FileFault) -> bool:
    """Say whether an altered file may be what `strip` makes of the one that was installed."""
    recorded, there = fault.owners[0][1].size_bytes, fault.found.size_bytes
    return fault.found.is_elf and recorded is not None and there is not None and there < recorded


def _moved_scripts(prefix: Prefix, faults: Sequence[FileFault]) -> list[FileFault]:
    altered = [fault for fault in faults if not fault.found.is_elf and _is_of_pip(fault)]
    listed = sum(_is_script(file) for item in prefix.installed_by_pip for file in item.files)
    return altered if len(altered) >= _FEWEST_SCRIPTS and 2 * len(altered) > listed else []


def _is_of_pip(fault: FileFault) -> bool:
    return all(isinstance(package, Distribution) and _is_script(file) for package, file in fault.owners)


def _is_script(file: OwnedFile) -> bool:
    return file.kind == "file" and file.path.startswith(_FOLDERS) and not is_native(file.path)


def _stripped(faults: Sequence[FileFault]) -> list[FileFault]:
    natives = [fault for fault in faults if fault.found.is_elf]
    return natives if len(natives) >= _FEWEST_STRIPPED and all(map(is_stripped, natives)) else []
