"""Edits as SARIF fixes, which sites offer to apply: whole lines of environment files.

A fix is left out where a line holds a credential: the report goes where the file may not.
Source: SARIF 2.1.0 §3.30 (regions; no length is an insertion), §3.55 to §3.57 (fix, artifactChange, replacement).
"""

from __future__ import annotations

from itertools import groupby

from reprocheck.model.findings import Edit, Finding
from reprocheck.model.json_documents import Json
from reprocheck.model.redaction import public_line
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.sarif_places import physical
from reprocheck.reports.visible import visible


def fixes(finding: Finding, report: AuditReport) -> list[Json]:
    """Return the one fix of a finding, whose edits belong together; none where there is none to show."""
    if not finding.edits or not all(_may_be_shown(edit, report) for edit in finding.edits):
        return []
    ordered = sorted(finding.edits, key=lambda edit: (edit.path, edit.first))
    changes: list[Json] = [
        {"artifactLocation": physical(path), "replacements": [_replacement(edit) for edit in edits]}
        for path, edits in groupby(ordered, key=lambda edit: edit.path)
    ]
    described = {"description": {"text": visible(" ".join(finding.fix.split()))}} if finding.fix else {}
    return [{**described, "artifactChanges": changes}]


def _may_be_shown(edit: Edit, report: AuditReport) -> bool:
    return edit.path in report.sources and all(public_line(line) == line for line in edit.lines)


def _replacement(edit: Edit) -> Json:
    """Name the lines up to the start of the next one; their ends go with them."""
    text = "".join(f"{line}\n" for line in edit.lines)
    region = {"startLine": edit.first, "startColumn": 1, "endLine": edit.last + 1, "endColumn": 1}
    return {"deletedRegion": region, "insertedContent": {"text": text}} if text else {"deletedRegion": region}
