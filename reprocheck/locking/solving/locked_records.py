"""From what a solver says of a package to the entry of a lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.model.redaction import public_url


def owner_of(url: str, channels: Sequence[CondaChannel]) -> CondaChannel | None:
    """Return the channel that a package URL (`BASE/PLATFORM/FILE`) belongs to, also where its secrets were masked."""
    base = url.rsplit("/", 2)[0]
    exact = (channel for channel in channels if channel.base == base)
    masked = (channel for channel in channels if public_url(channel.base) == public_url(base))
    return next(exact, None) or next(masked, None)


def public_package_url(url: str, channels: Sequence[CondaChannel]) -> str:
    """Return a package's URL as a lock may hold it: on the canonical host, without credentials."""
    owner = owner_of(url, channels)
    return public_url("/".join([owner.public_base, *url.rsplit("/", 2)[1:]]) if owner else url)


def merged_dependencies(depends: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (name, constraint) pairs sorted by name; two constraints on one name become one, joined by a comma."""
    merged: dict[str, str] = {}
    for text in depends:
        name, _, constraint = text.strip().partition(" ")
        both = [part for part in (merged.get(name), constraint.strip()) if part]
        # A build string cannot be joined: the last of two such constraints stands, as conda-lock has it.
        merged[name] = ",".join(both) if not any(" " in part for part in both) else both[-1]
    return tuple(sorted(merged.items()))
