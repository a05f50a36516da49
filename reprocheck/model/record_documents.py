"""Write the record `reprocheck/record/1` as its JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprocheck.model.abridged_measurements import abridged_members
from reprocheck.model.json_documents import Json
from reprocheck.model.operations import OperationDigest, operations_document, operations_table
from reprocheck.model.optimizer_updates import updates_document
from reprocheck.model.records import AS_RANK_0, RECORD_SCHEMA, RankStep, Record, Run, decimal_of
from reprocheck.model.run_times import times_document
from reprocheck.model.watched_documents import watched_members


def record_document(record: Record) -> Mapping[str, Json]:
    """Return `record` as its JSON document."""
    table = operations_table([run.operations for run in record.runs])
    places = {digest: place for place, digest in enumerate(table)}
    operations: Mapping[str, Json] = (
        {"operations": [f"{digest.outcome} {digest.text}" for digest in table]} if table else {}
    )
    return {
        "schema": RECORD_SCHEMA,
        "fingerprint": record.fingerprint,
        "lock": record.lock,
        **(abridged_members(record.measured) if record.measured else {"probes": []}),
        "settings": {"device": record.device, "threads": record.threads},
        "runs": [_run(run, places) for run in record.runs],
        **operations,
    }


def _run(run: Run, places: Mapping[OperationDigest, int]) -> Mapping[str, Json]:
    plan = run.plan
    head: dict[str, Json] = {
        "workload": plan.workload,
        "dtype": plan.dtype,
        "world_size": plan.world_size,
        "seed": plan.seed,
        "step_count": plan.step_count,
        "learning_rate": plan.learning_rate,
        "first_scale": plan.first_scale,
        "revision": plan.revision,
    }
    if run.unsupported:
        return {**head, "status": "unsupported", "detail": run.unsupported}
    if run.operations:
        head["operations"] = operations_document(run.operations, places)
    head |= {
        "status": "recorded",
        "in_force": run.in_force,
        "tensors": [{"name": t.name, "dtype": t.dtype, "shape": t.shape} for t in run.tensors],
    }
    if run.updates:
        head["updates"] = updates_document(run.updates)
    if run.resumed:
        head["resumed"] = run.resumed
    if run.times:
        head["measured"] = times_document(run.times)
    if run.program:
        return {**head, **watched_members(run, run.program)}
    return {
        **head,
        "initial": [_marks(run.initial, rank) for rank in range(len(run.initial))],
        "steps": [
            {"step": number, "ranks": [_rank_step(step, rank) for rank in range(len(step))]}
            for number, step in enumerate(run.steps)
        ],
    }


def _rank_step(step: Sequence[RankStep], rank: int) -> Mapping[str, Json]:
    seen = step[rank]
    return {
        "data": seen.data,
        "loss": _measured(seen.loss),
        "loss_scale": seen.loss_scale,
        "gradients": _marks([one.gradients for one in step], rank),
        "gradient_norm": _measured(seen.gradient_norm),
        "learning_rate": seen.learning_rate,
        "skipped": seen.skipped,
        "parameters": _marks([one.parameters for one in step], rank),
    }


def _measured(hex_float: str) -> Mapping[str, Json]:
    return {"hex": hex_float, "decimal": decimal_of(hex_float)}


def _marks(of_ranks: Sequence[tuple[str, ...]], rank: int) -> Json:
    """Return the marks, or a reference where a later rank holds the same as the first: ranks mostly agree."""
    return AS_RANK_0 if rank and of_ranks[rank] == of_ranks[0] else of_ranks[rank]
