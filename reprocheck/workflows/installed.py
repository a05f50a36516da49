"""`audit --prefix`: look into an installed environment, and run the rules about locked packages over what is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from reprocheck.errors import UsageError
from reprocheck.machine.conda_platform import conda_platform
from reprocheck.machine.system_files import home_folder
from reprocheck.model.findings import Finding, Skipped
from reprocheck.model.freshness import UnmetDependency
from reprocheck.model.locks import CUDA_KEY, Lock
from reprocheck.model.prefixes import Inspection, Prefix
from reprocheck.model.settings import DEFAULT_LOCK
from reprocheck.readers.prefixes.birthmarks import find_birthmarks
from reprocheck.readers.prefixes.hash_journal import journal_path
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.readers.prefixes.kernels import kernel_folders, read_kernels
from reprocheck.readers.prefixes.named import Surroundings, find_environment
from reprocheck.readers.prefixes.native_libraries import find_libraries
from reprocheck.rules.engine import Selection
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_wish import asks_for_cpu, entries_on
from reprocheck.rules.installed import left_behind, taken_over
from reprocheck.rules.late_rule import AnyRule, code_of, needs_of
from reprocheck.rules.registry import RULES
from reprocheck.rules.rule import Need
from reprocheck.workflows.installed_lock import judged_lock, unmet_in

# What of RC3xx and RC4xx is about the document or the machine alone, and not about what is installed; and RC302 to
# RC304, RC413 and RC444, for what conda's packages and pip do to each other's files RC603 and RC604 tell, and RC610
# what then does not fit.
_NOT_OF_PREFIXES: Final = frozenset(
    {"RC301", "RC302", "RC303", "RC304", "RC413", "RC415", "RC421", "RC422", "RC423", "RC444", "RC445"}
    | {"RC453", "RC454", "RC455"}
)
# What these suspect from names, that files are overwritten, shows in the lists of files: RC603 and RC604 tell it.
_OF_FILES: Final = frozenset({"RC305", "RC411"})
# What these say of two packages, the metadata of one of them may say too.
_OF_NEEDS: Final = frozenset({"RC306", "RC430", "RC431", "RC432", "RC433"})
_FAMILIES: Final = ("RC3", "RC4")
_DRIFT: Final = "RC605"
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
        return find_environment(name or "", Surroundings(os.environ, home_folder()))
    if name is not None:
        raise UsageError("`--prefix` beside `--name`", why="one of them would be ignored", how="give one of them")
    return prefix


def look_into(root: Path, *, fast: bool, progress: Callable[[str], None]) -> Installed:
    """Return what is installed at `root`, its kernels and runtime libraries too, and the state of its files.

    Raises:
        InputError: it is no environment.
    """
    progress("reading the records")
    prefix = read_prefix(root, _shown(root), conda_platform())
    journal = None if fast else journal_path(root, os.environ, home_folder())
    inspection = inspect(root, prefix, InspectionRequest(fast=fast, journal=journal, progress=progress))
    progress("looking for runtime libraries")
    offered = read_kernels(root, root.resolve().name, kernel_folders(os.environ, home_folder(), sys.platform))
    libraries = find_libraries(root, prefix)
    prefix = replace(
        prefix,
        kernels=offered.kernels,
        birthmarks=find_birthmarks(root, prefix),
        libraries=libraries,
        faults=(*prefix.faults, *offered.faults),
    )
    return Installed(prefix, inspection)


def _shown(root: Path) -> str:
    """Return the folder as the user named it; as all reports name files, from the current folder if it lies there."""
    here = Path.cwd()
    is_here = root.is_absolute() and here in root.parents and here != here.parent
    return (root.relative_to(here) if is_here else root).as_posix()


def with_installed(facts: Facts, installed: Installed) -> Facts:
    """Return the facts with what is installed."""
    prefix = replace(installed.prefix, lock=_lock_named(facts))
    facts = replace(facts, prefix=prefix, inspection=installed.inspection)
    return replace(facts, installed_unmet=unmet_in(prefix, taken_over(facts), facts.names))


def _lock_named(facts: Facts) -> str | None:
    """Return how `create` finds the lock: empty where it does by itself, None where there is none."""
    if isinstance(facts.lock, Unseen):
        return None
    return "" if os.path.normpath(facts.lock_path) == DEFAULT_LOCK else facts.lock_path


def installed_findings(facts: Facts, selection: Selection) -> tuple[Finding, ...]:
    """Return what the rules about locked packages and machines say of what is installed."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return ()
    there = replace(
        facts,
        environment=_NO_FILE,
        lock=_in_its_place(facts, prefix),
        lock_path=prefix.path,
        freshness=_NO_FILE,
        unmet=(),
        platforms=(prefix.platform,),
        memo={},
    )
    found = tuple(finding for rule in _seeing(facts, selection) for finding in rule.check(there))
    return tuple(finding for finding in found if not _is_told_by_files(finding, facts, prefix))


