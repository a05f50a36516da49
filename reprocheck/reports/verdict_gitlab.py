"""A verdict for the Code Quality widget of GitLab: a row where something is wrong or open, none where all is well.

Source: docs.gitlab.com "Code Quality", report format of other tools.
"""

from __future__ import annotations

import json

from reprocheck.model.json_documents import Json
from reprocheck.reports.json_text import inert_json
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_words import is_well, label_of, sentence_of, verdict_key
from reprocheck.reports.visible import visible

NAME = "gitlab"

_SEVERITIES = {"not-reproduced": "critical", "undecided": "major"}


def render(report: VerdictReport) -> str:
    """Return a JSON array with one object, or an empty one."""
    rows = [] if is_well(report.verdict) else [_row(report)]
    return inert_json(json.dumps(rows, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def _row(report: VerdictReport) -> Json:
    verdict = report.verdict
    cause = "".join(f"; {cause.what}; fix: {cause.fix}" for cause in verdict.causes[:1])
    return {
        "description": visible(f"{label_of(verdict)}: {sentence_of(verdict)}{cause}"),
        "check_name": "reprocheck verify",
        "fingerprint": verdict_key(verdict, report.path),
        "severity": _SEVERITIES[verdict.outcome],
        "location": {"path": report.path, "lines": {"begin": 1}},
    }
