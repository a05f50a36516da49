"""What became of a prefix, told by what was planned and by what is there afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reprocheck.errors import UndecidedError
from reprocheck.locking.installing.install_plan import InstallPlan
from reprocheck.locking.installing.pip_changes import PipState
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefix_creation import CreateRequest, Creation, CreationStatus
from reprocheck.model.prefixes import CondaRecord, Distribution, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.workflows.create_input import Blueprint

_MOST_NAMED = 5
_SCRIPT = re.compile(r"(?:bin|Scripts)/\.(?P<name>.+)-(?:post-link|pre-link)\.(?:sh|bat)")


def creation_of(
    status: CreationStatus,
    request: CreateRequest,
    blueprint: Blueprint,
    plan: InstallPlan | None = None,
    notes: Iterable[str] = (),
) -> Creation:
    """Return the outcome: what went and came is removed and installed, what did both was repaired."""
    gone = set(_names((*plan.unlink, *plan.doomed))) if plan else set()
    come = set(_names((*plan.link, *plan.pip))) if plan else set()
    return Creation(
        status=status,
        path=request.prefix.as_posix(),
        platform=blueprint.platform,
        conda=len(blueprint.wanted.conda),
        pip=len(blueprint.wanted.pip),
        installed=tuple(sorted(come - gone)),
        removed=tuple(sorted(gone - come)),
        repaired=tuple(sorted(gone & come)),
        notes=(*blueprint.notes, *notes),
    )


def _names(packages: Iterable[LockedPackage | CondaRecord | Distribution]) -> Iterator[str]:
    for item in packages:
        if isinstance(item, Distribution) or (isinstance(item, LockedPackage) and item.manager == "pip"):
            yield f"{normalise_name(item.name)} {item.version} (pip)"
        else:
            yield f"{item.name} {item.version} {item.build or ''}".strip()


def faults_after(left: InstallPlan, state: PipState, done: InstallPlan, shown: str) -> tuple[str, ...]:
    """Return notes on packages that contradict themselves; their archives are those of the lock.

    Raises:
        UndecidedError: the prefix is not what the lock says.
    """
    linked = {package.name for package in done.link}
    installed = {normalise_name(package.name) for package in done.pip}
    odd = [record for record in left.unlink if record.name in linked and not _misses_files(record, state)]
    names = {record.name for record in odd}
    wrong = {record.name for record in left.unlink} | {package.name for package in left.link}
    wrong |= {item.name for item in left.doomed} | {normalise_name(package.name) for package in left.pip}
    wrong |= set(left.unreadable)
    wrong -= names | installed
    if wrong:
        raise UndecidedError(
            f"`{shown}` is not what the lock says",
            where=shown,
            why=f"{_listed(sorted(wrong))} changed while it was made",
            how="let nobody else write there, and run again: `create` goes on from there",
        )
    told = f"{_listed(sorted(names))}: the package's own list of files says otherwise than its archive"
    return (told,) if names else ()


def _misses_files(record: CondaRecord, state: PipState) -> bool:
    found = state.inspection.found
    return any(file.path in found and found[file.path].state != "there" for file in record.files)


def notes_on(prefix: Prefix) -> tuple[str, ...]:
    """Return what a person should know of the packages: scripts that conda would have run."""
    scripts = (_SCRIPT.fullmatch(file.path) for record in prefix.conda for file in record.files)
    names = sorted({found["name"] for found in scripts if found})
    if not names:
        return ()
    return (f"link scripts are never run; {_listed(names)} {'has' if len(names) == 1 else 'have'} some",)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:_MOST_NAMED]) + more
