"""Which GPUs a cuDNN release still, or already, runs on.

Source: NVIDIA cuDNN support matrices; the table names its sources row by row.
"""

from __future__ import annotations

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import firm_rows, text


def oldest_gpu(cudnn: Numbers) -> Numbers | None:
    """Return the oldest compute capability that a cuDNN release runs on, None for one older than the table."""
    known = [row for row in firm_rows("cudnn", "releases") if numbers(text(row, "first")) <= cudnn]
    return numbers(text(known[-1], "min_cc")) if known else None


def dropped_by(compute_capability: Numbers) -> str | None:
    """Return the first cuDNN that dropped a GPU, None where none has."""
    rows = firm_rows("cudnn", "releases")
    dropped = (text(row, "first") for row in rows if numbers(text(row, "min_cc")) > compute_capability)
    return next(dropped, None)


def first_for(compute_capability: Numbers) -> str | None:
    """Return the cuDNN that brought the generation of a GPU, None for a generation that the table does not date."""
    known = [row for row in firm_rows("cudnn", "gpu_support") if numbers(text(row, "cc")) <= compute_capability]
    return text(known[-1], "first") if known else None
