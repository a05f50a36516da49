"""Sum hashed numbers of all ranks, each by its own: over gloo on CPUs, over NCCL on GPUs.

Every rank can make every other rank's numbers, and so knows what must come out. Integers, and floats on a coarse grid,
have one exact sum in whatever order; of wide floats the sum must lie within the rounding of any order, and must be the
same bits on all ranks. Legend: R ranks, N elements.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any, Callable, Dict, Tuple

from ..readings import describe_error, unread

ELEMENTS = 1531  # prime: no number of ranks divides it, so that the chunks of a ring differ in length
GRID_BITS = 11  # sums of 2^12 such numbers still fit into the 24 bits of a float32
LONGEST_S = 60.0


def sums_of_ranks(meeting: Any, backend: str, local_rank: int, end_s: float) -> Dict[str, Any]:
    """Return `{name: {"digest": …, "right": …}}`, or in the place of one the status of why there is none.

    Over `nccl` the GPU of this local rank sums. A group that cannot be joined is a status under `fault`. The group
    stays: see `leave`.
    """
    import torch
    from torch import distributed

    device = torch.device("cuda", local_rank) if backend == "nccl" else torch.device("cpu")
    timeout_s = max(min(end_s - time.time(), LONGEST_S), 1.0)
    try:
        if backend == "nccl":
            torch.cuda.set_device(device)
        distributed.init_process_group(
            backend,
            store=distributed.PrefixStore("reprocheck/sums", meeting.store),  # type: ignore[attr-defined]
            rank=meeting.rank,
            world_size=meeting.ranks,
            timeout=timedelta(seconds=timeout_s),
        )
    except Exception as error:  # a backend raises what its libraries like
        return {"fault": unread("raises", "{}: {}".format(backend, describe_error(error)))}
    return _sums(meeting, device)


def leave() -> None:
    """End this process at once, where it has joined the others: all has been said, and is on disk.

    To take gloo apart may wait for ever: its thread wants Python's lock to give back a tensor, and the one that waits
    for that thread holds it (seen in torch 2.6.0, in four runs of six on a busy machine).
    """
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        os._exit(0)


def _sums(meeting: Any, device: Any) -> Dict[str, Any]:
    import torch

    cases: Dict[str, Tuple[Any, Callable[[int], Any]]] = {
        "all-ranks/exact-sum/int64": (torch.int64, _integers),
        "all-ranks/exact-sum/fp32": (torch.float32, _grid),
        "all-ranks/sum/fp64": (torch.float64, _wide(torch.float64)),
        "all-ranks/sum/fp32": (torch.float32, _wide(torch.float32)),
        "all-ranks/sum/bf16": (torch.bfloat16, _wide(torch.bfloat16)),
        "all-ranks/sum/fp16": (torch.float16, _wide(torch.float16)),
    }
    return {name: _summed(meeting, device, *case) for name, case in cases.items()}


def _summed(meeting: Any, device: Any, dtype: Any, numbers: Callable[[int], Any]) -> Dict[str, Any]:
    from torch import distributed

    from ..bit_digests import bits_digest
    from ..probing import failure_of

    try:
        total_N = numbers(meeting.rank).to(device)
        distributed.all_reduce(total_N)
        total_N = total_N.cpu()
    except Exception as error:  # a backend that lacks a dtype says so on every rank alike
        return dict(failure_of(error))
    return {"digest": bits_digest([total_N]), "right": _is_right(total_N, dtype, numbers, meeting.ranks)}


def _is_right(total_N: Any, dtype: Any, numbers: Callable[[int], Any], ranks: int) -> bool:
    """Say whether a sum is what it must be: the exact one, or within the rounding of any order.

    The bound is that of N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, §4.2, twice as wide: some
    backends round each partial sum twice.
    """
    import torch

    if not dtype.is_floating_point:
        return bool((total_N == sum(numbers(rank) for rank in range(ranks))).all())
    exact_N = torch.zeros(ELEMENTS, dtype=torch.float64)
    size_N = torch.zeros(ELEMENTS, dtype=torch.float64)
    for rank in range(ranks):
        exact_N += numbers(rank).to(torch.float64)
        size_N += numbers(rank).to(torch.float64).abs()
    if numbers is _grid:
        return bool((total_N.to(torch.float64) == exact_N).all())
    bound_N = size_N * (2 * ranks * torch.finfo(dtype).eps)
    return bool(((total_N.to(torch.float64) - exact_N).abs() <= bound_N).all())


def _integers(rank: int) -> Any:
    from ..hashing import hashed_integers, key_of

    return hashed_integers(key_of("all-ranks", "integers", rank), ELEMENTS)


def _grid(rank: int) -> Any:
    import torch

    from ..hashing import hashed_below, key_of

    key = key_of("all-ranks", "grid", rank)
    return (hashed_below(key, ELEMENTS, 2 << GRID_BITS) - (1 << GRID_BITS)).to(torch.float32)


def _wide(dtype: Any) -> Callable[[int], Any]:
    def numbers(rank: int) -> Any:
        from ..hashing import key_of
        from ..inputs import wide

        return wide(key_of("all-ranks", "wide", rank), (ELEMENTS,), dtype)

    return numbers
