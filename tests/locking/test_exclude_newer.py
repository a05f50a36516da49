"""A bound in time is the same instant in every time zone."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import pytest

from reprocheck.errors import UsageError
from reprocheck.locking.exclude_newer import format_time, read_time, recorded_time
from reprocheck.model.locks import Lock


def lock_with(text: str | None) -> Lock:
    custom = () if text is None else (("reprocheck.exclude-newer", text),)
    return Lock(path="", platforms=(), channels=(), content_hash=(), sources=(), custom_metadata=custom, packages=())


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-06-01", "2023-06-02T00:00:00Z"),  # the whole day counts
        ("2023-12-31", "2024-01-01T00:00:00Z"),
        ("2023-06-01T12:30:00Z", "2023-06-01T12:30:00Z"),
        ("2023-06-01T12:30:00+02:00", "2023-06-01T10:30:00Z"),
        ("2023-06-01T23:00:00-05:00", "2023-06-02T04:00:00Z"),
        (" 2023-06-01T00:00:00.250000Z ", "2023-06-01T00:00:00.250000Z"),
    ],
)
def test_a_day_or_a_time_is_an_instant_in_utc(text: str, instant: str) -> None:
    moment = read_time(text, "--exclude-newer")
    assert moment is not None
    assert format_time(moment) == instant
    assert read_time(format_time(moment), "") == moment


def test_none_lifts_the_bound() -> None:
    assert read_time("none", "--exclude-newer") is None
    assert read_time(" None ", "--exclude-newer") is None


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process can only be changed on POSIX")
def test_the_time_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for zone in ("Pacific/Kiritimati", "America/Los_Angeles", "UTC"):
            monkeypatch.setitem(os.environ, "TZ", zone)
            time.tzset()
            assert read_time("2023-06-01", "") == datetime(2023, 6, 2, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2023-06-01T12:00:00", "a time without an offset means another instant in every time zone"),
        ("last week", "it is neither a day nor a time with an offset"),
        ("2023-02-30", "it is neither a day nor a time with an offset"),
        ("9999-12-31", "it is neither a day nor a time with an offset"),
        ("", "it is neither a day nor a time with an offset"),
    ],
)
def test_what_is_no_instant_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_time(text, "--exclude-newer")
    assert caught.value.lines() == [
        f"error: time `{text}` cannot be read",
        "  where: --exclude-newer",
        f"  why:   {why}",
        "  how:   write `2023-06-01` (all of that day, in UTC), `2023-06-01T12:00:00Z`, or `none`",
    ]


def test_a_lock_hands_down_what_can_be_read() -> None:
    assert recorded_time(lock_with("2023-06-02T00:00:00Z")) == "2023-06-02T00:00:00Z"
    assert recorded_time(lock_with("some day")) is None
    assert recorded_time(lock_with(None)) is None
