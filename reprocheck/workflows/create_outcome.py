"""What became of a prefix, told by what was planned and by what is there afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reprocheck.errors import UndecidedError
from reprocheck.locking.installing.prefix_state import InstallPlan
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefix_creation import CreateRequest, Creation, CreationStatus
from reprocheck.model.prefixes import CondaRecord, Distribution, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.wording import shortened
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


def require_nothing_left(left: InstallPlan, shown: str) -> None:
    """Hold the plan for what became of the prefix against an empty one.

    Raises:
        UndecidedError: the prefix is not what the lock says.
    """
    packages: tuple[CondaRecord | LockedPackage | Distribution, ...]
    packages = (*left.unlink, *left.link, *left.doomed, *left.pip)
    wrong = sorted({package.name for package in packages} | set(left.unreadable))
    if wrong:
        raise UndecidedError(
            f"`{shown}` is not what the lock says",
            where=shown,
            why=f"{_listed(wrong)} changed while it was made",
            how="let nobody else write there, and run again: `create` goes on from there",
        )


def notes_on(prefix: Prefix, published: Iterable[str]) -> Iterator[str]:
    """Yield what a person should know of the packages: wrong lists of files, scripts that conda would have run."""
    careless = sorted({owner.name for path in published for owner, _ in prefix.owners.get(path, ())})
    if careless:
        yield f"{_listed(careless)}: the package's own list of files says otherwise than its archive"
    scripts = (_SCRIPT.fullmatch(file.path) for record in prefix.conda for file in record.files)
    names = sorted({found["name"] for found in scripts if found})
    if names:
        yield f"link scripts are never run; {_listed(names)} {'has' if len(names) == 1 else 'have'} some"


def _listed(names: list[str]) -> str:
    return shortened([f"`{name}`" for name in names], _MOST_NAMED)
