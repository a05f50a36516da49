"""Every path of an environment that is not as its owners expect, and the one rule that tells of it.

A path that conda and pip both list is RC604's, and so is what pip takes away of a conda package that it replaces. One
that several packages of one manager list is RC603's. What one owner misses is RC601's, the rest RC602's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from reprocheck.model.findings import Severity
from reprocheck.model.prefixes import Distribution, FoundFile, Inspection, OwnedFile, Package, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_kinds import is_native, is_program
from reprocheck.rules.installed import found_at, left_behind, owned_by, projects_of, taken_over
from reprocheck.rules.wording import MOST_NAMED, shortened

Owner = tuple[Package, OwnedFile]


class FileFault(NamedTuple):
    """A path, what lies there, and who lists it: conda's records first, in the order of their names."""

    path: str
    found: FoundFile
    owners: tuple[Owner, ...]

    @property
    def met(self) -> tuple[Package, ...]:
        """Return the owners that find there what they expect."""
        return tuple(package for package, file in self.owners if self.found.meets(file))


class FilesTold(NamedTuple):
    """What is to be said of files: how bad, in words, the sentences behind them, and the path to show."""

    severity: Severity
    message: str
    evidence: tuple[str, ...]
    first: str


def faults_told_by(facts: Facts, code: str) -> list[FileFault]:
    """Return the paths that a rule tells of, sorted."""
    prefix, inspection = facts.prefix, facts.inspection
    if isinstance(prefix, Unseen) or isinstance(inspection, Unseen):
        return []
    key = ("file_faults", prefix.path)
    if key not in facts.memo:
        facts.memo[key] = _sorted_out(facts, prefix, inspection)
    return cast("dict[str, list[FileFault]]", facts.memo[key]).get(code, [])


def by_owner(faults: Sequence[FileFault]) -> Iterator[tuple[Package, list[FileFault]]]:
    """Yield the faults of each package that is the first owner of some."""
    found: dict[str, tuple[Package, list[FileFault]]] = {}
    for fault in faults:
        package = fault.owners[0][0]
        found.setdefault(package.record, (package, []))[1].append(fault)
    yield from found.values()


def worst_first(faults: Sequence[FileFault], harm: Callable[[str], Severity]) -> list[FileFault]:
    """Return the faults by how bad they are for their paths, then by path."""
    return sorted(faults, key=lambda fault: (harm(fault.path).rank, fault.path))


def listed_paths(faults: Sequence[FileFault]) -> str:
    """Return the first paths, and how many more there are."""
    return shortened([f"`{fault.path}`" for fault in faults], MOST_NAMED)


def also_listed(faults: Sequence[FileFault]) -> Iterator[str]:
    """Yield a sentence for each of the first paths that further packages list."""
    for path, _, (_, *others) in faults[:MOST_NAMED]:
        if others:
            yield f"`{path}` is listed by {shortened([owned_by(package) for package, _ in others], 3)} too"


def count_of(package: Package) -> int:
    """Return how many files a package lists, those that Python writes anew left out."""
    return sum(file.kind != "bytecode" for file in package.files)


def _sorted_out(facts: Facts, prefix: Prefix, inspection: Inspection) -> dict[str, list[FileFault]]:
    stale, losses, aside = left_behind(facts), _losses(prefix, taken_over(facts)), _moved_aside(prefix)
    kernels = _kernels_told(prefix)
    told: dict[str, list[FileFault]] = {}
    for path in sorted({*inspection.found, *aside}):
        owners = _judged((*prefix.owners.get(path, ()), *aside.get(path, ())), stale)
        listing = next((file for _, file in owners if file.path == path), None)
        if listing is not None and not any(kernel.endswith(f"/{path}") for kernel in kernels):
            fault = FileFault(path, found_at(inspection, listing), owners)
            code, owners = _told_by(fault, losses)
            told.setdefault(code, []).append(fault._replace(owners=owners))
    return told


def _moved_aside(prefix: Prefix) -> dict[str, tuple[Owner, ...]]:
    """Return the paths that conda packages lost to others: rattler moved their files to `__clobbers__`."""
    aside: dict[str, list[Owner]] = {}
    for record in prefix.conda:
        for file in record.files:
            if file.original:
                aside.setdefault(file.original, []).append((record, file))
    return {path: tuple(owners) for path, owners in aside.items()}


def _losses(prefix: Prefix, over: dict[str, Distribution]) -> dict[str, tuple[Distribution, bool]]:
    """Return who replaced which conda package, and whether pip knew it as a project and took its files away."""
    replaced = (record for record in prefix.conda if record.record in over)
    return {record.record: (over[record.record], bool(projects_of(record))) for record in replaced}


def _judged(owners: tuple[Owner, ...], stale: frozenset[str]) -> tuple[Owner, ...]:
    kept = {
        package.record: (package, file)
        for package, file in owners
        if file.kind != "bytecode" and package.record not in stale
    }
    return tuple(sorted(kept.values(), key=lambda owner: (isinstance(owner[0], Distribution), owner[0].record)))


def _kernels_told(prefix: Prefix) -> tuple[str, ...]:
    """Return the whole paths of the environment's own kernels of which RC607 tells."""
    own = (kernel for kernel in prefix.kernels if kernel.scope == "environment")
    return tuple(kernel.path.replace("\\", "/") for kernel in own if kernel.starts in ("other", "missing"))


def _told_by(fault: FileFault, losses: dict[str, tuple[Distribution, bool]]) -> tuple[str, tuple[Owner, ...]]:
    """Return the rule that tells of a path, `""` where nothing is wrong with it, and the owners to whom it matters."""
    here = tuple(owner for owner in fault.owners if owner[1].path == fault.path)
    left = tuple(owner for owner in here if not _is_lost_to_pip(owner, fault, losses))
    if fault.found.state == "missing":
        return ("RC601", left) if left else ("RC604", here)
    if fault.found.state != "there":
        return "RC602", here
    if len({type(package) for package, _ in here}) > 1:
        return "RC604", here
    if len(fault.owners) > 1:
        return "RC603", fault.owners
    code = "RC602" if left else "RC604"
    return ("" if fault.met else code), here


def _is_lost_to_pip(owner: Owner, fault: FileFault, losses: dict[str, tuple[Distribution, bool]]) -> bool:
    """Say whether pip takes a file away, or writes over it, when it replaces the conda package that lists it."""
    package, file = owner
    if package.record not in losses:
        return False
    winner, was_project = losses[package.record]
    in_python = "site-packages/" in file.path or (is_program(file.path) and not is_native(file.path))
    return (was_project and in_python) or any(other is winner for other, _ in fault.owners)
