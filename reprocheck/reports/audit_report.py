"""What every audit format is given, and what a format is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reprocheck.model.findings import Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """An audit with what its rendering needs: source lines for excerpts (path to lines), colour."""

    audit: Audit
    tool_version: str
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    color: bool = False


class AuditFormat(Protocol):
    """A module of this folder that renders audits."""

    NAME: str

    def render(self, report: AuditReport) -> str:
        """Return the text, ending in a newline."""
        ...
