"""Rules as SARIF describes them: their pages as plain text and as Markdown.

Source: SARIF 2.1.0 §3.49 (reportingDescriptor), §3.50 (reportingConfiguration); docs.github.com "SARIF support for code
scanning" (`precision`, `problem.severity`, `tags`).
"""

from __future__ import annotations

from reprocheck.model.findings import Confidence, Severity
from reprocheck.model.json_documents import Json
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.rule_pages import markdown_page
from reprocheck.reports.rule_text import RuleText, first_sentence, sections

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "high", Confidence.LOW: "medium"}


def descriptors(report: AuditReport) -> list[dict[str, Json]]:
    """Return every rule that ran, in the order of codes; one whose page is not at hand has its code alone."""
    known = {rule.code: rule for rule in report.rules}
    audit = report.audit
    codes = sorted(known.keys() | {finding.code for finding in audit.findings} | {skip.code for skip in audit.skipped})
    return [_descriptor(known[code]) if code in known else {"id": code} for code in codes]


def _descriptor(rule: RuleText) -> dict[str, Json]:
    what = sections(rule).get("What it checks", first_sentence(rule))
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": first_sentence(rule)},
        "fullDescription": {"text": " ".join(what.split())},
        "help": {"text": rule.page, "markdown": markdown_page(rule)},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "precision": _PRECISION[rule.confidence],
            "problem.severity": _PROBLEMS[rule.severity],
            "tags": [rule.family],
        },
    }
