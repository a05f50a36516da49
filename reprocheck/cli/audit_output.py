"""How `check` and `audit` print what they found, and which exit code follows."""

from __future__ import annotations

import os

from reprocheck import __version__
from reprocheck.cli.console import deliver, wants_color
from reprocheck.cli.options import AuditChoices
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS
from reprocheck.model.findings import Audit, Severity
from reprocheck.model.settings import Settings
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.registry import audit_format
from reprocheck.workflows.check import CheckOutcome


def print_audit(outcome: CheckOutcome, choices: AuditChoices, settings: Settings) -> int:
    """Print the report and return the exit code."""
    name = choices.format_name or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "full")
    report = AuditReport(
        audit=outcome.audit,
        tool_version=__version__,
        sources=outcome.sources,
        color=name == "full" and wants_color(choices.color, to_file=choices.output is not None),
    )
    code = exit_code(outcome.audit, choices, Severity(choices.min_severity or settings.min_severity))
    if code or not choices.quiet or choices.output is not None:
        deliver(audit_format(name).render(report), choices.output)
    return code


def exit_code(audit: Audit, choices: AuditChoices, fails_from: Severity) -> int:
    """Return 1 when something fails the check, else 0; the same in every format."""
    failing = any(finding.severity.rank <= fails_from.rank for finding in audit.findings)
    blind = choices.strict and bool(audit.skipped)
    return EXIT_FINDINGS if (failing or blind) and not choices.exit_zero else EXIT_CLEAN
