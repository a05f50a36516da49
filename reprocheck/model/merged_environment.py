"""Several environment files as one, for locking and freshness; the rules look at each file by itself.

Source: conda-lock 4.0.3, conda_lock/src_parser/aggregation.py (channels) and __init__.py (platforms). conda-lock keeps
only the last of several specs of one name; here all are kept, and a lock meets all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from reprocheck.errors import InputError
from reprocheck.model.environments import Channel, EnvironmentFile, Platform


def merge_environments(files: Sequence[EnvironmentFile]) -> EnvironmentFile:
    """Return the entries of all `files` in order, with the channels of the longest list and every platform.

    Text, name and places are those of the first file.

    Raises:
        InputError: channels, or package indexes, of which neither list is the end of the other.
    """
    first = files[0]
    if len(files) == 1:
        return first
    return EnvironmentFile(
        path=first.path,
        name=first.name,
        channels=_unify(files, [_channels(file) for file in files], "channels"),
        platforms=_platforms(files),
        conda=tuple(chain.from_iterable(file.conda for file in files)),
        pip=tuple(chain.from_iterable(file.pip for file in files)),
        pip_location=next((file.pip_location for file in files if file.pip_location), None),
        prefix=first.prefix,
        comments=first.comments,
        lines=first.lines,
        category=first.category,
        pip_constraints=tuple(chain.from_iterable(file.pip_constraints for file in files)),
        pip_repositories=_unify(files, [file.pip_repositories for file in files], "pip-repositories"),
        allow_pypi_requests=all(file.allow_pypi_requests for file in files),
        variables=_union(file.variables for file in files),
        sources=_union(file.sources or (file.path,) for file in files),
    )


def _channels(file: EnvironmentFile) -> tuple[Channel, ...]:
    return tuple(channel for channel in file.channels if channel.address != "nodefaults")


def _platforms(files: Sequence[EnvironmentFile]) -> tuple[Platform, ...]:
    found: dict[str, Platform] = {}
    for platform in chain.from_iterable(file.platforms for file in files):
        found.setdefault(platform.name, platform)
    return tuple(found.values())


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def _unify(files: Sequence[EnvironmentFile], lists: Sequence[tuple[Channel, ...]], key: str) -> tuple[Channel, ...]:
    """Return the longest list, of which every other one must be the end: else nobody knows which comes first."""
    longest = max(range(len(lists)), key=lambda index: len(lists[index]))
    whole = [channel.address for channel in lists[longest]]
    for file, channels in zip(files, lists, strict=True):
        if channels and [channel.address for channel in channels] != whole[-len(channels) :]:
            raise InputError(
                f"`{key}` of `{file.path}` and `{files[longest].path}` do not fit together",
                where=str(channels[0].location),
                why=f"{_shown(channels)} is not the end of {_shown(lists[longest])}, so their order is unknown",
                how="give both files the same list, in the same order",
            )
    return lists[longest]


def _shown(channels: Sequence[Channel]) -> str:
    return ", ".join(f"`{channel.name}`" for channel in channels)
