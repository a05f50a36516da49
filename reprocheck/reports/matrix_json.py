"""The matrix for programs: the document `reprocheck/matrix/1`.

`tables[]` are the platforms with one and the same table. `drivers[]` are its columns, from branch `first` to `last`,
`open_end` where newer ones follow; `gpus[].cells[]` stand in their order. `verdict` is `runs`, `limited`, `no` or
`unknown`; a reason names the rule that finds the same in an audit, null where none does.
"""

from __future__ import annotations

from reprocheck.model.json_documents import Json
from reprocheck.model.judgements import KINDS, Judgement
from reprocheck.model.matrices import GpuRow, Matrix, PlatformTable
from reprocheck.reports.json_text import inert_document

NAME = "json"
SCHEMA = "reprocheck/matrix/1"


def render(matrix: Matrix) -> str:
    """Return the document; control characters are escaped by JSON itself."""
    return inert_document({"schema": SCHEMA, "lock": matrix.lock, "tables": [_table(table) for table in matrix.tables]})


def _table(table: PlatformTable) -> Json:
    return {
        "platforms": list(table.platforms),
        "without_cuda": table.without_cuda or None,
        "cuda": table.cuda or None,
        "driver_floor": table.driver or None,
        "evidence": list(table.evidence),
        "torch": table.torch or None,
        "kernels": table.kernels or None,
        "cudnn": table.cudnn or None,
        "drivers": [
            {"first": column.first, "last": column.last, "open_end": column.open_end} for column in table.columns
        ],
        "gpus": [_gpu(row) for row in table.rows],
    }


def _gpu(row: GpuRow) -> Json:
    return {
        "name": row.name,
        "compute_capability": row.compute_capability,
        "told": row.told,
        "drivers": {"first": row.drivers[0] or None, "last": row.drivers[1] or None},
        "cells": [_cell(judgement) for judgement in row.cells],
    }


def _cell(judgement: Judgement) -> Json:
    reasons: list[Json] = [
        {"kind": reason.kind, "rule": KINDS[reason.kind].rule, "said": reason.said} for reason in judgement.reasons
    ]
    return {"verdict": judgement.verdict, "reasons": reasons}
