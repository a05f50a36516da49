"""What a tensor held, in a few characters, and hashed numbers of that kind.

Floats: `~E` when all absolute values seen are below 2^E (a multiple of 2, so that steps and runs agree), `~E+` when
none was negative, `~E-` when none was positive, `~z` when all were zero. An operation then meets numbers of the size
that it met in the run: a root meets no negative number, an exponential function does not overflow.
Integers: `~LOW:HIGH`, and `^` behind it when they never fell (offsets), so that an index stays inside.

The hashed floats have all bits of their significand, and exponents in the twelve below E: numbers of one exponent
would be summed exactly in bfloat16 and float16, and a replay with them sees nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Dict, Optional, Tuple

import torch

from ..hashing import hashed_integers, key_of
from .spelling import LONG_NAMES, SHORT_NAMES, TensorSpec, Unreadable

EXPONENT_STEP = 2
EXPONENTS = 12
# A prime: no row of a large matrix begins where another did.
POOL = 262_139
_FP32_FRACTION = 23
_FRACTION_BITS = {torch.bfloat16: 7, torch.float16: 10}
_FLOATS = re.compile(r"(z)|(-?\d{1,4})([+-]?)")
_INTEGERS = re.compile(r"(-?\d{1,19}):(-?\d{1,19})(\^?)")


@dataclass(frozen=True)
class Contents:
    """What was seen in a tensor so far; for floats `high` is the exponent, None when all were zero."""

    is_float: bool
    low: int = 0
    high: Optional[int] = None
    negative: bool = False
    positive: bool = False
    rises: bool = False

    def __or__(self, other: "Contents") -> "Contents":
        """Return what is true of both."""
        highs = [one for one in (self.high, other.high) if one is not None]
        return replace(
            self,
            low=min(self.low, other.low),
            high=max(highs) if highs else None,
            negative=self.negative or other.negative,
            positive=self.positive or other.positive,
            rises=self.rises and other.rises,
        )

    def __str__(self) -> str:
        """Return the characters behind `~`."""
        if not self.is_float:
            return "{}:{}{}".format(self.low, self.high, "^" if self.rises else "")
        if self.high is None:
            return "z"
        sign = "" if self.negative and self.positive else "-" if self.negative else "+"
        return "{}{}".format(EXPONENT_STEP * math.ceil(self.high / EXPONENT_STEP), sign)


def seen_in(tensor: torch.Tensor) -> Optional[Contents]:
    """Return what `tensor` holds; None for booleans, complex numbers, and where there is nothing."""
    if tensor.dtype == torch.bool or tensor.is_complex() or tensor.numel() == 0:
        return None
    if not tensor.is_floating_point():
        low, high = (int(end) for end in torch.aminmax(tensor.to(torch.int64)))
        return Contents(is_float=False, low=low, high=high, rises=_rises(tensor))
    wide = tensor.to(torch.float64) if tensor.dtype == torch.float64 else tensor.to(torch.float32)
    low_end, high_end = (float(end) for end in torch.aminmax(wide))
    if not (math.isfinite(low_end) and math.isfinite(high_end)):
        finite = torch.where(torch.isfinite(wide), wide, torch.zeros_like(wide))
        low_end, high_end = (float(end) for end in torch.aminmax(finite))
    largest = max(-low_end, high_end)
    return Contents(
        is_float=True,
        high=math.frexp(largest)[1] if largest else None,
        negative=low_end < 0,
        positive=high_end > 0,
    )


def _rises(tensor: torch.Tensor) -> bool:
    return tensor.dim() == 1 and tensor.numel() > 1 and bool((tensor[1:] >= tensor[:-1]).all())


def dtype_name(dtype: torch.dtype) -> str:
    """Return `fp32` for float32."""
    name = str(dtype).replace("torch.", "")
    return SHORT_NAMES.get(name, name)


def dtype_called(name: str) -> torch.dtype:
    """Return the type called `name`.

    Raises:
        Unreadable: this torch has none of that name.
    """
    found = getattr(torch, LONG_NAMES.get(name, name), None)
    if not isinstance(found, torch.dtype):
        raise Unreadable("no type `{}`".format(name))
    return found


def extent(spec: TensorSpec) -> int:
    """Return how many elements of memory the tensor reaches over."""
    if spec.strides is None or not spec.count():
        return spec.count()
    return 1 + sum((size - 1) * stride for size, stride in zip(spec.shape, spec.strides))


class Maker:
    """Makes tensors of hashed numbers; the hashed words are made once and read from another place for each tensor."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._words = hashed_integers(key_of("operations"), POOL)
        self._floats: Dict[torch.dtype, torch.Tensor] = {}

    def tensor(self, spec: TensorSpec, stream: Tuple[object, ...], shift: int = 0) -> torch.Tensor:
        """Return a tensor of `spec` with floats smaller by 2^shift; `stream` names the numbers.

        Raises:
            Unreadable: the text of the spec is none of ours.
        """
        dtype, count = dtype_called(spec.dtype), extent(spec)
        device = self.device if spec.device == self.device.type else torch.device(spec.device)
        flat_N = self._flat(spec, dtype, count, (key_of(*stream) % POOL, shift)).to(device)
        strides = spec.strides
        return flat_N.view(spec.shape) if strides is None else torch.as_strided(flat_N, spec.shape, strides)

    def _flat(self, spec: TensorSpec, dtype: torch.dtype, count: int, place: Tuple[int, int]) -> torch.Tensor:
        offset, shift = place
        if dtype.is_floating_point:
            exponent, sign = _exponent_and_sign(spec.contents)
            return _scaled(_cut(self._pool(dtype), offset, count), exponent, shift, sign).to(dtype)
        words_N = _cut(self._words, offset, count)
        if dtype == torch.bool:
            return (words_N & 1).to(torch.bool)
        return _hashed_integers(spec.contents, words_N).to(dtype)

    def _pool(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the pool in ±[2^-12, 1), in float32 with no more bits than `dtype` holds, or in float64."""
        if dtype not in self._floats:
            pool_N = _floats_of(self._words, _FRACTION_BITS.get(dtype, _FP32_FRACTION))
            if dtype == torch.float64:
                pool_N = pool_N.double() + _floats_of(self._words >> 9, _FP32_FRACTION).double() * 2.0**-24
            self._floats[dtype] = pool_N
        return self._floats[dtype]


def _exponent_and_sign(contents: str) -> Tuple[Optional[int], str]:
    found = _FLOATS.fullmatch(contents or "0")
    if not found:
        raise Unreadable("no contents `{}`".format(contents))
    return (None, "") if found[1] else (int(found[2]), found[3])


def _scaled(values_N: torch.Tensor, exponent: Optional[int], shift: int, sign: str) -> torch.Tensor:
    if exponent is None:
        return torch.zeros_like(values_N)
    values_N = values_N.mul_(2.0 ** max(-300, min(300, exponent - shift)))
    if sign:
        values_N = values_N.abs_() if sign == "+" else values_N.abs_().neg_()
    return values_N


def _floats_of(words_N: torch.Tensor, fraction_bits: int) -> torch.Tensor:
    """Return float32 in ±[2^-12, 1) with `fraction_bits` hashed bits, put together from sign, exponent and fraction."""
    sign_N = (words_N >> 32) & 1
    exponent_N = 126 - ((words_N >> 33) & 0x3FFFFFFF) % EXPONENTS
    fraction_N = words_N & ((1 << _FP32_FRACTION) - (1 << (_FP32_FRACTION - fraction_bits)))
    magnitude_N = ((exponent_N << _FP32_FRACTION) | fraction_N).to(torch.int32).view(torch.float32)
    return torch.where(sign_N == 1, -magnitude_N, magnitude_N)


def _hashed_integers(contents: str, words_N: torch.Tensor) -> torch.Tensor:
    found = _INTEGERS.fullmatch(contents or "0:1")
    if not found:
        raise Unreadable("no contents `{}`".format(contents))
    low, high = int(found[1]), int(found[2])
    # Beyond that the arithmetic below would leave 64 bits.
    if not -(2**61) <= low <= high < 2**61 or (found[3] and high - low >= 2**31):
        raise Unreadable("no contents `{}`".format(contents))
    if found[3]:
        places_N = torch.arange(words_N.numel(), dtype=torch.int64)
        return low + places_N * (high - low) // max(1, words_N.numel() - 1)
    return low + ((words_N >> 2) & (2**61 - 1)) % (high - low + 1)


def _cut(pool_N: torch.Tensor, offset: int, count: int) -> torch.Tensor:
    """Return `count` neighbours from `offset` on, in a circle."""
    if offset + count <= pool_N.numel():
        return pool_N[offset : offset + count].clone()
    rounds = (offset + count + pool_N.numel() - 1) // pool_N.numel()
    return pool_N.repeat(rounds)[offset : offset + count].contiguous()
