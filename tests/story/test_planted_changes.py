"""Programs as tutorials write them repeat themselves bit for bit, and every planted change is told as what it is."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from reprocheck.model.records import Record
from tests.planted_changes import CHANGES, PROGRAMS, Change
from tests.planted_truth import told
from tests.watched_programs import judged, reference, verdict_on

pytestmark = pytest.mark.usefixtures("one_thread")
KINDS = tuple(dict.fromkeys((change.program, change.ranks) for change in CHANGES))


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the programs from waiting for each other's threads; torchrun does so by itself."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@functools.cache
def recorded(program: str, ranks: int) -> Record:
    return reference(program, ranks)


@pytest.mark.parametrize(("program", "ranks"), KINDS)
def test_a_program_that_nobody_changed_is_bitwise(program: str, ranks: int) -> None:
    verdict = judged(recorded(program, ranks), PROGRAMS / program, ranks)
    assert (verdict.outcome, verdict.causes) == ("bitwise", ())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_planted_change_is_found_at_its_step_in_its_phase_with_its_cause(change: Change, tmp_path: Path) -> None:
    verdict = verdict_on(change, recorded(change.program, change.ranks), tmp_path)
    right, line = told(change, verdict)
    assert right, line
    assert verdict.outcome == "not-reproduced"
