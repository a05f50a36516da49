"""Numbers from an integer hash: the same on every platform, device, torch version and thread count.

torch's random generators promise none of that. splitmix64 (Steele, Lea and Flood, OOPSLA 2014) over
(key, index), in wrapping 64-bit integers; floats are made from 24 hashed bits by exact steps only.
Legend: N elements of a stream.
"""

from __future__ import annotations

import hashlib

import torch

GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
WORD = 1 << 64


def key_of(*parts: object) -> int:
    """Return the 64-bit key of the stream that `parts` name."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def hashed_integers(key: int, count: int) -> torch.Tensor:
    """Return `count` hashed words of stream `key` as int64, reading the sign bit as part of the word."""
    z_N = torch.arange(1, count + 1, dtype=torch.int64) * _signed(GOLDEN) + _signed(key)
    z_N = (z_N ^ _shifted(z_N, 30)) * _signed(MIX_1)
    z_N = (z_N ^ _shifted(z_N, 27)) * _signed(MIX_2)
    return z_N ^ _shifted(z_N, 31)


def hashed_below(key: int, count: int, bound: int) -> torch.Tensor:
    """Return `count` hashed integers in [0, bound), from the upper 31 bits of each word."""
    return _shifted(hashed_integers(key, count), 33) % bound


def hashed_floats(key: int, count: int) -> torch.Tensor:
    """Return `count` float32 in [-1, 1) on a grid of 2^-23: integer to float and the scaling are both exact."""
    grid_N = _shifted(hashed_integers(key, count), 40) - (1 << 23)
    return grid_N.to(torch.float32) * (2.0**-23)


def _shifted(z_N: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right and fill with zeros; torch's own shift of int64 repeats the sign."""
    return (z_N >> bits) & ((1 << (64 - bits)) - 1)


def _signed(word: int) -> int:
    return word - WORD if word >= WORD // 2 else word
