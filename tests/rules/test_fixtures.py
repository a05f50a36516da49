"""Each case of `fixtures/rules` is a test: what the rule says about it stands beside it, whole.

`python tests/update_fixtures.py` writes the expected texts anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.model.findings import Audit

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
UPDATE = "REPROCHECK_UPDATE_FIXTURES"


def cases(kind: str) -> list[Path]:
    found = CASES.glob(f"rc*/{kind}/*")
    return sorted(path for path in found if path.is_dir() or path.suffix == ".yml")


def expected_file(case: Path) -> Path:
    return case / "expected.out" if case.is_dir() else case.with_suffix(".out")


def named(case: Path) -> str:
    return "-".join(case.relative_to(CASES).parts)


def compare(case: Path, text: str) -> None:
    if os.environ.get(UPDATE):
        expected_file(case).write_text(text, encoding="utf-8")
    assert text == expected_file(case).read_text(encoding="utf-8")


@pytest.mark.parametrize("case", cases("fires"), ids=named)
def test_a_case_that_must_fire_fires(case: Path, audit_case: Callable[[Path, str], tuple[Audit, str]]) -> None:
    code = case.parts[-3].upper()
    audit, text = audit_case(case, code)
    assert {finding.code for finding in audit.findings} == {code}
    compare(case, text)


@pytest.mark.parametrize("case", cases("silent"), ids=named)
def test_a_near_miss_stays_silent(case: Path, audit_case: Callable[[Path, str], tuple[Audit, str]]) -> None:
    audit, text = audit_case(case, case.parts[-3].upper())
    assert audit.findings == ()
    assert audit.skipped == ()  # silent because all is well, not because the rule could not look
    compare(case, text)
