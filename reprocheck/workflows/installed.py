"""`audit --prefix`: look into an installed environment, and run the rules about locked packages over what is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from reprocheck.errors import UsageError
from reprocheck.facts.name_map import NameMap
from reprocheck.machine.conda_platform import conda_platform
from reprocheck.model.findings import Finding
from reprocheck.model.prefixes import Inspection, Prefix
from reprocheck.readers.prefixes.hash_journal import journal_path
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.readers.prefixes.kernels import kernel_folders, read_kernels
from reprocheck.readers.prefixes.named import find_environment
from reprocheck.readers.prefixes.native_libraries import find_libraries
from reprocheck.rules.engine import Selection
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import taken_over
from reprocheck.rules.late_rule import code_of, needs_of
from reprocheck.rules.registry import RULES
from reprocheck.workflows.installed_lock import lock_of, unmet_in

# What of RC3xx and RC4xx is about the document or the machine alone, and not about what is installed; and RC302 to
# RC304, for what pip does to conda's packages and libraries there RC604 tells by the files.
_NOT_OF_PREFIXES: Final = frozenset(
    {"RC301", "RC302", "RC303", "RC304", "RC415", "RC421", "RC422", "RC423", "RC453", "RC454", "RC455"}
)
# What a rule suspects from the names of packages, another one tells of the same packages by their files.
_TOLD_BY_FILES: Final = {"RC411": "RC603"}
_FAMILIES: Final = ("RC3", "RC4")
_NO_FILE: Final = Unseen(reason="an installed environment has no environment.yml", asked=False)


class Installed(NamedTuple):
    """An installed environment and the state of its files."""

    prefix: Prefix
    inspection: Inspection


def find_root(prefix: Path | None, name: str | None) -> Path:
    """Return the folder of the environment that was named in one of the two ways.

    Raises:
        UsageError: it was named in both.
        InputError: no environment has that name, or several have.
    """
    if prefix is None:
        return find_environment(name or "", os.environ, _home())
    if name is not None:
        raise UsageError("`--prefix` beside `--name`", why="one of them would be ignored", how="give one of them")
    return prefix


def _home() -> Path:
    """Return the user's folder, as far as there is one: `~` stands for none."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111  (Path.home() raises where there is none)


def look_into(root: Path, *, fast: bool, progress: Callable[[str], None]) -> Installed:
    """Return what is installed at `root`, its kernels and runtime libraries too, and the state of its files.

    Raises:
        InputError: it is no environment.
    """
    progress("reading the records")
    prefix = read_prefix(root, root.as_posix(), conda_platform())
    journal = None if fast else journal_path(root, os.environ, _home())
    inspection = inspect(root, prefix, InspectionRequest(fast=fast, journal=journal, progress=progress))
    progress("looking for runtime libraries")
    offered = read_kernels(root, root.resolve().name, kernel_folders(os.environ, _home(), sys.platform))
    libraries = find_libraries(root, prefix)
    faults = (*prefix.faults, *offered.faults)
    return Installed(replace(prefix, kernels=offered.kernels, libraries=libraries, faults=faults), inspection)


def with_installed(facts: Facts, installed: Installed) -> Facts:
    """Return the facts with what is installed."""
    facts = replace(facts, prefix=installed.prefix, inspection=installed.inspection)
    return replace(facts, installed_unmet=unmet_in(installed.prefix, taken_over(facts), facts.names))


def installed_findings(facts: Facts, names: NameMap, selection: Selection) -> tuple[Finding, ...]:
    """Return what the rules about locked packages and machines say of what is installed."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return ()
    there = replace(
        facts,
        environment=_NO_FILE,
        lock=lock_of(prefix, taken_over(facts)),
        lock_path=prefix.path,
        freshness=_NO_FILE,
        names=names,
        unmet=(),
        platforms=(prefix.platform,),
        memo={},
    )
    rules = [rule for rule in RULES if _is_of_prefixes(code_of(rule)) and selection.includes(code_of(rule))]
    seeing = [
        rule for rule in rules if not any(isinstance(getattr(there, need.value), Unseen) for need in needs_of(rule))
    ]
    found = tuple(finding for rule in seeing for finding in rule.check(there))
    return tuple(finding for finding in found if not _is_told_by_files(finding, facts))


def _is_told_by_files(finding: Finding, facts: Facts) -> bool:
    by_files = _TOLD_BY_FILES.get(finding.code)
    if by_files is None or isinstance(facts.inspection, Unseen):
        return False
    names = {(package.manager, package.name) for package in finding.packages}
    [rule] = [rule for rule in RULES if code_of(rule) == by_files]
    told = ({(package.manager, package.name) for package in one.packages} for one in rule.check(facts))
    return any(names <= one for one in told)


def _is_of_prefixes(code: str) -> bool:
    return code.startswith(_FAMILIES) and code not in _NOT_OF_PREFIXES
