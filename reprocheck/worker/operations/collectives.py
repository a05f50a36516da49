"""Sums over ranks: what DDP asks of gloo or NCCL, and the same asked again with hashed numbers.

Which reduction is asked for lies in an object that no torch lets Python read; it is replayed as a sum. An average is
the same sum divided, and a largest or smallest value does not round.
"""

from __future__ import annotations

from typing import Any, Callable, List, Sequence

import torch
from torch import distributed

from .contents import Maker
from .spelling import Call, Symbol

NAMESPACE = "c10d"
ALL_REDUCE = "c10d.allreduce_.default"
DRAWS = 2


def described_collective(name: str, args: Sequence[Any], describe: Callable[[Any], Any]) -> Call:
    """Return the call of a collective: tensors and number of ranks; one that is no all-reduce cannot be made again."""
    if name != "allreduce_":
        return Call("{}.{}.default".format(NAMESPACE, name), (Symbol("object"),), {})
    return Call(ALL_REDUCE, (describe(args[0]),), {"ranks": _ranks(args[1])})


def _ranks(group: Any) -> int:
    """Return the size of the group; torch before 2.1 cannot tell that of a group that is not the first one."""
    unbox = getattr(distributed.ProcessGroup, "unbox", None)
    return int(unbox(group).size()) if unbox else int(distributed.get_world_size())


def can_reduce(call: Call) -> bool:
    """Return whether this process is one of as many ranks as the recorded all-reduce had."""
    joined = distributed.is_available() and distributed.is_initialized()
    return call.name == ALL_REDUCE and joined and call.kwargs.get("ranks") == distributed.get_world_size()


def reduced(call: Call, text: str, maker: Maker, draw: int) -> List[torch.Tensor]:
    """Return the sums over all ranks; every rank must ask for the same ones in the same order."""
    sums = []
    for index, spec in enumerate(call.tensors()):
        tensor = maker.tensor(spec, (text, draw, index, distributed.get_rank()), 0)
        distributed.all_reduce(tensor)
        sums.append(tensor)
    return sums
