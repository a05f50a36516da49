"""A training made of IEEE 754 additions and multiplications alone: every sound platform gives the bits written here.

Each operation is one rounding, in an order that the code fixes: sums go by halves, ReLU is a comparison, nothing is
reduced by a library. Additions and multiplications are rounded correctly by IEEE 754-2019 5.4.1; torch computes those
of bfloat16 and float16 in float32 and rounds again, which gives the same bits, as 24 >= 2 * 11 + 2 (Figueroa, SIGNUM
Newsletter 30(3), 1995). Every result is in the digest, so that nothing that goes wrong is lost behind a ReLU.
What breaks it: flushed subnormals, a product fused with an addition, a bit that flips; never another order or library.
Three parts: a training whose every step is rounded in the type itself, numbers around the smallest normal one, and long
vectors that every thread has a share of. A fourth is exact in all types: its digest is the same in all four.
Legend: B batch, I inputs, H hidden, C outputs, N elements.
"""

from __future__ import annotations

import hashlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

import torch

from ..bit_digests import bits_digest
from ..hashing import hashed_below, hashed_integers, key_of
from ..probing import failure_of
from .formats import FORMATS, Format
from .queries import vector_of

DTYPES = ("fp64", "fp32", "bf16", "fp16")
B, I, H, C = 4, 8, 8, 2  # noqa: E741 - the sizes that the legend names
STEPS = 6
NEAR = 64
PATTERN, REPEATS = 1024, 128  # torch gives a thread at least 32768 elements: four threads have a share

# What IEEE 754 gives, computed with exact fractions and no floats (tests/ieee_canary.py).
EXACT = "4143320c9a4f013d4c9c6f70781aae60afbc486119d2c5c9435c023e67e527c1"
EXPECTED: Dict[str, str] = {
    "fp64": "edac190d83b61ce2a797840e12d57b24a81506c450d81142e29ddbb673b5bc75",
    "fp32": "e21da4bb5e5779d9101164f63af991c98d09ff463568e8148a304a3caf50d459",
    "bf16": "e8ba9ddbfeb45fd6b160f6b798da54a622cf9af3e1f9d220abd16020c4f79962",
    "fp16": "cd614f5c0288ee7271a6a73614971fb164c0432633e57d16290957cc20bc0dbe",
}


class Table(NamedTuple):
    """The only operations: sum, product, and one of two values by the sign of a third."""

    add: Callable[[Any, Any], Any]
    mul: Callable[[Any, Any], Any]
    where_positive: Callable[[Any, Any, Any], Any]


TORCH = Table(torch.add, torch.mul, lambda x, a, b: torch.where(x > 0, a, b))


class Tape:
    """Does the operations of a table and keeps every result."""

    def __init__(self, table: Table) -> None:
        self.results: List[torch.Tensor] = []
        self.add = self._kept(table.add)
        self.mul = self._kept(table.mul)
        self.where_positive = self._kept(table.where_positive)

    def _kept(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*operands: torch.Tensor) -> torch.Tensor:
            self.results.append(operation(*operands))
            return self.results[-1]

        return run

    def total(self, x: torch.Tensor, dim: int) -> torch.Tensor:
        """Return the sum along `dim`, a power of two long: upper half to lower half until one is left."""
        while x.shape[dim] > 1:
            half = x.shape[dim] // 2
            x = self.add(x.narrow(dim, 0, half), x.narrow(dim, half, half))
        return x.squeeze(dim)


def canary_lines(device: str) -> Iterator[Dict[str, Any]]:
    """Yield one line a type: the digest, the one that is expected, and that of the exact part."""
    for dtype in DTYPES:
        line: Dict[str, Any] = {"canary": dtype, "device": device}
        try:
            exact = exact_digest(dtype, device)
            yield {**line, "digest": canary_digest(dtype, device, exact), "expected": EXPECTED[dtype], "exact": exact}
        except Exception as error:  # a type that this device lacks must not cost the others
            yield {**line, **failure_of(error)}


def canary_digest(dtype: str, device: str, exact: str, table: Table = TORCH) -> str:
    """Return the SHA-256 of all results in `dtype`, and of `exact`, the digest of the exact part."""
    tape, form = Tape(table), FORMATS[dtype]
    train(tape, form, device)
    around_the_smallest(tape, form, device)
    in_every_thread(tape, form, device)
    return hashlib.sha256((bits_digest(tape.results) + exact).encode("ascii")).hexdigest()


def exact_digest(dtype: str, device: str, table: Table = TORCH) -> str:
    """Return the SHA-256 of the results of the exact training, as float64: the same for every type."""
    tape = Tape(table)
    train_exactly(tape, FORMATS[dtype], device)
    return bits_digest([result.cpu().to(torch.float64) for result in tape.results])


