"""How tensors are cut for their digests, made once for every list of dtypes and shapes; and the hashed weights.

Legend: N tensors, R full rows of all of them, G groups of a row, K words of a group, W = G * K words of a row,
P words that fill no row.
"""

from __future__ import annotations

import functools
import threading
from typing import Any, Dict, List, Tuple

import torch

from .hashing import WORD, hashed_below, hashed_integers, key_of

GROUP, GROUPS = 64, 64
ROW = GROUP * GROUPS  # words
SMALL_BITS = 16  # of the weights within a group: 64 products of 31 and 16 bits add up to less than 2^53
KNOWN_PLANS = 64  # parameters and gradients need two, batches a few more
Piece = Tuple[int, int, int]  # tensor, first and last word

_of_thread = threading.local()  # a plan belongs to a thread, so that no lock is needed
_known_rows: Dict[torch.device, torch.Tensor] = {}


class Plan:
    """How tensors of certain kinds are cut: `full` into rows, `tails` that fill none; pieces of tensors with words."""

    def __init__(self, keys: List[int], counts: List[int], device: torch.device) -> None:
        rows, rest = [count // ROW for count in counts], [count % ROW for count in counts]
        ends = [row * ROW for row in rows]
        self.full: List[Piece] = [(index, 0, end) for index, end in enumerate(ends) if end]
        self.tails: List[Piece] = [(index, ends[index], counts[index]) for index in range(len(counts)) if rest[index]]
        self.row_count = sum(rows)
        self.keys_N = on_device(keys, device)
        weights, tail_weights = row_weights(device, max(rows, default=0) + 1), odd_weights("tail", ROW, device)
        self.weights_R = torch.cat([weights[:count] for count in rows])
        self.weights_P = torch.cat([tail_weights[:count] * weights[row] for count, row in zip(rest, rows)])
        self.row_ends, self.tail_ends = Ends(rows, device), Ends(rest, device)


class Ends:
    """Where consecutive stretches of certain lengths end: their last elements; 0 in `begun_N` before there is any."""

    def __init__(self, lengths: List[int], device: torch.device) -> None:
        ends_N = torch.tensor(lengths, dtype=torch.int64, device="cpu").cumsum(0)
        self.last_N = (ends_N - 1).clamp_(min=0).to(device, non_blocking=True)
        self.begun_N = (ends_N > 0).to(torch.int64).to(device, non_blocking=True)


def plan_for(device: torch.device, kinds: Tuple[Any, ...], counts: List[int]) -> Plan:
    """Return the plan for tensors of such dtypes and shapes, which consist of so many words."""
    known: Dict[Any, Plan] = _of_thread.__dict__.setdefault("plans", {})
    if (device, kinds) not in known:
        if len(known) >= KNOWN_PLANS:
            known.pop(next(iter(known)))
        known[device, kinds] = Plan([_key_of_kind(*kind) for kind in kinds], counts, device)
    return known[device, kinds]


def on_device(integers: List[int], device: torch.device) -> torch.Tensor:
    """Return unsigned 64-bit integers as int64 on a device, without waiting for it."""
    here = torch.tensor([signed(one) for one in integers], dtype=torch.int64, device="cpu")
    return here.to(device, non_blocking=True)


def signed(word: int) -> int:
    """Return the int64 with the bits of an unsigned 64-bit integer."""
    return word - WORD if word >= WORD // 2 else word


def row_weights(device: torch.device, count: int) -> torch.Tensor:
    """Return at least `count` odd 64-bit weights, one for each row of a tensor."""
    known = _known_rows.get(device)
    if known is None or known.numel() < count:
        known = _known_rows[device] = odd_weights("row", max(2 * count, ROW), device)
    return known


@functools.lru_cache(maxsize=None)
def group_weights(device: torch.device) -> torch.Tensor:
    """Return the odd 64-bit weights (G) of the groups of a row."""
    return odd_weights("group", GROUPS, device)


@functools.lru_cache(maxsize=None)
def small_weights(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return the odd weights (K) below 2^16 of the words of a group; no two are the same."""
    odd = (hashed_below(key_of("small"), 4 * GROUP, 1 << SMALL_BITS) | 1).tolist()
    return torch.tensor(list(dict.fromkeys(odd))[:GROUP], device="cpu").to(device, dtype)


@functools.lru_cache(maxsize=None)
def column_weights(device: torch.device) -> torch.Tensor:
    """Return the product of both (W): the odd weight of each word of a row."""
    return (group_weights(device).view(GROUPS, 1) * small_weights(device, torch.int64)).view(ROW)


def odd_weights(name: str, count: int, device: torch.device) -> torch.Tensor:
    """Return `count` odd hashed 64-bit integers."""
    return (hashed_integers(key_of("exact digest", name), count) | 1).to(device)


@functools.lru_cache(maxsize=4096)
def _key_of_kind(dtype: torch.dtype, shape: Tuple[int, ...]) -> int:
    return key_of("exact digest", dtype, list(shape))
