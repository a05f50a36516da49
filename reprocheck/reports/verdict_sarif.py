"""A verdict for code scanning: one run in SARIF 2.1.0 with a result where something failed or is open.

A verdict is no finding in a file: what passed gives no result, what could not be made is a notification. Where nobody
could decide, the result is of the kind `open`. All stand at the record, since GitHub shows none without a place.
Sources: OASIS SARIF 2.1.0 errata 01 (§3.20 invocations, §3.27.9 kind, §3.27.10 level).
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.json_documents import Json
from reprocheck.model.verdicts import Check
from reprocheck.reports.json_text import inert_document
from reprocheck.reports.sarif import HOME, SCHEMA, unlinked
from reprocheck.reports.sarif_places import ROOT, physical
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_words import (
    cause_lines,
    divergence_lines,
    is_well,
    label_of,
    sentence_of,
    verdict_key,
)
from reprocheck.reports.visible import visible

NAME = "sarif"

_RULE = "verify"
_KINDS = {"not-reproduced": ("fail", "error"), "undecided": ("open", "none")}


def render(report: VerdictReport) -> str:
    """Return the log file."""
    verdict = report.verdict
    rule: dict[str, Json] = {
        "id": _RULE,
        "name": "reproduced",
        "shortDescription": {"text": "The recorded run gives the recorded numbers again."},
        "defaultConfiguration": {"level": "error"},
    }
    driver: dict[str, Json] = {
        "name": "reprocheck",
        "version": report.tool_version,
        "informationUri": HOME,
        "rules": [rule],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which reprocheck ran."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [*_notifications(report)]}],
        "results": [] if is_well(verdict) else [_result(report)],
        "properties": {"verdict": verdict.outcome},
    }
    return inert_document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _notifications(report: VerdictReport) -> Iterator[Json]:
    """Tell what was skipped and what is for review: the one is not the same as passed, the other fails nothing."""
    for check in report.verdict.checks:
        if check.status in ("skip", "review"):
            yield {"level": "note", "message": {"text": unlinked(_told(check))}}


def _told(check: Check) -> str:
    word = "was skipped" if check.status == "skip" else "is for review"
    return visible(f"{check.name} {word}: {check.detail}")


def _result(report: VerdictReport) -> Json:
    verdict = report.verdict
    kind, level = _KINDS[verdict.outcome]
    lines = [f"{label_of(verdict)}: {sentence_of(verdict)}", *divergence_lines(verdict), *cause_lines(verdict)]
    region: dict[str, Json] = {"startLine": 1, "startColumn": 1}
    return {
        "ruleId": _RULE,
        "ruleIndex": 0,
        "kind": kind,
        "level": level,
        "message": {"text": unlinked("\n".join(lines))},
        "locations": [{"physicalLocation": {"artifactLocation": physical(report.path), "region": region}}],
        "partialFingerprints": {"reprocheckVerdict/v1": verdict_key(verdict, report.path)},
    }
