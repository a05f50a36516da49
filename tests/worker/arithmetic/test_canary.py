"""The canary gives what IEEE 754 gives, and nothing that goes wrong in any of its operations stays hidden."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="operations are torch's", exc_type=ImportError)

from reprocheck.worker.arithmetic.canary import (
    DTYPES,
    EXACT,
    EXPECTED,
    TORCH,
    Table,
    Tape,
    canary_digest,
    canary_lines,
    exact_digest,
    in_every_thread,
    train,
)
from reprocheck.worker.arithmetic.formats import FORMATS
from reprocheck.worker.bit_digests import bits_digest
from tests.ieee_canary import exact_part, whole_digest

INTEGERS = {8: torch.int64, 4: torch.int32, 2: torch.int16}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small operations on a busy machine wait long for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def digest_with(table: Table, dtype: str) -> str:
    return canary_digest(dtype, "cpu", exact_digest(dtype, "cpu", table), table)


class OneFlippedBit:
    """A multiplication or addition whose `turn`th call returns one element with one bit flipped."""

    def __init__(self, operation: Callable[..., Any], turn: int) -> None:
        self.operation, self.turn, self.calls = operation, turn, 0

    def __call__(self, *operands: Any) -> Any:
        result = self.operation(*operands)
        self.calls += 1
        if self.calls == self.turn:
            words = result.reshape(-1).view(INTEGERS[result.element_size()]).clone()
            place = self.turn * 7919 % words.numel()
            words[place] ^= 1 << (self.turn * 31 % (8 * result.element_size() - 1))
            return words.view(result.dtype).view(result.shape)
        return result


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_expected_digests_are_those_of_exact_fractions_rounded_by_ieee_754(dtype: str) -> None:
    assert EXPECTED[dtype] == whole_digest(dtype)
    assert exact_part(dtype) == EXACT


def test_torch_gives_the_expected_digests_here() -> None:
    lines = list(canary_lines("cpu"))
    assert lines == [
        {"canary": dtype, "device": "cpu", "digest": EXPECTED[dtype], "expected": EXPECTED[dtype], "exact": EXACT}
        for dtype in DTYPES
    ]


def test_every_thread_has_a_share_and_changes_nothing() -> None:
    digests = set()
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        digests.add(canary_digest("bf16", "cpu", EXACT))
    assert digests == {EXPECTED["bf16"]}


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "bf16"])
def test_flushed_subnormals_kill_the_canary(dtype: str) -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor has no such switch")
    try:
        assert canary_digest(dtype, "cpu", EXACT) != EXPECTED[dtype]
        assert exact_digest(dtype, "cpu") == EXACT
    finally:
        torch.set_flush_denormal(False)
    assert canary_digest(dtype, "cpu", EXACT) == EXPECTED[dtype]


def test_flushed_subnormals_of_float16_kill_it_too() -> None:
    def flushed(x: Any) -> Any:
        return torch.where(x.abs() < 2.0**-14, torch.zeros_like(x), x)

    table = TORCH._replace(mul=lambda a, b: flushed(torch.mul(a, b)))
    assert digest_with(table, "fp16") != EXPECTED["fp16"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["add", "mul", "where_positive"])
def test_one_flipped_bit_in_any_one_operation_of_the_training_kills_it(name: str, dtype: str) -> None:
    form = FORMATS[dtype]

    def trained(turn: int) -> tuple[str, int]:
        flip = OneFlippedBit(getattr(TORCH, name), turn)
        tape = Tape(TORCH._replace(**{name: flip}))
        train(tape, form, "cpu")
        return bits_digest(tape.results), flip.calls

    sound, calls = trained(0)
    alive = [turn for turn in range(1, calls + 1, 5 if name == "add" else 3) if trained(turn)[0] == sound]
    assert calls >= 12
    assert alive == []


@pytest.mark.parametrize("turn", [1, 2, 40, 80, 120, 121])
def test_one_flipped_bit_in_the_whole_canary_kills_it(turn: int) -> None:
    flip = OneFlippedBit(torch.mul, turn)
    digest = digest_with(TORCH._replace(mul=flip), "fp32")
    assert flip.calls >= 121
    assert digest != EXPECTED["fp32"]


def test_a_fused_multiply_add_kills_it() -> None:
    """A table cannot see both operations at once: the product hands on what it lost, and the addition takes it in."""

    class Fusing:
        product: Any = None
        exact: Any = None

        def mul(self, a: Any, b: Any) -> Any:
            self.exact, self.product = a.double() * b.double(), torch.mul(a, b)
            return self.product

        def add(self, a: Any, b: Any) -> Any:
            return (self.exact + b.double()).float() if a is self.product else torch.add(a, b)

    fusing = Fusing()
    tape, sound = Tape(TORCH._replace(mul=fusing.mul, add=fusing.add)), Tape(TORCH)
    for one in (tape, sound):
        in_every_thread(one, FORMATS["fp32"], "cpu")
    assert bool((tape.results[0] == sound.results[0]).all())
    assert int((tape.results[1] != sound.results[1]).sum()) > 10_000


def test_a_sum_in_another_order_kills_it() -> None:
    def total(self: Tape, x: Any, dim: int) -> Any:
        return torch.sum(x, dim)

    tape = Tape(TORCH)
    tape.total = lambda x, dim: total(tape, x, dim)  # type: ignore[method-assign]
    train(tape, FORMATS["fp32"], "cpu")
    sound = Tape(TORCH)
    train(sound, FORMATS["fp32"], "cpu")
    assert bits_digest(tape.results) != bits_digest(sound.results)


def test_a_type_that_fails_costs_only_itself() -> None:
    lines = list(canary_lines("no-such-device"))
    assert [line["canary"] for line in lines] == list(DTYPES)
    assert {line["status"] for line in lines} == {"raises"}
