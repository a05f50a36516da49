"""Sums of a known order, asked as any device is: the order comes back, and what cannot be known is said to be so."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="sums are made by torch", exc_type=ImportError)

from reprocheck.worker.trees.arithmetic_text import usually_fused
from reprocheck.worker.trees.recovery import recover
from reprocheck.worker.trees.summation import Units
from tests.worker.trees.summing import asked, by_tree, in_order, questions_of, random_tree, summation, sums_of, tree_of

SIZE = 16
LANES = tree_of("((0*4+4)*4+1)")
FP16_SUBNORMAL = 2.0**-14


def multiplied(left: Any, right: Any, order: range, dtype: Any) -> Any:
    """Return products summed in one order, products and sums in `dtype`."""
    left, right = left.to(dtype), right.to(dtype)
    total = left[:, order[0], None] * right[None, order[0]]
    for place in order[1:]:
        total = total + left[:, place, None] * right[None, place]
    return total


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "bf16", "fp16"])
def test_a_chain_in_the_accumulator_of_its_own_type(dtype: str) -> None:
    told = asked(summation(in_order(range(SIZE)), dtype=dtype))
    assert (told["text"], told["sentence"]) == ("(0*16+1)", "one chain in order")
    assert (told["depth"], told["replay"], told["size"]) == (15, "20 of 20", SIZE)


def test_a_reordered_sum_is_told_apart() -> None:
    orders = [range(SIZE), range(SIZE - 1, -1, -1), [0, 2, 1, *range(3, SIZE)], [*range(SIZE - 2), SIZE - 1, SIZE - 2]]
    texts = [asked(summation(in_order(order)))["text"] for order in orders]
    assert texts == ["(0*16+1)", "(14 15 13*14-1)", "(0 2 1 3*13+1)", "(0*14+1 15 14)"]
    digests = {asked(summation(in_order(order)))["digest"] for order in orders}
    assert len(digests) == 4


def test_the_first_two_have_no_order() -> None:
    assert asked(summation(in_order([1, 0, *range(2, SIZE)]))) == asked(summation(in_order(range(SIZE))))


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "bf16", "fp16"])
@pytest.mark.parametrize("seed", [1, 2])
def test_any_tree_in_any_type(dtype: str, seed: int) -> None:
    tree = random_tree(seed, 40)
    questions = questions_of(summation(by_tree(tree), dtype=dtype, size=40))
    assert sums_of(recover(questions.meeting_sizes, range(40))) == sums_of(tree)


def test_more_terms_than_bf16_counts_are_asked_in_parts() -> None:
    told = asked(summation(in_order(range(300)), dtype="bf16", size=300, rows=64))
    assert told["text"] == "(0*300+1)"
    assert told["queries"] > 2 * 299


def test_one_question_a_call_gives_the_same_as_many() -> None:
    one, many = (asked(summation(by_tree(LANES), rows=rows)) for rows in (1, 8))
    assert {key: one[key] for key in ("digest", "queries")} == {key: many[key] for key in ("digest", "queries")}


def test_a_wider_accumulator_is_found() -> None:
    wide = summation(lambda left, _: in_order(range(SIZE))(left.to(torch.float64), _).to(left.dtype))
    assert asked(wide)["sentence"] == "one chain in order; accumulated in fp64"


@pytest.mark.parametrize(
    ("dtype", "inner", "sentence"),
    [
        ("fp32", torch.float32, "one chain in order; products rounded"),
        ("fp32", torch.float64, "one chain in order; accumulated in fp64"),
        ("bf16", torch.float32, "one chain in order; accumulated in fp32"),
        ("bf16", torch.bfloat16, "one chain in order; products rounded"),
        ("fp64", torch.float64, "one chain in order; products rounded"),
    ],
)
def test_what_happens_to_products(dtype: str, inner: Any, sentence: str) -> None:
    def compute(left: Any, right: Any) -> Any:
        return multiplied(left, right, range(SIZE), inner).to(left.dtype)

    assert asked(summation(compute, dtype=dtype, columns=3))["sentence"] == sentence


def fused(left: Any, right: Any, order: range) -> Any:
    """Return products of fp32 fused with their addition, in fractions."""
    total = (left[:, order[0], None] * right[None, order[0]]).to(torch.float32)
    for place in order[1:]:
        product = left[:, place, None].to(torch.float64) * right[None, place].to(torch.float64)
        exact = [
            [Fraction(p) + Fraction(t) for p, t in zip(ps, ts, strict=True)]
            for ps, ts in zip(product.tolist(), total.tolist(), strict=True)
        ]
        total = torch.tensor([[nearest_float32(value) for value in row] for row in exact], dtype=torch.float32)
    return total


def nearest_float32(value: Fraction) -> float:
    if value == 0:
        return 0.0
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    exponent -= abs(value) < Fraction(2) ** exponent
    place = Fraction(2) ** (exponent - 23)
    return float(round(value / place) * place)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (range(8), "(0*8+1); fma"),
        (range(7, -1, -1), "(6 7 5*6-1); fma but for 6 7"),
    ],
)
def test_fused_products_are_told_and_where_the_chain_begins(order: range, text: str) -> None:
    told = asked(summation(lambda left, right: fused(left, right, order), size=8, rows=2, columns=2))
    assert told["text"] == text


def test_inputs_that_are_rounded_or_cut() -> None:
    def rounded(left: Any, right: Any) -> Any:
        return multiplied(left.to(torch.bfloat16), right.to(torch.bfloat16), range(SIZE), torch.float32)

    def cut(left: Any, right: Any) -> Any:
        left, right = ((value.view(torch.int32) & -(1 << 13)).view(torch.float32) for value in (left, right))
        return multiplied(left, right, range(SIZE), torch.float32)

    assert asked(summation(rounded, columns=2))["text"] == "(0*16+1); inputs rounded to 8 bits"
    assert asked(summation(cut, columns=2))["text"] == "(0*16+1); inputs cut to 11 bits"


def tensor_core(left: Any, right: Any, extra: int) -> Any:
    """Add four products at a time to the sum so far, aligned to the largest exponent and cut, in fractions."""
    rows, columns, total = left.tolist(), right.t().tolist(), []
    for row in rows:
        total.append([accumulated(row, column, extra) for column in columns])
    return torch.tensor(total, dtype=torch.float32).to(left.dtype)


def accumulated(row: list[float], column: list[float], extra: int) -> float:
    total = 0.0
    for begin in range(0, len(row), 4):
        pairs = list(zip(row[begin : begin + 4], column[begin : begin + 4], strict=True))
        addends = [Fraction(a) * Fraction(b) for a, b in pairs] + ([Fraction(total)] if begin else [])
        exponents = [exponent(a) + exponent(b) for a, b in pairs if a and b] + ([exponent(total)] if total else [])
        if not exponents:
            continue
        place = Fraction(2) ** (max(exponents) - 23 - extra)
        total = cut_to_float32(sum((int(addend / place) * place for addend in addends), Fraction(0)))
    return total


def exponent(value: float) -> int:
    return int(torch.frexp(torch.tensor(value, dtype=torch.float64))[1]) - 1


def cut_to_float32(value: Fraction) -> float:
    if value == 0:
        return 0.0
    place = Fraction(2) ** (exponent(float(value)) - 23)
    return float(int(value / place) * place)


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_a_tensor_core_is_an_adder_of_many(extra: int) -> None:
    told = asked(summation(lambda a, b: tensor_core(a, b, extra), dtype="fp16", size=12, rows=2, columns=2))
    assert told["text"] == f"({{0*4+1}} [4*4+1]*2+4); in fp32; at once cut at +{extra}"
    assert told["sentence"].startswith("4 terms at a time, added at once to the sum so far")


def test_rows_and_columns_of_another_kernel_are_left_out() -> None:
    """The last rows are added backwards; the products of the last column are exact."""

    def compute(left: Any, right: Any) -> Any:
        out = multiplied(left, right, range(SIZE), torch.float32)
        out[6:] = multiplied(left[6:], right, range(SIZE - 1, -1, -1), torch.float32)
        out[:, 3] = multiplied(left, right[:, 3:], range(SIZE), torch.float64)[:, 0].to(torch.float32)
        return out

    told = asked(summation(compute, rows=8, columns=4))
    assert told["sentence"] == (
        "one chain in order; products rounded"
        "; 2 of 8 rows are computed otherwise; 1 of 4 columns are computed otherwise"
    )


def test_flushed_subnormals_take_larger_units() -> None:
    def flushing(left: Any, _: Any) -> Any:
        return in_order(range(40))(torch.where(left.abs() < FP16_SUBNORMAL, torch.zeros_like(left), left), _)

    questions = questions_of(summation(flushing, dtype="fp16", size=40))
    assert questions.units == Units(2.0**-14, 2.0**15, 16)
    assert asked(summation(flushing, dtype="fp16", size=40))["text"] == "(0*40+1)"


def unrecovered(compute: Any) -> str:
    told = asked(summation(compute))
    assert told["status"] == "unrecovered"
    assert "text" not in told
    return str(told["detail"])


def test_what_is_no_sum_has_no_tree() -> None:
    assert unrecovered(lambda left, _: left.amax(1)) == "a sum of units is not their number"
    assert unrecovered(lambda left, _: left.sum(1) * float("nan")) == "a sum of units is not their number"


def test_an_exact_sum_has_no_tree() -> None:
    """An accumulator that loses nothing shows no order: every unit survives every mask."""
    detail = unrecovered(lambda left, _: torch.tensor([float(sum(map(Fraction, row))) for row in left.tolist()]))
    assert detail == "the answers are those of no tree"


def test_masks_that_do_not_cancel_show_nothing() -> None:
    detail = unrecovered(lambda left, _: torch.where(left > 1, left * 2, left).sum(1))
    assert detail == "a masked sum is no count of units: the masks do not swallow them, or do not cancel"


def test_a_tree_whose_replay_differs_is_not_told() -> None:
    """Compensated summation has the chain's answers here and other bits there."""

    def rough(left: Any, _: Any) -> Any:
        return in_order(range(SIZE))(left, _) * (1 + 2.0**-23)

    detail = unrecovered(
        lambda left, _: torch.where(left.frac().any(1), rough(left, _), in_order(range(SIZE))(left, _))
    )
    assert detail.startswith("the replay gives the bits of ")
    assert detail.endswith(" of 20 inputs")