def train(tape: Tape, form: Format, device: str) -> None:
    """Train two layers with momentum; all numbers have as many bits as the type, so that every step rounds."""
    x_BI, w_IH = numbers(form, device, "x", B, I), numbers(form, device, "w", I, H)
    v_HC, minus_t_BC = numbers(form, device, "v", H, C), numbers(form, device, "t", B, C)
    keep, minus_rate, zero = (vector_of(form, device, [number]) for number in ((29, -5), (-1, -5), (0, 0)))
    m_IH, m_HC = torch.zeros_like(w_IH), torch.zeros_like(v_HC)
    for _ in range(STEPS):
        z_BH = tape.total(tape.mul(x_BI.unsqueeze(2), w_IH.unsqueeze(0)), 1)
        h_BH = tape.where_positive(z_BH, z_BH, zero)
        e_BC = tape.add(tape.total(tape.mul(h_BH.unsqueeze(2), v_HC.unsqueeze(0)), 1), minus_t_BC)
        tape.total(tape.mul(e_BC, e_BC).reshape(B * C), 0)
        g_HC = tape.total(tape.mul(h_BH.unsqueeze(2), e_BC.unsqueeze(1)), 0)
        back_BH = tape.total(tape.mul(e_BC.unsqueeze(1), v_HC.unsqueeze(0)), 2)
        d_BH = tape.where_positive(z_BH, back_BH, zero)
        g_IH = tape.total(tape.mul(x_BI.unsqueeze(2), d_BH.unsqueeze(1)), 0)
        m_IH, m_HC = tape.add(tape.mul(m_IH, keep), g_IH), tape.add(tape.mul(m_HC, keep), g_HC)
        w_IH, v_HC = tape.add(w_IH, tape.mul(m_IH, minus_rate)), tape.add(v_HC, tape.mul(m_HC, minus_rate))


def around_the_smallest(tape: Tape, form: Format, device: str) -> None:
    """Make subnormal numbers by products and by differences, add them, and multiply them back."""
    d_N = numbers(form, device, "near", NEAR)
    least, four_least, large = (
        vector_of(form, device, [(1, e)]) for e in (form.min_exponent, form.min_exponent + 2, -form.min_exponent)
    )
    tiny_N = tape.mul(d_N, least)
    tape.mul(tape.add(tiny_N, tiny_N.flip(0)), large)
    small_N = tape.mul(d_N, four_least)
    tape.mul(tape.add(small_N, tape.mul(small_N.flip(0), vector_of(form, device, [(-1, 0)]))), large)


def in_every_thread(tape: Tape, form: Format, device: str) -> None:
    """Multiply and add long vectors, which torch shares among its threads."""
    a_N, b_N, c_N = (numbers(form, device, name, PATTERN).repeat(REPEATS) for name in "abc")
    tape.add(tape.mul(a_N, b_N), c_N)


def train_exactly(tape: Tape, form: Format, device: str) -> None:
    """Train by the signs of gradients on small whole numbers and eighths: nothing is rounded, even in bfloat16."""
    x_BI, t_BC = ternary(form, device, "exact x", B, I), ternary(form, device, "exact t", B, C)
    w_IH, v_HC = ternary(form, device, "exact w", I, H), ternary(form, device, "exact v", H, C)
    zero, one, minus_one, eighth, minus_eighth = (
        vector_of(form, device, [number]) for number in ((0, 0), (1, 0), (-1, 0), (1, -3), (-1, -3))
    )

    def sign(x: torch.Tensor) -> Any:
        return tape.where_positive(x, one, tape.where_positive(tape.mul(x, minus_one), minus_one, zero))

    w_IH, v_HC = tape.mul(w_IH, eighth), tape.mul(v_HC, eighth)
    for _ in range(STEPS):
        z_BH = tape.total(tape.mul(x_BI.unsqueeze(2), w_IH.unsqueeze(0)), 1)
        h_BH = tape.where_positive(z_BH, one, zero)
        y_BC = tape.total(tape.mul(h_BH.unsqueeze(2), v_HC.unsqueeze(0)), 1)
        e_BC = sign(tape.add(y_BC, tape.mul(t_BC, minus_one)))
        g_HC = tape.total(tape.mul(h_BH.unsqueeze(2), e_BC.unsqueeze(1)), 0)
        d_BH = tape.total(tape.mul(e_BC.unsqueeze(1), v_HC.unsqueeze(0)), 2)
        g_IH = tape.total(tape.mul(x_BI.unsqueeze(2), d_BH.unsqueeze(1)), 0)
        w_IH = tape.add(w_IH, tape.mul(sign(g_IH), minus_eighth))
        v_HC = tape.add(v_HC, tape.mul(sign(g_HC), minus_eighth))


def numbers(form: Format, device: str, name: str, *shape: int) -> torch.Tensor:
    """Return hashed numbers in (-1, 1): odd multiples of the smallest step that uses all bits of the type."""
    bits, count = form.fraction_bits + 1, _count(shape)
    words_N = (hashed_integers(key_of("canary", name), count) >> 8) & ((1 << bits) - 1)
    odd_N = 2 * words_N + 1 - (1 << bits)
    return _made(odd_N, bits, form, shape).to(device)


def ternary(form: Format, device: str, name: str, *shape: int) -> torch.Tensor:
    """Return hashed numbers of -1, 0 and 1."""
    return _made(hashed_below(key_of("canary", name), _count(shape), 3) - 1, 0, form, shape).to(device)


def _made(whole_N: torch.Tensor, bits: int, form: Format, shape: Any) -> torch.Tensor:
    """Return whole numbers times 2**-bits; every step is exact."""
    dtype: torch.dtype = getattr(torch, form.torch_name)
    return (whole_N.to(torch.float64) * 2.0**-bits).to(dtype).view(*shape)


def _count(shape: Any) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
