"""A finding, and what sums findings up, as JSON values."""

from __future__ import annotations

from reprocheck.model.findings import Audit, Finding, Location, PackageRef, Severity, Suppression
from reprocheck.model.json_documents import Json


def finding_json(finding: Finding) -> dict[str, Json]:
    """Return everything that is known of a finding but the lines of its edits, which may hold secrets."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "location": _location(finding.location),
        "related": [{"location": _location(item.location), "message": item.message} for item in finding.related],
        "packages": [_package(package) for package in finding.packages],
        "platforms": list(finding.platforms),
        "evidence": list(finding.evidence),
        "fix": finding.fix,
        "fixable": _fixable(finding),
        "paths": [[_package(package) for package in path] for path in finding.paths],
    }


def closing_json(audit: Audit) -> dict[str, Json]:
    """Return what follows the findings: skipped rules, comments that allow nothing, counts."""
    counts: dict[str, Json] = {severity.value: audit.count(severity) for severity in Severity}
    not_shown: dict[str, Json] = {
        "skipped": len(audit.skipped),
        "suppressed": audit.suppressed,
        "known": audit.known,
        "fixed": audit.fixed,
    }
    return {
        "skipped": [{"code": skip.code, "reason": skip.reason} for skip in audit.skipped],
        "unused_suppressions": [_suppression(one) for one in audit.unused_suppressions],
        "summary": {**counts, **not_shown},
    }


def _fixable(finding: Finding) -> str | None:
    if not finding.edits:
        return None
    return "safe" if finding.has_safe_fix else "unsafe"


def _package(package: PackageRef) -> Json:
    return {
        "manager": package.manager,
        "name": package.name,
        "version": package.version,
        "platform": package.platform,
    }


def _suppression(suppression: Suppression) -> Json:
    return {
        "location": _location(suppression.location),
        "code": suppression.code,
        "state": suppression.state,
        "hint": suppression.hint,
    }


def _location(location: Location) -> Json:
    return {"path": location.path, "line": location.line, "column": location.column}
