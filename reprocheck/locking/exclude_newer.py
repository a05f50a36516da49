"""Time travel: a day or an instant after which nothing is uploaded, as far as a lock is concerned.

Everything is UTC: a lock must not depend on the time zone of the machine that solved it. A day means the whole of
it, so `2023-06-01` ends at midnight UTC, when the second of June begins; the bound itself is outside.
Source: RFC 3339, section 5.6.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from reprocheck.errors import UsageError
from reprocheck.model.locks import EXCLUDE_NEWER_KEY, Lock

NOW = "none"  # said to lift a bound that the lock records


def read_time(text: str, where: str) -> datetime | None:
    """Return the bound in UTC, None for `none`.

    Raises:
        UsageError: neither a day, nor a time with an offset, nor `none`.
    """
    plain = text.strip()
    if plain.lower() == NOW:
        return None
    try:
        moment = _end_of_day(plain) if len(plain) == len("2023-06-01") else datetime.fromisoformat(plain)
        if moment.tzinfo is None:
            raise _unreadable(text, where, "a time without an offset means another instant in every time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _unreadable(text, where, "it is neither a day nor a time with an offset") from error


def _end_of_day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(days=1)


def format_time(moment: datetime) -> str:
    """Return an instant as the lock records it and as uv reads it: `2023-06-02T00:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="auto").replace("+00:00", "Z")


def recorded_time(lock: Lock) -> str | None:
    """Return the bound that `lock` was solved with, None where it had none or nobody can read it."""
    text = lock.custom(EXCLUDE_NEWER_KEY)
    try:
        return text if text and read_time(text, "") else None
    except UsageError:
        return None


def _unreadable(text: str, where: str, why: str) -> UsageError:
    return UsageError(
        f"time `{text}` cannot be read",
        where=where,
        why=why,
        how="write `2023-06-01` (all of that day, in UTC), `2023-06-01T12:00:00Z`, or `none`",
    )
