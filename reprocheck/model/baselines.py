"""Findings that are known: what a baseline holds of them, and how a finding is told from another by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reprocheck.model.findings import Finding, Severity

BASELINE_SCHEMA = "reprocheck/baseline/1"


class Key(NamedTuple):
    """What a known finding is recognised by. Empty strings where a finding names no package, or no platform."""

    code: str
    path: str
    manager: str
    package: str
    platform: str


class Known(NamedTuple):
    """How often a key is known, and the worst severity of it: a finding that got worse is a new one."""

    key: Key
    severity: Severity
    times: int


def keys_of(finding: Finding, portable: Callable[[str], str]) -> Iterator[Key]:
    """Yield every key of a finding, each once: one for each of its packages on each of its platforms.

    `portable` turns the path of a file into the one that a baseline holds.
    """
    path, everywhere = portable(finding.location.path), finding.platforms or ("",)
    if not finding.packages:
        yield from (Key(finding.code, path, "", "", platform) for platform in dict.fromkeys(everywhere))
    told: set[Key] = set()
    for package in finding.packages:
        for platform in (package.platform,) if package.platform else everywhere:
            key = Key(finding.code, path, package.manager, package.name, platform)
            if key not in told:
                told.add(key)
                yield key
