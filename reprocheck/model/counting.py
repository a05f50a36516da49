"""Numbers of things in words."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return `1 rank`, and `2 ranks` for any other number; the noun takes a plain s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
