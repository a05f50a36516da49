"""How `check` and `audit` print what they found, and which exit code follows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reprocheck import __version__
from reprocheck.cli.console import deliver, note, terminal_width, wants_color
from reprocheck.cli.options import AuditChoices
from reprocheck.cli.step_summary import append_summary
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS
from reprocheck.model.findings import Audit, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.registry import WITH_RULES, audit_format
from reprocheck.workflows.check import CheckOutcome, CheckRequest

if TYPE_CHECKING:
    # For annotations only, see below.
    from reprocheck.reports.rule_text import RuleText
    from reprocheck.rules.engine import Selection

_FOR_PEOPLE = ("full", "concise", "github")


def print_audit(outcome: CheckOutcome, request: CheckRequest, choices: AuditChoices) -> int:
    """Print the report and return the exit code."""
    name = choices.format_name or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "full")
    to_file = choices.output is not None
    report = AuditReport(
        audit=outcome.audit,
        tool_version=__version__,
        sources=outcome.sources,
        color=name == "full" and wants_color(choices.color, to_file=to_file),
        width=terminal_width(to_file=to_file) if name == "full" else None,
        rules=_rules(name, request.selection),
        fails_from=Severity(request.settings.min_severity),
        every_code=choices.verbose,
    )
    code = exit_code(outcome.audit, request, choices)
    if code or not choices.quiet or to_file:
        deliver(audit_format(name).render(report) + _statistics(name, outcome.audit, choices), choices.output)
        if name == "github":
            append_summary(report)
    return code


def _rules(name: str, selection: Selection) -> tuple[RuleText, ...]:
    """Return the rules that ran, for the formats that tell of them."""
    if name not in WITH_RULES:
        return ()
    # Imported where it is needed: most formats tell of findings alone.
    from reprocheck.workflows.rule_texts import rule_texts

    return rule_texts(selection)


def _statistics(name: str, audit: Audit, choices: AuditChoices) -> str:
    """Return what goes behind the report; where that is a document for programs, the table is a note instead."""
    if not choices.statistics:
        return ""
    # Imported where it is needed: few ask for it.
    from reprocheck.reports.statistics import statistics_lines

    lines = statistics_lines(audit)
    if name in _FOR_PEOPLE:
        return "".join(f"{line}\n" for line in ("", *lines) if lines)
    for line in lines:
        note(line)
    return ""


def exit_code(audit: Audit, request: CheckRequest, choices: AuditChoices) -> int:
    """Return 1 when something fails the check, else 0; the same in every format."""
    mildest = Severity(request.settings.min_severity).rank
    failing = any(finding.severity.rank <= mildest for finding in audit.findings)
    blind = any(skip.asked for skip in audit.skipped)
    lax = choices.strict and (blind or bool(audit.unused_suppressions))
    return EXIT_FINDINGS if (failing or lax) and not choices.exit_zero else EXIT_CLEAN
