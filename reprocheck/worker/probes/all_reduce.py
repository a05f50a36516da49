"""gloo's all_reduce among threads of this process, over loopback: the order depends on the ranks and on the position.

What the ranks hold is wide, so another order rounds otherwise. Legend: R ranks, N elements.
"""

from __future__ import annotations

import datetime
import functools
import threading
from typing import Any, List

import torch

from ..inputs import SPREAD, summed_scale, wide
from .probe import CPU_ONLY, Bench, Case, Probe, in_dtypes

FAMILY = "all-reduce"
COUNT = 1000
TIMEOUT_S = 20


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "gloo-3-ranks", ("fp32",), functools.partial(_gloo, ranks=3), CPU_ONLY),
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


def _joined(ranks: int) -> List[Any]:
    """Return the process groups of the ranks, each joined in a thread of its own, for joining waits for the others.

    They end with the last reference: some torches abort if a group is left when the process ends.

    Raises:
        NotImplementedError: this torch has no gloo.
        RuntimeError: the ranks did not find each other.
    """
    distributed: Any = torch.distributed

    if not distributed.is_available() or not hasattr(distributed, "ProcessGroupGloo"):
        raise NotImplementedError("this torch has no gloo")
    store = distributed.HashStore()
    groups: List[Any] = [None] * ranks
    failures: List[BaseException] = []

    def join(rank: int) -> None:
        try:
            groups[rank] = _group(distributed, store, rank, ranks)
        except Exception as error:  # a thread can only hand it over
            failures.append(error)

    threads = [threading.Thread(target=join, args=(rank,), daemon=True) for rank in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    if failures or None in groups:
        raise RuntimeError(str(failures[0]) if failures else "the ranks did not find each other")
    return groups


def _group(distributed: Any, store: Any, rank: int, ranks: int) -> Any:
    """Return the group of one rank, on loopback whatever the host's name resolves to."""
    gloo = distributed.ProcessGroupGloo
    options = gloo._Options()
    options._timeout = datetime.timedelta(seconds=TIMEOUT_S)
    options._devices = [gloo.create_device(hostname="127.0.0.1")]
    return gloo(store, rank, ranks, options)
