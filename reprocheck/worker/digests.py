"""A tensor as evidence: a SHA-256 over dtype, shape and bytes, and the bits of a few elements.

The digest says whether anything differs; the sampled bits let a later reader say by how many ULP.
"""

from __future__ import annotations

import ctypes
import hashlib
from typing import Dict, List

import torch

from .hashing import hashed_below, key_of

DIGEST_DIGITS = 16  # 64 bits of SHA-256: chance never makes two tensors of one record equal
SAMPLES = 8
_INTEGER_OF_SIZE = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Marker:
    """Marks tensors as `digest:bits`; remembers the sampled positions of each name."""

    def __init__(self) -> None:
        self._positions: Dict[str, torch.Tensor] = {}

    def mark(self, name: str, tensor: torch.Tensor, *, is_sampled: bool = True) -> str:
        """Return the digest of `tensor` and, unless that is not wanted, the bits of its sampled elements."""
        plain = tensor.detach().cpu().contiguous()
        return digest_of(plain) + ":" + (self._sampled_bits(name, plain) if is_sampled else "")

    def _sampled_bits(self, name: str, plain: torch.Tensor) -> str:
        size = plain.element_size()
        words = plain.view(-1).index_select(0, self._positions_of(name, plain.numel())).view(_INTEGER_OF_SIZE[size])
        mask = (1 << (8 * size)) - 1
        return ".".join(format(word & mask, "0{}x".format(2 * size)) for word in words.tolist())

    def _positions_of(self, name: str, count: int) -> torch.Tensor:
        if name not in self._positions:
            self._positions[name] = torch.tensor(sampled_positions(name, count), dtype=torch.int64)
        return self._positions[name]


def sampled_positions(name: str, count: int) -> List[int]:
    """Return up to `SAMPLES` element positions of the tensor `name`, sorted."""
    if count <= SAMPLES:
        return list(range(count))
    return sorted(set(hashed_below(key_of("samples", name), SAMPLES, count).tolist()))


def digest_of(plain: torch.Tensor) -> str:
    """Return the leading digits of the SHA-256 of a contiguous CPU tensor."""
    return sha256_of(plain)[:DIGEST_DIGITS]


def sha256_of(plain: torch.Tensor) -> str:
    """Return SHA-256 over dtype, shape and raw bytes of a contiguous CPU tensor."""
    hasher = hashlib.sha256("{}{}".format(plain.dtype, list(plain.shape)).encode("ascii"))
    hasher.update(ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size()) if plain.numel() else b"")
    return hasher.hexdigest()
