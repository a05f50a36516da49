"""Write the record `reprocheck/record/1` as its JSON document."""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.model.abridged_measurements import abridged_members
from reprocheck.model.envelopes import envelope_document
from reprocheck.model.json_documents import Json
from reprocheck.model.operations import OperationDigest, operations_document, operations_table
from reprocheck.model.optimizer_updates import updates_document
from reprocheck.model.records import RECORD_SCHEMA, Record, Run
from reprocheck.model.run_references import referring
from reprocheck.model.run_times import times_document
from reprocheck.model.watched_documents import rank_members, watched_members


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
        "runs": referring([_run(run, places) for run in record.runs], [run.plan.name for run in record.runs]),
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
    if run.envelope:
        head["envelope"] = envelope_document(run.envelope)
    if run.program:
        return {**head, **watched_members(run, run.program)}
    return {**head, "ranks": rank_members(run)}
