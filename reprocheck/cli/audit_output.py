"""How `check` and `audit` print what they found, and which exit code follows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reprocheck import __version__
from reprocheck.cli.console import deliver, note, text_width, wants_color
from reprocheck.cli.options import AuditChoices, make_selection
from reprocheck.cli.step_summary import append_summary
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS
from reprocheck.model.findings import Audit, Severity
from reprocheck.model.settings import Settings
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.registry import WITH_RULES, audit_format
from reprocheck.workflows.check import CheckOutcome

if TYPE_CHECKING:
    # For annotations only, see below.
    from reprocheck.reports.rule_text import RuleText

_FOR_PEOPLE = ("full", "concise", "github")


def print_audit(outcome: CheckOutcome, choices: AuditChoices, settings: Settings) -> int:
    """Print the report and return the exit code."""
    name = choices.format_name or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "full")
    fails_from = _fails_from(choices, settings)
    to_file = choices.output is not None
    report = AuditReport(
        audit=outcome.audit,
        tool_version=__version__,
        sources=outcome.sources,
        color=name == "full" and wants_color(choices.color, to_file=to_file),
        width=text_width(to_file=to_file) if name == "full" else None,
        rules=_rules(name, choices, settings),
        fails_from=fails_from,
        every_code=choices.verbose,
    )
    code = exit_code(outcome.audit, choices, fails_from)
    if code or not choices.quiet or to_file:
        deliver(audit_format(name).render(report) + _statistics(name, outcome.audit, choices), choices.output)
        if name == "github":
            append_summary(report)
    return code


def _rules(name: str, choices: AuditChoices, settings: Settings) -> tuple[RuleText, ...]:
    """Return the rules that ran, for the formats that tell of them."""
    if name not in WITH_RULES:
        return ()
    # Imported where it is needed: most formats tell of findings alone.
    from reprocheck.workflows.rule_texts import rule_texts

    return rule_texts(make_selection(choices, settings))


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


def exit_code_of(audit: Audit, choices: AuditChoices, settings: Settings) -> int:
    """Return the exit code of an audit whose report is not printed."""
    return exit_code(audit, choices, _fails_from(choices, settings))


def _fails_from(choices: AuditChoices, settings: Settings) -> Severity:
    return Severity(choices.min_severity or settings.min_severity)


def exit_code(audit: Audit, choices: AuditChoices, fails_from: Severity) -> int:
    """Return 1 when something fails the check, else 0; the same in every format."""
    failing = any(finding.severity.rank <= fails_from.rank for finding in audit.findings)
    blind = any(skip.asked for skip in audit.skipped)
    lax = choices.strict and (blind or bool(audit.unused_suppressions))
    return EXIT_FINDINGS if (failing or lax) and not choices.exit_zero else EXIT_CLEAN
