"""Where a rank computes: its number, its device and its process group."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from dataclasses import dataclass
from typing import Iterator, NoReturn

import torch
from torch import distributed


@dataclass(frozen=True)
class Place:
    """One rank among `world_size`, on `device`; `shortage` says why the ranks cannot work here, or is empty."""

    rank: int
    world_size: int
    device: torch.device
    shortage: str = ""


@contextlib.contextmanager
def joined_ranks(kind: str) -> Iterator[Place]:
    """Yield this process's place; inside, ranks of one torchrun are joined: gloo on CPU, NCCL on CUDA.

    What the ranks have to say must be on disk before the end: ranks that gloo joined do not come back.
    """
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    shortage = _shortage(kind, world_size)
    device = torch.device("cuda", rank) if kind == "cuda" and not shortage else torch.device("cpu")
    place = Place(rank=rank, world_size=world_size, device=device, shortage=shortage)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if world_size == 1 or shortage:
        yield place
        return
    distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    if kind == "cuda":
        try:
            yield place
        finally:
            distributed.destroy_process_group()
        return
    try:
        yield place
        distributed.barrier()  # a rank that has gone cannot answer one that still computes
    except BaseException:
        traceback.print_exc()
        _leave(1)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """End this process at once: to take gloo apart may wait for ever.

    Its thread wants Python's lock to give back a tensor, and the one that waits for that thread holds it (seen in torch
    2.6.0, in four of six runs on a busy machine).
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def device_name(kind: str) -> str:
    """Return `cpu`, or `cuda` with the model of the first GPU."""
    return "cuda: " + torch.cuda.get_device_name(0) if kind == "cuda" else kind


def _shortage(kind: str, world_size: int) -> str:
    if kind == "cuda" and torch.cuda.device_count() < world_size:
        return "{} ranks need {} CUDA devices, {} found".format(world_size, world_size, torch.cuda.device_count())
    if world_size > 1 and not distributed.is_available():
        return "this torch is built without torch.distributed"
    return ""
