"""Channels as they were: a name that a channel did not have yet hides nothing in the channels behind it.

Packages move between channels (bioconda to conda-forge, for one). A solver that knows of `exclude_newer` leaves out
what is too new, but still takes the channel for one that has the name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reprocheck.locking.solving.channel_names import rank
from reprocheck.locking.solving.channels import CondaChannel


class _Named(Protocol):
    """A package name as the solver's library has it."""

    @property
    def normalized(self) -> str: ...


class _DatedRecord(Protocol):
    """The part of a repodata record that time travel needs."""

    @property
    def name(self) -> _Named: ...

    @property
    def subdir(self) -> str: ...

    @property
    def timestamp(self) -> datetime | None: ...

    @property
    def indexed_timestamp(self) -> datetime | None: ...


_Records = Mapping[CondaChannel, Sequence[_DatedRecord]]


def upload_time(record: _DatedRecord) -> datetime | None:
    """Return when a record came into its channel, or else when it was built; None where nobody noted it."""
    return record.indexed_timestamp or record.timestamp


def names_to_come(records: _Records, newest: datetime) -> frozenset[tuple[str, str]]:
    """Return (channel base, name) wherever a channel has a name only since after `newest`, and a lower one before.

    `records` are in order of priority. A record without a time counts as old.
    """
    ranks: dict[str, dict[str, bool]] = defaultdict(dict)
    for channel, found in records.items():
        for record in found:
            seen = ranks[record.name.normalized]
            seen[rank(channel)] = seen.get(rank(channel), False) or _is_old(record, newest)
    young = {(place, name) for name, seen in ranks.items() for place in _before_the_first_old(seen)}
    bases = {(channel.base, name) for channel in records for place, name in young if rank(channel) == place}
    return frozenset(bases)


def _before_the_first_old(seen: Mapping[str, bool]) -> list[str]:
    places, old = list(seen), list(seen.values())
    return places[: old.index(True)] if True in old else []


def _is_old(record: _DatedRecord, newest: datetime) -> bool:
    time = upload_time(record)
    return time is None or time <= newest


class PastChannel:
    """The records of one channel without the names that were still to come, in the shape of a repodata source."""

    def __init__(self, records: Iterable[_DatedRecord], to_come: Collection[str]) -> None:
        self.records: dict[tuple[str, str], list[_DatedRecord]] = defaultdict(list)
        for record in records:
            if record.name.normalized not in to_come:
                self.records[record.subdir, record.name.normalized].append(record)

    async def fetch_package_records(self, platform: object, name: _Named) -> list[_DatedRecord]:
        """Return the records of a name in one platform folder."""
        return self.records.get((str(platform), name.normalized), [])

    def package_names(self, platform: object) -> list[str]:
        """Return the names in one platform folder."""
        return sorted(name for folder, name in self.records if folder == str(platform))
