"""Probes under TF32."""

from __future__ import annotations

import functools
from typing import Callable

from ..tensor_float import tf32
from .probe import Bench, Outputs


def allowed(bench: Bench, run: Callable[[], Outputs]) -> Callable[[], Outputs]:
    """Return `run`, under TF32 where that is the dtype of the bench, and as the process is set otherwise."""
    return functools.partial(_run_in_tf32, run) if bench.dtype_name == "tf32" else run


def _run_in_tf32(run: Callable[[], Outputs]) -> Outputs:
    with tf32():
        return run()