def _seeing(facts: Facts, selection: Selection) -> list[AnyRule]:
    """Return the rules about locked packages and machines that can look at what is installed."""
    in_place = {Need.LOCK: facts.prefix, Need.ENVIRONMENT: _NO_FILE, Need.FRESHNESS: _NO_FILE}
    unseen = {need for need in Need if isinstance(in_place.get(need, getattr(facts, need.value)), Unseen)}
    rules = (rule for rule in RULES if _is_of_prefixes(code_of(rule)) and selection.includes(code_of(rule)))
    return [rule for rule in rules if unseen.isdisjoint(needs_of(rule))]


def truly_skipped(skipped: Sequence[Skipped], facts: Facts, selection: Selection) -> tuple[Skipped, ...]:
    """Return which rules could not look, neither at the files of the project nor at what is installed.

    Without a lock RC605 has seen that the environment is whole, and not whether it is the right one.
    """
    looked = {code_of(rule) for rule in _seeing(facts, selection)}
    left = [skip for skip in skipped if skip.code not in looked]
    is_whole = isinstance(facts.prefix, Prefix) and facts.prefix.unfinished is None
    if isinstance(facts.lock, Unseen) and is_whole and selection.includes(_DRIFT):
        left.append(Skipped(code=_DRIFT, reason=facts.lock.reason, asked=facts.lock.asked))
    return tuple(sorted(left))


def _in_its_place(facts: Facts, prefix: Prefix) -> Lock:
    """Return what is installed as a lock, with what was decided of it."""
    decided = facts.lock.custom_metadata if isinstance(facts.lock, Lock) else ()
    if any(map(asks_for_cpu, entries_on(facts, prefix.platform))):
        decided = (*decided, (CUDA_KEY, "none"))
    return replace(judged_lock(prefix, taken_over(facts), left_behind(facts)), custom_metadata=decided)


def without_told(facts: Facts, found: Sequence[Finding]) -> Facts:
    """Return the facts without the needs that were found unmet by rules which know what that does."""
    pairs = [
        {(one.manager, one.name) for one in finding.packages} | ({("", "torch")} if finding.code == "RC432" else set())
        for finding in found
        if finding.code in _OF_NEEDS
    ]
    kept = tuple(unmet for unmet in facts.installed_unmet if not any(_is_pair(unmet, pair) for pair in pairs))
    return replace(facts, installed_unmet=kept)


def _is_pair(unmet: UnmetDependency, names: set[tuple[str, str]]) -> bool:
    found = unmet.locked
    if found is None or (unmet.package.manager, unmet.package.name) not in names:
        return False
    return (found.manager, found.name) in names or ("", unmet.name) in names


def _is_told_by_files(finding: Finding, facts: Facts, prefix: Prefix) -> bool:
    """Say whether the files of the packages tell more than their names, or tell that all is well."""
    if finding.code == "RC412":  # the libtorch that stays when pip takes the place of conda's pytorch
        return any(item.name == "torch" for item in taken_over(facts).values())
    if finding.code not in _OF_FILES or isinstance(facts.inspection, Unseen):
        return False
    unlisted = {item.name for item in prefix.installed_by_pip if not item.files}
    return not any(package.manager == "pip" and package.name in unlisted for package in finding.packages)


def _is_of_prefixes(code: str) -> bool:
    return code.startswith(_FAMILIES) and code not in _NOT_OF_PREFIXES
