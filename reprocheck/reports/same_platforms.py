"""Platforms of which the same is to be said are told together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.reports.visible import visible

PLATFORMS = "\x00"  # where their names go; visible text holds no such character


def told_together(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the different texts of (platform, text) pairs, each with all of its platforms in the first line."""
    told: dict[str, list[str]] = {}
    for platform, text in texts:
        told.setdefault(text, []).append(platform)
    for text, platforms in told.items():
        yield text.replace(PLATFORMS, ", ".join(map(visible, platforms)), 1)
