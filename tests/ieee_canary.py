"""The canary once more, in exact fractions rounded by the rules of IEEE 754: what torch must give, without torch.

Written from the description of the training, not from its code: loops over single numbers, no tensors. A number is its
sign and its magnitude, so that the two zeros differ.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import prod

Number = tuple[bool, Fraction]
Array = tuple[tuple[int, ...], list[Number]]

# Fraction bits, least normal exponent, and torch's name; then the bytes of a number.
PRECISIONS: dict[str, tuple[int, int, str]] = {
    "fp64": (52, -1022, "float64"),
    "fp32": (23, -126, "float32"),
    "bf16": (7, -126, "bfloat16"),
    "fp16": (10, -14, "float16"),
}
PACKED: dict[str, Callable[[float], bytes]] = {
    "fp64": lambda value: struct.pack("<d", value),
    "fp32": lambda value: struct.pack("<f", value),
    "bf16": lambda value: struct.pack("<f", value)[2:],
    "fp16": lambda value: struct.pack("<e", value),
}
WORD = (1 << 64) - 1


def hashed_words(name: str, count: int) -> list[int]:
    """Return splitmix64 words (Steele, Lea and Flood, OOPSLA 2014) of the canary's stream `name`."""
    key = int.from_bytes(hashlib.sha256(f"canary/{name}".encode()).digest()[:8], "big")
    words = []
    for index in range(1, count + 1):
        z = (key + index * 0x9E3779B97F4A7C15) & WORD
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        words.append(z ^ (z >> 31))
    return words


