"""The job `doctor-ddp`: two processes of this machine sum a tensor, over NCCL where two GPUs are, else over gloo.

The two meet at a file in the folder of the job, and the launcher keeps them on loopback: no network is needed.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import sys
from datetime import timedelta
from typing import Any, Dict

from .lines import Emit
from .readings import reading, unread

RANKS = 2
MEETING_PLACE = "meeting-place"


def doctor_ddp(job: Dict[str, Any], emit: Emit) -> None:
    """Emit how the sum went."""
    emit({"question": "ddp", "reading": reading(lambda: _sum_of_two(job))})


def _sum_of_two(job: Dict[str, Any]) -> Dict[str, Any]:
    import torch.distributed

    if not torch.distributed.is_available():
        return unread("missing", "this torch is built without torch.distributed")
    # A fork shares the torch that is loaded; nothing here has touched CUDA yet, which would not survive it.
    context: Any = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
    place = os.path.join(os.getcwd(), MEETING_PLACE)
    other = context.Process(target=_watched_rank, args=(job, place, 1), daemon=True)
    faulthandler.cancel_dump_traceback_later()  # a fork would inherit its lock, but not the thread that frees it
    other.start()
    return _watched_rank(job, place, 0)


def _watched_rank(job: Dict[str, Any], place: str, rank: int) -> Dict[str, Any]:
    faulthandler.dump_traceback_later(job["deadline_s"], exit=True)
    return _rank(job, place, rank)


def _rank(job: Dict[str, Any], place: str, rank: int) -> Dict[str, Any]:
    import torch
    from torch import distributed

    gpus = torch.cuda.device_count() if job["gpu"] else 0
    backend = "nccl" if gpus >= RANKS and distributed.is_nccl_available() else "gloo"
    device = torch.device("cuda", rank) if backend == "nccl" else torch.device("cpu")
    if backend == "nccl":
        torch.cuda.set_device(device)
    distributed.init_process_group(
        backend,
        store=distributed.FileStore(place, RANKS),  # type: ignore[attr-defined]
        rank=rank,
        world_size=RANKS,
        timeout=timedelta(seconds=job["deadline_s"]),
    )
    values = torch.full((4,), float(rank + 1), device=device)
    distributed.all_reduce(values)
    right = bool((values == 3.0).all())
    distributed.destroy_process_group()
    return {"backend": backend, "gpus": gpus, "right": right}
