"""Marks of tensors, `digest:bits`, made on their device and told later: nothing waits for it meanwhile."""

from __future__ import annotations

import functools
from typing import Any, List, Sequence

import torch

from ..digests import sampled_positions
from ..exact_digests import digests, to_hex, undisturbed

NO_MARK = "-"
_INTEGER_OF_SIZE = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class PendingMarks:
    """The digests of named tensors and, if `dense`, the bits of their sampled elements, still on their device."""

    def __init__(self, names: Sequence[str], tensors: Sequence[torch.Tensor], dense: bool) -> None:
        self._digests_N = digests(tensors)
        self._words = [_sampled_words(name, tensor) for name, tensor in zip(names, tensors)] if dense else []

    def texts(self) -> List[str]:
        """Return the marks, in the order of the tensors; this waits for the device."""
        bits = [_bits(words) for words in self._words] or [""] * self._digests_N.numel()
        return ["{}:{}".format(to_hex(value), text) for value, text in zip(self._digests_N.tolist(), bits)]


def _sampled_words(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return the bits of up to eight elements as integers of their size; a complex element counts as two."""
    with undisturbed():
        if tensor.layout is not torch.strided or tensor.is_quantized:
            return torch.zeros(0, dtype=torch.int8)
        tensor = getattr(tensor, "_local_tensor", tensor).detach()
        if tensor.is_complex():
            tensor = torch.view_as_real(tensor.resolve_conj())
        flat = tensor.reshape(-1)
        places = _places(name, flat.numel(), flat.device)
        return flat.view(_INTEGER_OF_SIZE[flat.element_size()]).index_select(0, places)


@functools.lru_cache(maxsize=4096)
def _places(name: str, count: int, device: Any) -> torch.Tensor:
    return torch.tensor(sampled_positions(name, count), dtype=torch.int64, device="cpu").to(device, non_blocking=True)


def _bits(words: torch.Tensor) -> str:
    size = words.element_size()
    mask = (1 << (8 * size)) - 1
    return ".".join(format(word & mask, "0{}x".format(2 * size)) for word in words.tolist())
