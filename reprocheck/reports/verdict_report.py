"""What every format of a verdict is given, and what such a format is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reprocheck.model.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReport:
    """A verdict with what its rendering needs; `path` is that of the record, as it was given."""

    verdict: Verdict
    path: str
    tool_version: str
    color: bool = False


class VerdictFormat(Protocol):
    """A module of this folder that renders verdicts."""

    NAME: str

    def render(self, report: VerdictReport) -> str:
        """Return the text, ending in a newline."""
        ...
