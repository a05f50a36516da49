"""A tensor as 64 bits, exactly and fast, on its own device: what every step of a watched training can afford.

The bytes are read as 32-bit words; each word is multiplied by an odd hashed weight of its place, and the products are
added in wrapping 64-bit integers: multilinear hashing (Lemire and Kaser, "Strongly universal string hashing is fast",
The Computer Journal 57(11), 2014, section 2). A key of dtype and shape is added. Such a sum is exact, so that no order
of additions, thread count, device or memory layout changes it.

The weight of a word is the product of three: of its place among the 64 of a group, 16 bits; of the group among the 64
of a row, 64 bits; and of the row, 64 bits. Words behind the last full row have 64-bit weights of their own. A single
word that differs always changes the digest, and so do two words of a group that change places: odd weights are
invertible, and those of a group are all different. Anything else escapes by chance: rounding noise within one group
with about 2^-18, noise in two groups, or elements that change places, with 2^-32 or less.

Small weights make it fast: the sum of a group stays below 2^53, so that on a CPU it is a product of a matrix and a
vector in float64, exact in any order, for which every library of linear algebra is at its best.
Legend: N tensors, R full rows of all of them, G groups of a row, K words of a group, W = G * K words of a row,
P words that fill no row.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Dict, Iterator, List, Sequence, Tuple

import torch

from .digest_plans import (
    GROUP,
    GROUPS,
    ROW,
    Ends,
    column_weights,
    group_weights,
    odd_weights,
    plan_for,
    small_weights,
)
from .hashing import WORD
from .tensor_words import strided_parts, words_of

FLOAT_ROWS = 8  # at once on a CPU: 256 KB, which stay in the second cache; one thread does them without waking others
INTEGER_ROWS = 1024  # at once elsewhere: 32 MB, few launches
MANY_THREADS = 8  # from here on all threads with integers are faster than one with floats
MIX_1, MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

_of_thread = threading.local()  # backward passes of several devices run in threads of their own


def digest(tensor: torch.Tensor) -> torch.Tensor:
    """Return the digest of one tensor, () int64 on its device."""
    return digests([tensor])[0]


def digests(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the digests of all tensors, (N,) int64: equal to those one by one, and cheaper.

    They lie on the device of the first tensor that is not on the CPU, else on the CPU; nothing waits for a device.
    """
    with undisturbed():
        parts = [strided_parts(tensor) for tensor in tensors]
        found_N = _of_strided([part for some in parts for part in some])
        if all(len(some) == 1 for some in parts):
            return found_N
        return _joined(found_N, [len(some) for some in parts])