class IeeeCanary:
    """The canary in one type; `results` holds the bytes of every result with its shape, in order."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.bits, self.least, self.torch_name = PRECISIONS[dtype]
        self.results: list[tuple[tuple[int, ...], list[Number]]] = []  # numbers may be one period of what repeats

    # Arithmetic: IEEE 754-2019 4.3.1 (round to nearest, ties to even), 5.4.1, 6.3 (sign of zero).

    def rounded(self, negative: bool, magnitude: Fraction) -> Number:
        if magnitude == 0:
            return negative, magnitude
        whole, scale = magnitude.numerator, magnitude.denominator.bit_length() - 1  # whole / 2**scale
        dropped = max(whole.bit_length() - 1 - scale, self.least) - self.bits + scale
        if dropped <= 0:
            return negative, magnitude
        kept, rest = divmod(whole, 1 << dropped)
        half = 1 << (dropped - 1)
        kept += rest > half or (rest == half and kept % 2)
        return negative, Fraction(kept << dropped, 1 << scale)

    def sum_of(self, a: Number, b: Number) -> Number:
        exact = signed(a) + signed(b)
        if exact == 0:
            return a[0] and b[0], exact
        return self.rounded(exact < 0, abs(exact))

    def product_of(self, a: Number, b: Number) -> Number:
        return self.rounded(a[0] != b[0], a[1] * b[1])

    # Arrays: every result is kept.

    def kept(self, shape: tuple[int, ...], numbers: list[Number]) -> Array:
        assert prod(shape) % len(numbers) == 0
        self.results.append((shape, numbers))
        return shape, numbers

    def add(self, a: Array, b: Array) -> Array:
        return self.kept(a[0], [self.sum_of(p, q) for p, q in zip(a[1], b[1], strict=True)])

    def times(self, a: Array, factor: Number) -> Array:
        return self.kept(a[0], [self.product_of(p, factor) for p in a[1]])

    def where_positive(self, x: Array, a: Callable[[int], Number], b: Callable[[int], Number]) -> Array:
        positive = [number[1] > 0 and not number[0] for number in x[1]]
        return self.kept(x[0], [a(at) if yes else b(at) for at, yes in enumerate(positive)])

    def outer(self, a: Array, b: Array, shape: tuple[int, ...], left: Sequence[int], right: Sequence[int]) -> Array:
        """Return products over `shape`, where each factor has only the dimensions `left` and `right`."""
        places = list(product(*map(range, shape)))
        return self.kept(
            shape, [self.product_of(at(a, [p[d] for d in left]), at(b, [p[d] for d in right])) for p in places]
        )

    def total(self, x: Array, dim: int) -> Array:
        while x[0][dim] > 1:
            half = x[0][dim] // 2
            shape = (*x[0][:dim], half, *x[0][dim + 1 :])
            places = list(product(*map(range, shape)))
            upper = [(*p[:dim], p[dim] + half, *p[dim + 1 :]) for p in places]
            x = self.kept(shape, [self.sum_of(at(x, p), at(x, q)) for p, q in zip(places, upper, strict=True)])
        return (*x[0][:dim], *x[0][dim + 1 :]), x[1]

    # Inputs.

    def numbers(self, name: str, *shape: int) -> Array:
        bits = self.bits + 1
        odd = [2 * ((word >> 8) & ((1 << bits) - 1)) + 1 - (1 << bits) for word in hashed_words(name, prod(shape))]
        return shape, [(whole < 0, Fraction(abs(whole), 1 << bits)) for whole in odd]

    def ternary(self, name: str, *shape: int) -> Array:
        whole = [(word >> 33) % 3 - 1 for word in hashed_words(name, prod(shape))]
        return shape, [(number < 0, Fraction(abs(number))) for number in whole]

    # The three rounded parts.

    def train(self) -> None:
        x, w, v = self.numbers("x", 4, 8), self.numbers("w", 8, 8), self.numbers("v", 8, 2)
        minus_t = self.numbers("t", 4, 2)
        m_w: Array = (w[0], [ZERO] * 64)
        m_v: Array = (v[0], [ZERO] * 16)
        for _ in range(6):
            z = self.total(self.outer(x, w, (4, 8, 8), (0, 1), (1, 2)), 1)
            h = self.where_positive(z, z[1].__getitem__, lambda _: ZERO)
            e = self.add(self.total(self.outer(h, v, (4, 8, 2), (0, 1), (1, 2)), 1), minus_t)
            squares = self.kept((4, 2), [self.product_of(number, number) for number in e[1]])
            self.total(((8,), squares[1]), 0)
            g_v = self.total(self.outer(h, e, (4, 8, 2), (0, 1), (0, 2)), 0)
            back = self.total(self.outer(e, v, (4, 8, 2), (0, 2), (1, 2)), 2)
            d = self.where_positive(z, back[1].__getitem__, lambda _: ZERO)
            g_w = self.total(self.outer(x, d, (4, 8, 8), (0, 1), (0, 2)), 0)
            m_w, m_v = self.momentum(m_w, g_w), self.momentum(m_v, g_v)
            w, v = self.stepped(w, m_w), self.stepped(v, m_v)

    def momentum(self, m: Array, gradient: Array) -> Array:
        return self.add(self.times(m, (False, Fraction(29, 32))), gradient)

    def stepped(self, w: Array, m: Array) -> Array:
        return self.add(w, self.times(m, (True, Fraction(1, 32))))

    def around_the_smallest(self) -> None:
        d, least = self.numbers("near", 64), Fraction(2) ** self.least
        back = (False, 1 / least)
        tiny = self.times(d, (False, least))
        self.times(self.add(tiny, flipped(tiny)), back)
        small = self.times(d, (False, 4 * least))
        self.times(self.add(small, self.times(flipped(small), (True, Fraction(1)))), back)

    def in_every_thread(self) -> None:
        a, b, c = (self.numbers(name, 1024)[1] for name in "abc")
        products = [self.product_of(p, q) for p, q in zip(a, b, strict=True)]
        self.kept((131072,), products)
        self.kept((131072,), [self.sum_of(p, q) for p, q in zip(products, c, strict=True)])

    def train_exactly(self) -> None:
        x, t = self.ternary("exact x", 4, 8), self.ternary("exact t", 4, 2)
        eighth = (False, Fraction(1, 8))
        w, v = self.times(self.ternary("exact w", 8, 8), eighth), self.times(self.ternary("exact v", 8, 2), eighth)
        for _ in range(6):
            z = self.total(self.outer(x, w, (4, 8, 8), (0, 1), (1, 2)), 1)
            h = self.where_positive(z, lambda _: ONE, lambda _: ZERO)
            y = self.total(self.outer(h, v, (4, 8, 2), (0, 1), (1, 2)), 1)
            e = self.sign(self.add(y, self.times(t, MINUS_ONE)))
            g_v = self.total(self.outer(h, e, (4, 8, 2), (0, 1), (0, 2)), 0)
            d = self.total(self.outer(e, v, (4, 8, 2), (0, 2), (1, 2)), 2)
            g_w = self.total(self.outer(x, d, (4, 8, 8), (0, 1), (0, 2)), 0)
            w = self.add(w, self.times(self.sign(g_w), (True, Fraction(1, 8))))
            v = self.add(v, self.times(self.sign(g_v), (True, Fraction(1, 8))))

    def sign(self, x: Array) -> Array:
        negative = self.where_positive(self.times(x, MINUS_ONE), lambda _: MINUS_ONE, lambda _: ZERO)
        return self.where_positive(x, lambda _: ONE, negative[1].__getitem__)

    # Digests.

    def digest(self) -> str:
        return self.digest_as(self.dtype)

    def digest_as(self, dtype: str) -> str:
        """Return the SHA-256 over the SHA-256 of every result: type, shape, and bytes."""
        name, pack = PRECISIONS[dtype][2], PACKED[dtype]
        digests = []
        for shape, numbers in self.results:
            period = b"".join(pack(float(signed(number)) if number[1] else ZEROS[number[0]]) for number in numbers)
            repeated = period * (prod(shape) // len(numbers))
            digests.append(hashlib.sha256(f"torch.{name}{list(shape)}".encode() + repeated).hexdigest())
        return hashlib.sha256("".join(digests).encode()).hexdigest()


ZERO, ONE, MINUS_ONE = (False, Fraction(0)), (False, Fraction(1)), (True, Fraction(1))
ZEROS = {False: 0.0, True: -0.0}


def signed(number: Number) -> Fraction:
    return -number[1] if number[0] else number[1]


def at(array: Array, place: Sequence[int]) -> Number:
    index = 0
    for size, step in zip(array[0], place, strict=True):
        index = index * size + step
    return array[1][index]


def flipped(array: Array) -> Array:
    return array[0], array[1][::-1]


def rounded_parts(dtype: str) -> str:
    """Return the digest over the parts that round."""
    canary = IeeeCanary(dtype)
    canary.train()
    canary.around_the_smallest()
    canary.in_every_thread()
    return canary.digest()


@cache
def exact_part(dtype: str) -> str:
    """Return the digest over the exact part, as float64."""
    canary = IeeeCanary(dtype)
    canary.train_exactly()
    return canary.digest_as("fp64")


def whole_digest(dtype: str) -> str:
    """Return what the canary must give in `dtype`."""
    return hashlib.sha256((rounded_parts(dtype) + exact_part(dtype)).encode("ascii")).hexdigest()
