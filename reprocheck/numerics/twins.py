"""What mixed precision hides, and what a stop in the middle changes: a run is held against another of its record.

The noise of bf16 and fp16 covers small faults of logic that the same run in fp32 shows: a pass by envelope is one only
together with its fp32 twin. A run that resumes must give the bits of the one without a stop, wherever it did so in the
record: no platform has a say in that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reprocheck.model.records import COMMAND, Run, RunPlan
from reprocheck.model.verdicts import Check
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.runs import twin_of, uninterrupted

CHECK = "resumed"
AS_WITHOUT = "as without a stop"


def held_against_twins(runs: Sequence[Run], checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return `checks`, where a run in mixed precision that passes by its envelope alone says how its twin fared."""
    found = {run.plan: check for run, check in zip(runs, checks, strict=True)}
    return tuple(_with_twin(run, check, found) for run, check in zip(runs, checks, strict=True))


def _with_twin(run: Run, check: Check, found: Mapping[RunPlan, Check]) -> Check:
    twin = None if run.plan.workload == COMMAND else twin_of(run.plan)
    if twin is None or not check.ratio or check.status == "fail":
        return check
    other = found.get(twin)
    if other is None or other.status == "skip":
        return replace(check, status="review", detail=f"{check.detail}; its twin `{twin.name}` was not compared")
    if other.status == "fail":
        detail = f"{check.detail}; its twin `{twin.name}` fails, and what fails there is hidden here"
        return replace(check, status="review", detail=detail)
    return replace(check, detail=f"{check.detail}; its twin `{twin.name}` passes too")


def with_resumption(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return `runs`, where one that resumes says how it lies to the one without a stop, if that is there."""
    return tuple(replace(run, resumed=resumption(run, runs)) for run in runs)


def resumption(run: Run, runs: Sequence[Run]) -> str:
    """Return `AS_WITHOUT`, or where a run that resumes parts from the one without a stop; empty for other runs."""
    whole = None if run.plan.workload == COMMAND else uninterrupted(run.plan)
    other = next((each for each in runs if each.plan == whole), None)
    if other is None or not run.steps or not other.steps:
        return ""
    parting = first_divergence(other, run)
    if parting is None:
        return AS_WITHOUT
    return f"otherwise from step {parting.step} on, rank {parting.rank}: {parting.phase}, {parting.quantity}"


def resumption_check(recorded: Sequence[Run], observed: Sequence[Run]) -> Check | None:
    """Return whether runs resume here as they did in the record, None where the record has none that resumes."""
    pairs = [(left, resumption(right, observed)) for left, right in zip(recorded, observed, strict=True)]
    told = [(run, here) for run, here in pairs if run.resumed and here]
    if not told:
        return None
    broken = [(run, here) for run, here in told if run.resumed == AS_WITHOUT != here]
    if broken:
        run, here = broken[0]
        return Check(name=CHECK, status="fail", detail=f"{run.plan.name}: {here}; in the record {AS_WITHOUT}")
    parted = [run.plan.name for run, here in told if here != AS_WITHOUT]
    more = f", but {', '.join(parted)} otherwise, as in the record" if parted else ""
    return Check(name=CHECK, status="pass", detail=f"{len(told) - len(parted)} of {len(told)} {AS_WITHOUT}{more}")