def to_hex(value: int) -> str:
    """Return a digest as 16 hex digits, its bits mixed one to one (by the finaliser of splitmix64)."""
    z = value % WORD
    z = ((z ^ (z >> 30)) * MIX_1) % WORD
    z = ((z ^ (z >> 27)) * MIX_2) % WORD
    return format(z ^ (z >> 31), "016x")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Compute outside of autograd and of inference mode, default devices and subclasses that a program may use."""
    with torch._C.DisableTorchFunction(), torch.inference_mode(False), torch.no_grad():
        yield


def _joined(found_N: torch.Tensor, counts: List[int]) -> torch.Tensor:
    """Return one digest for each tensor of several parts; a tensor of one part keeps its own."""
    device = found_N.device
    weights = [odd_weights("part", count, device) if count > 1 else found_N.new_ones(count) for count in counts]
    return _sums_until(found_N * torch.cat(weights), Ends(counts, device))


def _of_strided(tensors: List[torch.Tensor]) -> torch.Tensor:
    devices = list(dict.fromkeys(tensor.device for tensor in tensors))
    if len(devices) <= 1:
        return _on_one_device(tensors) if tensors else torch.zeros(0, dtype=torch.int64, device="cpu")
    home = next(device for device in devices if device.type != "cpu")
    places = [[place for place, tensor in enumerate(tensors) if tensor.device == device] for device in devices]
    found = [_on_one_device([tensors[place] for place in some]).to(home, non_blocking=True) for some in places]
    order = sorted(range(len(tensors)), key=[place for some in places for place in some].__getitem__)
    return torch.cat(found)[torch.tensor(order, device="cpu").to(home, non_blocking=True)]


def _on_one_device(tensors: List[torch.Tensor]) -> torch.Tensor:
    words = [words_of(tensor) for tensor in tensors]
    kinds = tuple((tensor.dtype, tensor.shape) for tensor in tensors)
    plan = plan_for(tensors[0].device, kinds, [one.numel() for one in words])
    total_N = plan.keys_N.clone()
    if plan.full:
        pieces = [words[index] if end == words[index].numel() else words[index][:end] for index, _, end in plan.full]
        total_N += _sums_until(_row_sums(pieces, plan.row_count).mul_(plan.weights_R), plan.row_ends)
    if plan.tails:
        tails_P = torch.cat([words[index][begin:] if begin else words[index] for index, begin, _ in plan.tails])
        total_N += _sums_until(torch.mul(tails_P, plan.weights_P), plan.tail_ends)
    return total_N


def _row_sums(pieces: List[torch.Tensor], row_count: int) -> torch.Tensor:
    """Return the weighted sum (R) of each row of `pieces`, which consist of full rows."""
    if pieces[0].device.type == "cpu" and torch.get_num_threads() < MANY_THREADS:
        return _by_floats(pieces, row_count)
    return _by_integers(pieces)


def _by_floats(pieces: List[torch.Tensor], row_count: int) -> torch.Tensor:
    device = pieces[0].device
    weights_K = small_weights(device, torch.float64)
    sums = torch.empty(row_count * GROUPS, dtype=torch.float64, device=device)
    buffers, begin = _buffers(), 0
    for piece in pieces:
        for block in _blocks(piece, FLOAT_ROWS):
            flat, block_GK = buffers[block.numel()]
            end = begin + block_GK.shape[0]
            flat.copy_(block)
            torch.mv(block_GK, weights_K, out=sums[begin:end])
            begin = end
    return torch.mv(sums.to(torch.int64).view(row_count, GROUPS), group_weights(device))


def _by_integers(pieces: List[torch.Tensor]) -> torch.Tensor:
    weights_W = column_weights(pieces[0].device)
    batches: List[List[torch.Tensor]] = [[]]
    room = INTEGER_ROWS * ROW
    for block in (block for piece in pieces for block in _blocks(piece, INTEGER_ROWS)):
        if block.numel() > room:
            batches.append([])
            room = INTEGER_ROWS * ROW
        batches[-1].append(block)
        room -= block.numel()
    return torch.cat([torch.mul(torch.cat(some).view(-1, ROW), weights_W).sum(1) for some in batches])


def _blocks(piece: torch.Tensor, rows: int) -> Tuple[torch.Tensor, ...]:
    """Return the stretches of `piece` of so many rows, and the shorter last one."""
    size = rows * ROW
    if piece.numel() <= size:
        return (piece,)
    end = piece.numel() // size * size
    return (*piece[:end].view(-1, size).unbind(), *([piece[end:]] if end < piece.numel() else []))


def _buffers() -> Dict[int, Tuple[torch.Tensor, torch.Tensor]]:
    """Return this thread's room for one to `FLOAT_ROWS` rows, by words: as a vector and as groups."""
    if not hasattr(_of_thread, "buffers"):
        whole = torch.empty(FLOAT_ROWS * ROW, dtype=torch.float64, device="cpu")
        flats = [whole[: rows * ROW] for rows in range(1, FLOAT_ROWS + 1)]
        _of_thread.buffers = {flat.numel(): (flat, flat.view(-1, GROUP)) for flat in flats}
    found: Dict[int, Tuple[torch.Tensor, torch.Tensor]] = _of_thread.buffers
    return found


def _sums_until(values: torch.Tensor, ends: Ends) -> torch.Tensor:
    """Return the sums (N) of consecutive stretches of `values`; a stretch may be empty."""
    running_N = values.cumsum(0)[ends.last_N] * ends.begun_N
    running_N[1:] -= running_N[:-1].clone()
    return running_N
