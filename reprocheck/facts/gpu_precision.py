"""Which precisions a GPU computes in hardware.

Source: CUDA Programming Guide §5.1; the table names its sources row by row.
"""

from __future__ import annotations

from reprocheck.facts.cuda_versions import numbers
from reprocheck.facts.tables import Row, rows_of, text

PRECISIONS = ("fp32", "tf32", "bf16", "fp16", "fp8", "fp4")


def lacking(precision: str, compute_capability: str) -> Row | None:
    """Return the row of a precision that a GPU does not compute natively, None where it does; fp32 runs everywhere.

    `compute_capability` reads `7.5`; one that is newer than the table has what its predecessors have.
    """
    for row in rows_of("gpu_precision", "precisions"):
        if text(row, "precision") == precision and numbers(compute_capability) < numbers(text(row, "native_from")):
            return row
    return None
