"""Findings for code scanning: one run in SARIF 2.1.0.

GitHub shows no result without a place in a file, refuses empty strings, and reads `message.text`, so evidence and fix
stand there, too. Columns count characters. Paths in the graph have no place in a file and are text.
Sources: OASIS SARIF 2.1.0 errata 01 (§3.4 artifact locations, §3.11 messages, §3.20 invocations, §3.27 results, §3.55
fixes); docs.github.com "SARIF support for code scanning".
"""

from __future__ import annotations

from reprocheck.model.findings import Finding, Location, PackageRef, Skipped
from reprocheck.model.json_documents import Json
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.finding_keys import finding_keys
from reprocheck.reports.json_text import inert_document
from reprocheck.reports.package_paths import path_lines
from reprocheck.reports.sarif_fixes import fixes
from reprocheck.reports.sarif_places import ROOT, physical
from reprocheck.reports.sarif_rules import LEVELS, descriptors
from reprocheck.reports.visible import visible

NAME = "sarif"

MOST_RELATED = 100  # GitHub takes 1,000 locations of a result and shows 100.
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/reprocheck/reprocheck"


def render(report: AuditReport) -> str:
    """Return the log file."""
    findings = report.audit.findings
    rules = descriptors(report)
    index = {str(rule["id"]): number for number, rule in enumerate(rules)}
    run: dict[str, Json] = {
        "tool": {
            "driver": {
                "name": "reprocheck",
                "version": report.tool_version,
                "informationUri": HOME,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which reprocheck ran."}}},
        "invocations": [_invocation(report, index)],
        "results": [
            _result(finding, key, index[finding.code], report)
            for finding, key in zip(findings, finding_keys(findings), strict=True)
        ],
    }
    return inert_document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _invocation(report: AuditReport, index: dict[str, int]) -> Json:
    """Tell of the rules that could not look: that is not the same as nothing found."""
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": [_skip(skip, index[skip.code]) for skip in report.audit.skipped],
    }


def _skip(skip: Skipped, index: int) -> Json:
    return {
        "level": "note",
        "message": {"text": unlinked(f"{skip.code} was skipped: {visible(skip.reason)}")},
        "associatedRule": {"id": skip.code, "index": index},
    }


def _result(finding: Finding, key: str, index: int, report: AuditReport) -> Json:
    related = [
        {**_place(place.location), "id": number, "message": {"text": unlinked(visible(place.message) or "see here")}}
        for number, place in enumerate(finding.related[:MOST_RELATED])
    ]
    result: dict[str, Json] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": unlinked(_told(finding, report))},
        "locations": [_place(finding.location)],
        "partialFingerprints": {"reprocheckFinding/v1": key},
        "properties": _properties(finding),
    }
    if related:
        result["relatedLocations"] = related
    mends = fixes(finding, report)
    if mends:
        result["fixes"] = mends
    return result


def _told(finding: Finding, report: AuditReport) -> str:
    """Return the message, then how it came in, what shows it and how to mend it, a line each."""
    lines = [visible(finding.message), *path_lines(finding, report), *map(visible, finding.evidence)]
    fix = [visible(line) for line in finding.fix.split("\n")] if finding.fix else []
    return "\n".join([*lines, *(f"fix: {line}" for line in fix)])


def _properties(finding: Finding) -> Json:
    return {
        "confidence": finding.confidence.value,
        "packages": [_purl_like(package) for package in finding.packages],
        "platforms": [visible(platform) for platform in finding.platforms],
    }


def _purl_like(package: PackageRef) -> str:
    parts = (package.manager, package.platform, package.name, package.version)
    return visible(" ".join(filter(None, parts)))


def _place(location: Location) -> dict[str, Json]:
    region: dict[str, Json] = {"startLine": location.line, "startColumn": location.column}
    return {"physicalLocation": {"artifactLocation": physical(location.path), "region": region}}


def unlinked(text: str) -> str:
    """In a message `[text](address)` is a link, also to anywhere (§3.11.6)."""
    return text.replace("](", "] (")
