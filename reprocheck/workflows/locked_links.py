"""What `why`, `tree` and `graph` begin with: a lock, what it was made from, and who needs whom on its platforms."""

from __future__ import annotations

import contextlib
import difflib
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError
from reprocheck.facts.name_map import NameMap
from reprocheck.graph.links import Links, Node, link_packages, nodes_named
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.readers.locks import read_any_lock
from reprocheck.workflows.lock_origin import environment_beside, first_source, merged_sources, read_source
from reprocheck.workflows.name_maps import names_of

_SIMILAR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LockChoice:
    """Which lock, and which platform of it (None: all).

    `environment` None means what the lock was made from, else the environment file beside it, else that what nothing
    else needs counts as declared. `name_map` is a file of further name pairs.
    """

    lock: Path
    environment: Path | None = None
    platform: str | None = None
    name_map: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLock:
    """A lock that was read, and the environment that it was made from, None where that is not there."""

    lock: Lock
    environment: EnvironmentFile | None
    platforms: tuple[str, ...]
    names: NameMap

    @property
    def declared_in(self) -> str | None:
        """Return the files that declare packages, None where there are none."""
        return ", ".join(self.environment.sources or (self.environment.path,)) if self.environment else None

    def links(self, platform: str) -> Links:
        """Return who needs whom on a platform."""
        return link_packages(self.lock, self.environment, platform, self.names)


def open_lock(choice: LockChoice) -> OpenedLock:
    """Read a lock and what it was made from.

    Raises:
        InputError: the lock is missing or broken, or holds no such platform.
    """
    lock = read_any_lock(choice.lock)
    platforms = _platforms(choice.platform, lock)
    return OpenedLock(
        lock=lock, environment=_declared(choice, lock), platforms=platforms, names=names_of(choice.name_map)
    )


def _declared(choice: LockChoice, lock: Lock) -> EnvironmentFile | None:
    """Return all that the lock was made from as one, None where that is not there or cannot be read."""
    if choice.environment is not None:
        return merged_sources(read_source(choice.environment), lock)[0]
    source = first_source(lock) or environment_beside(choice.lock)
    with contextlib.suppress(ReprocheckError):
        return merged_sources(read_source(source), lock)[0] if source else None
    return None


def _platforms(wanted: str | None, lock: Lock) -> tuple[str, ...]:
    if wanted is None:
        return lock.platforms
    if wanted in lock.platforms:
        return (wanted,)
    raise InputError(
        f"the lock has no platform `{wanted}`",
        where=lock.path,
        why=f"it holds {', '.join(f'`{platform}`' for platform in lock.platforms)}",
        how="name one of them with `--platform`",
    )


def find_nodes(links: Links, name: str, names: NameMap) -> tuple[Node, ...]:
    """Return the nodes of a name, and those of the conda packages that bring the project.

    `torch` finds conda's `pytorch` too: the user asks for the project, whoever installs it.
    """
    renamed = (node for other in names.conda_names(name) for node in nodes_named(links, other))
    return tuple(dict.fromkeys((*nodes_named(links, name), *renamed)))


def unknown_name(name: str, opened: OpenedLock, platform: str | None) -> InputError:
    """Return the error for a name that no wanted platform has; it names what is spelled nearly so."""
    known = sorted({package.name for package in opened.lock.packages})
    close = difflib.get_close_matches(name.lower(), known, n=_SIMILAR)
    similar = " or ".join(f"`{other}`" for other in close)
    where = f" on {platform}" if platform else ""
    return InputError(
        f"no package `{name}` is locked{where}",
        where=opened.lock.path,
        why=f"the lock holds {len(known)} other names",
        how=f"did you mean {similar}?" if similar else "look for the name in the lock file",
    )
