"""A tensor as 64 bits, exactly and fast, on its own device: what every step of a watched training can afford.

The bytes are read as 32-bit words. Word `i` of row `r` is multiplied by two hashed odd 64-bit weights, one of `i` and
one of `r`, and all products are added, in wrapping 64-bit integers: multilinear hashing, twice (Lemire and Kaser,
"Strongly universal string hashing is fast", The Computer Journal 57(11), 2014, section 2). Such a sum is exact, so no
order of additions, thread count, device or memory layout changes it; a single word that differs always changes it,
since an odd weight is invertible; anything else, such as elements that changed places, escapes with a chance of about
2^-32. A key of dtype and shape is added, so that the same bytes of another kind are something else.
Legend: N tensors, R rows, W words of a row, P words that fill no row.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import torch

from .hashing import WORD, hashed_integers, key_of

ROW = 4096  # words; their weights, 32 KB, stay in the cache beside the core
CPU_ROWS = 32  # of a block; as 64-bit integers 1 MB, for the caches of two cores
DEVICE_ROWS = 1024  # 32 MB: few launches, little memory
WORD_BYTES = 4
KNOWN_PLANS = 64  # lists of dtypes and shapes; parameters and gradients make two, batches a few more
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
        parts = [_strided_parts(tensor) for tensor in tensors]
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


def _strided_parts(tensor: torch.Tensor) -> List[torch.Tensor]:
    """Return what a tensor consists of: itself, or the shard that is here, or indices and values of a sparse one."""
    if tensor.layout is torch.strided:
        if type(tensor) in (torch.Tensor, torch.nn.Parameter):
            return [tensor]
        local = getattr(tensor, "_local_tensor", tensor)  # of a DTensor
        return [local] if local is tensor else _strided_parts(local)
    if tensor.layout is torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return [tensor.to_dense()]


def _joined(found_N: torch.Tensor, counts: List[int]) -> torch.Tensor:
    """Return one digest for each tensor of several parts; a tensor of one part keeps its own."""
    weights = [weight for count in counts for weight in ([1] if count == 1 else _odd(key_of("parts"), count).tolist())]
    ends = torch.tensor(counts).cumsum(0)
    return _sums_between(found_N * torch.tensor(weights).to(found_N.device), ends.to(found_N.device))


def _of_strided(tensors: List[torch.Tensor]) -> torch.Tensor:
    devices = list(dict.fromkeys(tensor.device for tensor in tensors))
    if len(devices) <= 1:
        return _on_one_device(tensors) if tensors else torch.zeros(0, dtype=torch.int64)
    home = next(device for device in devices if device.type != "cpu")
    places = [[place for place, tensor in enumerate(tensors) if tensor.device == device] for device in devices]
    found = [_on_one_device([tensors[place] for place in some]).to(home, non_blocking=True) for some in places]
    order = sorted(range(len(tensors)), key=[place for some in places for place in some].__getitem__)
    return torch.cat(found)[torch.tensor(order).to(home, non_blocking=True)]


def _on_one_device(tensors: List[torch.Tensor]) -> torch.Tensor:
    device = tensors[0].device
    words = [_words(tensor) for tensor in tensors]
    plan = _plan(device, tuple((tensor.dtype, tensor.shape) for tensor in tensors), [one.numel() for one in words])
    rows_R = _row_sums(words, plan) if plan.blocks else None
    total_N = plan.keys_N
    if rows_R is not None:
        total_N = total_N + _sums_between(rows_R.mul_(plan.weights_R), plan.ends_of_rows_N)
    if plan.tails:
        tails_P = torch.cat([words[index][begin:] for index, begin in plan.tails]).to(torch.int64)
        total_N = total_N + _sums_between(tails_P.mul_(plan.weights_P), plan.ends_of_tails_N)
    return total_N if total_N is not plan.keys_N else total_N.clone()


def _words(tensor: torch.Tensor) -> torch.Tensor:
    """Return the bytes of a tensor, in the order of its elements, as 32-bit words; zeros fill the last one."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    flat = (tensor.int_repr() if tensor.is_quantized else tensor).reshape(-1)
    size = flat.element_size()
    if size >= WORD_BYTES:
        return flat.view(torch.int32)
    each = WORD_BYTES // size
    if flat.numel() % each == 0 and flat.storage_offset() % each == 0:
        return flat.view(torch.int32)
    padded = torch.zeros(-(-flat.numel() // each) * WORD_BYTES, dtype=torch.uint8, device=flat.device)
    padded[: flat.numel() * size].copy_(flat.view(torch.uint8))
    return padded.view(torch.int32)


def _row_sums(words: List[torch.Tensor], plan: _Plan) -> torch.Tensor:
    """Return the weighted sums (R) of all full rows, block after block in one buffer that stays in the cache."""
    device = plan.keys_N.device
    weights_W, buffer_RW = _column_weights(device), _buffer(device)
    flat, one_thread = buffer_RW.view(-1), device.type == "cpu" and torch.get_num_threads() == 1
    sums_R = torch.empty(plan.weights_R.numel(), dtype=torch.int64, device=device)
    for first, rows, copies in plan.blocks:
        for index, begin, end, at in copies:
            flat[at : at + end - begin].copy_(words[index][begin:end])
        block_RW, out_R = buffer_RW[:rows], sums_R[first : first + rows]
        if one_thread:  # one pass over the buffer, but it knows no second thread
            torch.mv(block_RW, weights_W, out=out_R)
        else:
            torch.sum(block_RW.mul_(weights_W), 1, out=out_R)
    return sums_R


def _sums_between(values: torch.Tensor, ends_N: torch.Tensor) -> torch.Tensor:
    """Return the sums of consecutive stretches of `values` that end before `ends_N`; a stretch may be empty."""
    running = torch.cat([values.new_zeros(1), values.cumsum(0)])[ends_N]
    return torch.cat([running[:1], running[1:] - running[:-1]])


class _Plan:
    """How tensors of certain kinds are cut: blocks of rows, and tails of less than a row.

    `blocks` holds the first row, the number of rows and what is copied: tensor, first and last word, place in the
    buffer. `tails` holds tensors and the words at which their tails begin.
    """

    def __init__(self, device: torch.device, keys: List[int], counts: List[int]) -> None:
        full, block = [count // ROW for count in counts], CPU_ROWS if device.type == "cpu" else DEVICE_ROWS
        self.blocks = _blocks(full, block)
        self.tails = [(index, full[index] * ROW) for index, count in enumerate(counts) if count % ROW]
        self.keys_N = torch.tensor(keys, dtype=torch.int64, device="cpu").to(device)
        row_weights = _odd(key_of("rows"), max(full, default=0) + 1)
        columns = _column_weights(torch.device("cpu"))
        rows = [row_weights[:count] for count in full]
        tails = [columns[: count % ROW] * row_weights[count // ROW] for count in counts]
        self.weights_R, self.weights_P = (torch.cat(some).to(device) for some in (rows, tails))
        self.ends_of_rows_N, self.ends_of_tails_N = (
            torch.tensor([one.numel() for one in some], device="cpu").cumsum(0).to(device) for some in (rows, tails)
        )


def _blocks(full: List[int], size: int) -> List[Tuple[int, int, List[Tuple[int, int, int, int]]]]:
    blocks: List[Tuple[int, int, List[Tuple[int, int, int, int]]]] = []
    first, rows, copies = 0, 0, []
    for index, count in enumerate(full):
        done = 0
        while done < count:
            some = min(count - done, size - rows)
            copies.append((index, done * ROW, (done + some) * ROW, rows * ROW))
            done, rows = done + some, rows + some
            if rows == size:
                blocks.append((first, rows, copies))
                first, rows, copies = first + rows, 0, []
    return [*blocks, (first, rows, copies)] if copies else blocks


def _plan(device: torch.device, kinds: Tuple[Any, ...], counts: List[int]) -> _Plan:
    known: Dict[Any, _Plan] = _of_thread.__dict__.setdefault("plans", {})
    if (device, kinds) not in known:
        if len(known) >= KNOWN_PLANS:
            known.pop(next(iter(known)))
        known[device, kinds] = _Plan(device, [_key_of_kind(*kind) for kind in kinds], counts)
    return known[device, kinds]


@functools.lru_cache(maxsize=4096)
def _key_of_kind(dtype: torch.dtype, shape: Tuple[int, ...]) -> int:
    return _signed(key_of("kind", dtype, list(shape)))


def _buffer(device: torch.device) -> torch.Tensor:
    """Return room for a block; on the CPU always the same, elsewhere what the allocator gives to this stream."""
    if device.type != "cpu":
        return torch.empty(DEVICE_ROWS, ROW, dtype=torch.int64, device=device)
    if not hasattr(_of_thread, "buffer"):
        _of_thread.buffer = torch.empty(CPU_ROWS, ROW, dtype=torch.int64, device=device)
    found: torch.Tensor = _of_thread.buffer
    return found


@functools.lru_cache(maxsize=None)
def _column_weights(device: torch.device) -> torch.Tensor:
    return _odd(key_of("columns"), ROW).to(device)


def _odd(key: int, count: int) -> torch.Tensor:
    return hashed_integers(key, count) | 1


def _signed(word: int) -> int:
    return word - WORD if word >= WORD // 2 else word
