"""What every audit format is given, and what a format is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Audit, Severity

if TYPE_CHECKING:
    # For annotations only: most formats need no rules.
    from reprocheck.reports.rule_text import RuleText


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """An audit with what its rendering needs.

    `sources` are the lines of the environment files, by path, without credentials. `width` is that of a terminal in
    columns; without one, lines are as long as they are. `rules` are those that ran, for the formats that need them
    (`registry.WITH_RULES`). Findings milder than `fails_from` fail nothing. `every_code` names each skipped rule, where
    a reader at a terminal is told how many they are.
    """

    audit: Audit
    tool_version: str
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    color: bool = False
    width: int | None = None
    rules: tuple[RuleText, ...] = ()
    fails_from: Severity = Severity.WARNING
    every_code: bool = False


class AuditFormat(Protocol):
    """A module of this folder that renders audits."""

    NAME: str

    def render(self, report: AuditReport) -> str:
        """Return the text, ending in a newline."""
        ...
