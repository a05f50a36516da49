"""gloo's all_reduce among threads of this process, over loopback: the order depends on the ranks and on the position.

What the ranks hold cancels, so the sum is rounding noise. Legend: R ranks, N elements.
"""

from __future__ import annotations

import datetime
import functools
import threading
from typing import Any, List

import torch

from ..inputs import SPREAD, mirrored, summed_scale, wide
from .probe import CPU_ONLY, Bench, Case, Probe, in_dtypes

FAMILY = "all-reduce"
COUNT = 1000
TIMEOUT_S = 20


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "gloo-3-ranks", ("fp32", "bf16"), functools.partial(_gloo, ranks=3), CPU_ONLY),
        *in_dtypes(FAMILY, "gloo-4-ranks", ("fp32",), functools.partial(_gloo, ranks=4), CPU_ONLY),
    ]


def _gloo(bench: Bench, ranks: int) -> Case:
    """The groups are joined once; a run is one all_reduce of fresh copies, and the answer of the first rank."""
    held_RN = wide(bench.key("all-reduce", ranks), (ranks, COUNT), bench.dtype)
    groups = _joined(ranks)

    def run() -> torch.Tensor:
        parts = [part_N.clone() for part_N in held_RN.unbind(0)]
        works = [group.allreduce([part_N]) for group, part_N in zip(groups, parts)]
        for work in works:
            work.wait(datetime.timedelta(seconds=TIMEOUT_S))
        return parts[0]

    return Case(run=run, scale=summed_scale(ranks, SPREAD))