def test_an_order_that_changes_from_call_to_call_has_no_tree() -> None:
    calls = iter(range(10_000))

    def compute(left: Any, _: Any) -> Any:
        order = range(SIZE) if next(calls) % 3 else range(SIZE - 1, -1, -1)
        return in_order(order)(left, _)

    assert unrecovered(compute)


def test_an_operation_that_raises_has_a_status() -> None:
    def compute(left: Any, _: Any) -> Any:
        raise RuntimeError("\"sum\" not implemented for 'Half'")

    assert asked(summation(compute)) == {
        "operation": "invented",
        "dtype": "fp32",
        "device": "cpu",
        "size": SIZE,
        "status": "unsupported",
        "detail": "RuntimeError: \"sum\" not implemented for 'Half'",
    }


def test_products_that_are_neither_rounded_nor_fused_have_no_tree() -> None:
    def rough(left: Any, right: Any) -> Any:
        """Multiply as two halves of a number would be, and lose more than the last place."""
        both_odd = (left[:, :, None].frac() != 0) & (right[None].frac() != 0)
        products = left[:, :, None] * right[None]
        return torch.where(both_odd, products * (1 + 2.0**-12), products).sum(1)

    told = asked(summation(rough, columns=2))
    assert told["detail"] == "a product is neither rounded nor fused with the addition"


def test_a_chain_fuses_all_but_its_first_product() -> None:
    assert usually_fused(tree_of("((0*3+1) (3*3+1))")) == [False, True, True, False, True, True]
    assert usually_fused(tree_of("{0 1 (2 3)}")) == [False, False, False, True]
