"""JSON reports hold nothing that a terminal or a CI system acts upon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import reprocheck.reports.json_text
from reprocheck.reports.json_text import inert_document

REPORTS = Path(reprocheck.reports.json_text.__file__).parent
HOSTILE = "a\u202eb\u2028c ##[error]d ##vso[x]e \x1b[31m \ud800 f"


def test_a_document_means_the_same_and_shows_nothing_hidden() -> None:
    text = inert_document({"schema": "reprocheck/test/1", HOSTILE: [HOSTILE]})
    assert json.loads(text) == {"schema": "reprocheck/test/1", HOSTILE: [HOSTILE]}
    assert text.isascii()
    assert "##[" not in text
    assert "##vso[" not in text


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*.py")), ids=lambda path: str(path.stem))
def test_no_report_writes_a_document_past_it(path: Path) -> None:
    """Pages of rules are our own text; everything else may hold names that anybody chose."""
    direct = "dump_document(" in path.read_text(encoding="utf-8")
    assert direct == (path.stem in ("json_text", "rule_pages"))
