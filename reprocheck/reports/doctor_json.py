"""The answers of the doctor as a document, `reprocheck/doctor/1`: no host, path or user in it, and no float."""

from __future__ import annotations

from collections.abc import Mapping

import reprocheck
from reprocheck.model.doctors import STATUSES, Answer, Checkup
from reprocheck.model.json_documents import Json
from reprocheck.reports.json_text import inert_document

SCHEMA = "reprocheck/doctor/1"


def render_doctor_json(checkup: Checkup) -> str:
    """Return the document as text; speeds are in permille of that of fp32, times in nanoseconds."""
    return inert_document(
        {
            "schema": SCHEMA,
            "tool": {"name": "reprocheck", "version": reprocheck.__version__},
            "answers": [_answer(answer) for answer in checkup.answers],
            "summary": {status: checkup.count(status) for status in STATUSES},
        }
    )


def _answer(answer: Answer) -> Mapping[str, Json]:
    return {
        "question": answer.question,
        "status": answer.status,
        "detail": answer.detail,
        "fix": answer.fix,
        "byDesign": answer.by_design,
        "measured": answer.measured,
    }
