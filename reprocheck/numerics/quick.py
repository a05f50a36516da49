"""The beginning of a record: what `verify --quick` repeats."""

from __future__ import annotations

from dataclasses import replace

from reprocheck.model.records import Record, Run

QUICK_STEPS = 20


def first_steps(record: Record, count: int = QUICK_STEPS) -> Record:
    """Return the record as if every run had ended after `count` steps; a shorter one stays as it is."""
    return replace(record, runs=tuple(_cut(run, count) for run in record.runs))


def _cut(run: Run, count: int) -> Run:
    plan = replace(run.plan, step_count=min(run.plan.step_count, count))
    return replace(run, plan=plan, steps=run.steps[:count])
