"""A name that a channel did not have yet hides nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.locking.solving.past_channels import PastChannel, names_to_come, upload_time

NEWEST = datetime(2021, 1, 1, tzinfo=UTC)
OLD, YOUNG = datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Name:
    normalized: str


@dataclass(frozen=True)
class Record:
    text: str
    timestamp: datetime | None
    indexed_timestamp: datetime | None = None
    subdir: str = "linux-64"

    @property
    def name(self) -> Name:
        return Name(self.text)


def channel(name: str, group: str | None = None) -> CondaChannel:
    return CondaChannel(name=name, public_base=name, base=name, group=group)


HIGH, LOW = channel("high"), channel("low")


def test_the_time_of_the_index_counts_before_that_of_the_build() -> None:
    assert upload_time(Record("a", OLD, YOUNG)) == YOUNG
    assert upload_time(Record("a", OLD)) == OLD
    assert upload_time(Record("a", None)) is None


def test_a_name_is_to_come_where_only_a_lower_channel_had_it() -> None:
    assert names_to_come({HIGH: [Record("a", YOUNG)], LOW: [Record("a", OLD)]}, NEWEST) == {("high", "a")}
    assert names_to_come({HIGH: [Record("a", YOUNG)], LOW: [Record("a", None)]}, NEWEST) == {("high", "a")}


def test_a_name_stays_where_one_record_is_old_or_nobody_had_it() -> None:
    both = [Record("a", YOUNG), Record("a", OLD)]
    assert names_to_come({HIGH: both, LOW: [Record("a", OLD)]}, NEWEST) == set()
    assert names_to_come({HIGH: [Record("a", YOUNG)], LOW: [Record("a", YOUNG)]}, NEWEST) == set()
    assert names_to_come({HIGH: [Record("a", YOUNG)], LOW: [Record("b", OLD)]}, NEWEST) == set()


def test_the_channels_of_a_group_had_a_name_together() -> None:
    first, second = channel("first", "group"), channel("second", "group")
    assert names_to_come({first: [Record("a", YOUNG)], second: [Record("a", OLD)]}, NEWEST) == set()
    records = {first: [Record("a", YOUNG)], second: [Record("a", YOUNG)], LOW: [Record("a", OLD)]}
    assert names_to_come(records, NEWEST) == {("first", "a"), ("second", "a")}


def test_a_past_channel_serves_the_rest() -> None:
    past = PastChannel([Record("a", OLD), Record("b", OLD), Record("c", OLD, subdir="noarch")], {"b"})
    assert past.package_names("linux-64") == ["a"]
    assert asyncio.run(past.fetch_package_records("linux-64", Name("a"))) == [Record("a", OLD)]
    assert asyncio.run(past.fetch_package_records("linux-64", Name("b"))) == []
    assert asyncio.run(past.fetch_package_records("noarch", Name("c"))) == [Record("c", OLD, subdir="noarch")]
