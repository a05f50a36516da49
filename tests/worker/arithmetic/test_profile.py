"""Every property of a profile fires where a fault is planted, and stays silent where none is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="operations are torch's", exc_type=ImportError)

from reprocheck.worker.arithmetic.formats import FORMATS, bits_of, number_of, value_of
from reprocheck.worker.arithmetic.operations import OPERATIONS, Operation
from reprocheck.worker.arithmetic.profile import profile_of
from reprocheck.worker.arithmetic.roundings import ROUNDINGS, rounding_of
from reprocheck.worker.arithmetic.sentences import sentence_of

Call = Callable[..., Any]
BY_NAME = {operation.name: operation for operation in OPERATIONS}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small operations on a busy machine wait long for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def of(form: str, call: Call, dtype: str = "fp32") -> dict[str, Any]:
    return profile_of(Operation("planted", form, call), dtype, "cpu")


def in_turn(x: Any, y: Any) -> Any:
    """Products rounded, then added from left to right: no library has a say."""
    total = torch.zeros_like(x[:, 0])
    for k in range(x.shape[1]):
        total = total + x[:, k] * y[k]
    return total


def sum_in_turn(x: Any) -> Any:
    return in_turn(x, torch.ones_like(x[0]))


def truncated(x: Any, bits: int) -> Any:
    """Cut float32 to `bits` fraction bits, toward zero."""
    return (x.view(torch.int32) & -(1 << (23 - bits))).view(torch.float32)


def toward_zero(a: Any, b: Any) -> Any:
    """Add float32 numbers and round the sum toward zero: the sum in float64 is exact enough here."""
    exact = a.double() + b.double()
    near = exact.float()
    too_far = near.double().abs() > exact.abs()
    return torch.where(too_far, (near.view(torch.int32) - 1).view(torch.float32), near)


def fused_in_turn(x: Any, y: Any) -> Any:
    """Add in float64 and round to float32 each time: a product of float32 is exact in float64."""
    total = torch.zeros_like(x[:, 0])
    for k in range(x.shape[1]):
        total = (total.double() + x[:, k].double() * y[k].double()).float()
    return total


def flushed(x: Any) -> Any:
    return torch.where(x.abs() < 2.0**-126, torch.zeros_like(x), x)


SOUND = {"inputBits": 23, "accumulatorBits": 23, "rounding": "nearest-even", "fused": "no", "subnormals": "kept"}


def test_products_rounded_and_added_in_turn_are_told_as_such() -> None:
    assert of("products", in_turn) == SOUND


def test_a_fused_multiply_add_is_seen() -> None:
    assert of("products", fused_in_turn) == {**SOUND, "fused": "yes"}


def test_inputs_rounded_to_bfloat16_are_seen_with_their_rounding() -> None:
    told = of("products", lambda x, y: in_turn(x.bfloat16().float(), y.bfloat16().float()))
    assert told["inputBits"] == 7
    assert told["inputRounding"] == "nearest-even"
    assert told["accumulatorBits"] == 23


def test_inputs_cut_to_the_bits_of_tf32_are_seen_with_their_rounding() -> None:
    told = of("products", lambda x, y: in_turn(truncated(x, 10), truncated(y, 10)))
    assert told["inputBits"] == 10
    assert told["inputRounding"] == "toward-zero"


def test_only_one_factor_rounded_is_seen() -> None:
    assert of("products", lambda x, y: in_turn(x, y.bfloat16().float()))["inputBits"] == 7


def test_inputs_kept_in_two_parts_of_bfloat16_are_not_taken_for_whole_ones() -> None:
    def in_two_parts(x: Any) -> Any:
        first = x.bfloat16().float()
        return first + (x - first).bfloat16().float()

    assert 14 <= of("products", lambda x, y: in_turn(in_two_parts(x), in_two_parts(y)))["inputBits"] < 23


def test_an_accumulator_of_bfloat16_hides_what_inputs_and_output_keep() -> None:
    def narrow(x: Any) -> Any:
        total = torch.zeros_like(x[:, 0])
        for k in range(x.shape[1]):
            total = (total + x[:, k]).bfloat16().float()
        return total

    told = of("sums", narrow)
    hidden = {"status": "hidden", "detail": "the accumulator holds no more bits"}
    assert told["accumulatorBits"] == 7
    assert told["accumulatorRounding"] == "nearest-even"
    assert told["inputBits"] == told["rounding"] == hidden


def test_an_accumulator_that_rounds_toward_zero_is_seen() -> None:
    def cut(x: Any) -> Any:
        total = torch.zeros_like(x[:, 0])
        for k in range(x.shape[1]):
            total = toward_zero(total, x[:, k])
        return total

    assert of("sums", cut) == {"inputBits": 23, "accumulatorBits": 23, "rounding": "toward-zero", "subnormals": "kept"}


def test_a_wider_accumulator_has_a_rounding_of_its_own() -> None:
    def cut_at_23(x: Any) -> Any:
        total = torch.zeros_like(x[:, 0], dtype=torch.float32)
        for k in range(x.shape[1]):
            total = toward_zero(total, x[:, k].float())
        return total.bfloat16()

    told = of("sums", cut_at_23, "bf16")
    assert (told["accumulatorBits"], told["accumulatorRounding"]) == (23, "toward-zero")
    assert told["rounding"] == "nearest-even"


def test_the_order_of_additions_does_not_change_what_is_told() -> None:
    def by_halves(x: Any) -> Any:
        while x.shape[1] > 1:
            half = x.shape[1] // 2
            x = x[:, :half] + x[:, half:]
        return x[:, 0]

    assert of("sums", by_halves) == of("sums", lambda x: sum_in_turn(x.flip(1))) == of("sums", sum_in_turn)


def test_an_exact_sum_has_no_accumulator_that_can_be_told() -> None:
    def exact(x: Any) -> Any:
        rows = [sum(map(Fraction, row)) for row in x.double().tolist()]
        return torch.tensor([float(row) for row in rows], dtype=torch.float64).to(x.dtype)

    told = of("sums", exact)
    assert told["accumulatorBits"] == {"status": "beyond", "detail": "nothing is lost within 66 bits"}
    assert "accumulatorRounding" not in told


def test_sums_that_are_wrong_altogether_have_a_status_for_everything() -> None:
    told = of("sums", lambda x: sum_in_turn(x) * (1 + 2.0**-20))
    assert told["accumulatorBits"] == {"status": "irregular", "detail": "not even a half comes out whole"}
    assert told["rounding"] == {"status": "irregular", "detail": "no one rounding explains the results"}
    assert told["inputBits"] == 0


def test_a_hole_in_an_accumulator_has_a_status() -> None:
    def without_one_bit(x: Any) -> Any:
        total = sum_in_turn(x)
        return torch.where(total == 2.0**-5, torch.zeros_like(total), total)

    told = of("sums", without_one_bit)["accumulatorBits"]
    assert told == {"status": "irregular", "detail": "a small number is lost and a smaller one is kept"}


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (in_turn, "kept"),
        (lambda x, y: in_turn(flushed(x), flushed(y)), "inputs flushed"),
        (lambda x, y: in_turn(x, flushed(y)), "inputs flushed"),
        (lambda x, y: flushed(in_turn(x, y)), "outputs flushed"),
        (lambda x, y: flushed(in_turn(flushed(x), flushed(y))), "flushed"),
    ],
    ids=["kept", "both factors", "one factor", "results", "all"],
)
def test_flushed_subnormals_are_seen_where_they_are_flushed(call: Call, word: str) -> None:
    assert of("products", call)["subnormals"] == word


def test_flushed_summands_are_seen() -> None:
    assert of("sums", lambda x: sum_in_turn(flushed(x)))["subnormals"] == "inputs flushed"


def test_a_subnormal_that_becomes_something_else_has_a_status() -> None:
    told = of("products", lambda x, y: in_turn(x, y) + 2.0**-127)
    assert told["subnormals"]["status"] == "irregular"


def test_one_rounding_and_two_are_told_apart() -> None:
    def fused(a: Any, b: Any, c: Any) -> Any:
        return (a.double() * b.double() + c.double()).float()

    assert of("multiply-add", fused)["fused"] == "yes"
    assert of("multiply-add", lambda a, b, c: a * b + c)["fused"] == "no"


def test_a_product_that_is_neither_rounded_nor_whole_has_a_status() -> None:
    told = of("multiply-add", lambda a, b, c: truncated(a * b, 3) + c)
    assert told["fused"]["status"] == "irregular"


def test_roundings_of_single_operations_are_seen() -> None:
    assert of("addition", toward_zero)["rounding"] == "toward-zero"
    assert of("addition", torch.add)["rounding"] == "nearest-even"
    product = of("product", lambda a, b: truncated((a.double() * b.double()).float(), 22))
    assert product["rounding"]["status"] == "irregular"
    assert of("product", torch.mul) == {"inputBits": 23, "rounding": "nearest-even", "subnormals": "kept"}


def test_a_conversion_that_cuts_is_seen() -> None:
    def cut(x: Any, form: Any) -> Any:
        return truncated(x, 7).bfloat16()

    assert of("conversion", cut, "bf16") == {"rounding": "toward-zero", "subnormals": "kept"}
    assert of("conversion", lambda x, form: x.bfloat16(), "bf16")["rounding"] == "nearest-even"
    assert of("conversion", lambda x, form: flushed(x).bfloat16(), "bf16")["subnormals"] == "flushed"


@pytest.mark.parametrize(
    ("operation", "dtype", "bits"),
    [("cumsum", "fp32", 52), ("index-add", "bf16", 7), ("sum", "bf16", 23), ("sum", "fp64", 52), ("sum", "fp32", 23)],
)
def test_torchs_own_accumulators_on_the_cpu(operation: str, dtype: str, bits: int) -> None:
    assert profile_of(BY_NAME[operation], dtype, "cpu")["accumulatorBits"] == bits


def test_two_operations_are_never_fused_and_keep_subnormals() -> None:
    for dtype in ("fp64", "fp32", "bf16", "fp16"):
        told = profile_of(BY_NAME["multiply-then-add"], dtype, "cpu")
        assert told == {"rounding": "nearest-even", "fused": "no", "subnormals": "kept"}


def test_flushing_switched_on_is_seen() -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor has no such switch")
    try:
        assert profile_of(BY_NAME["mul"], "fp32", "cpu")["subnormals"] == "flushed"
        assert profile_of(BY_NAME["add"], "fp64", "cpu")["subnormals"] == "flushed"
    finally:
        torch.set_flush_denormal(False)
    assert profile_of(BY_NAME["mul"], "fp32", "cpu")["subnormals"] == "kept"


@pytest.mark.parametrize("name", ROUNDINGS)
def test_every_rounding_is_told_apart_from_the_others(name: str) -> None:
    amounts = [sign * (base + quarter) for sign in (1, -1) for base in (0, 4) for quarter in (1, 2, 3)]
    assert rounding_of([(amount, ROUNDINGS[name](amount)) for amount in amounts]) == name


def test_too_few_numbers_name_no_rounding() -> None:
    assert rounding_of([(3, 4)]) == ""


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_are_read_as_they_were_written(name: str) -> None:
    form = FORMATS[name]
    for exponent in (form.min_exponent - form.fraction_bits, form.min_exponent - 1, form.min_exponent, 0, 1):
        for whole in (1, -1):
            value = Fraction(whole) * Fraction(2) ** exponent
            assert value_of(form, bits_of(form, number_of(value))) == value


def test_a_number_that_a_format_does_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bf16 does not hold 257 \* 2\*\*0"):
        bits_of(FORMATS["bf16"], (257, 0))
    with pytest.raises(ValueError, match=r"fp16 does not hold 1 \* 2\*\*16"):
        bits_of(FORMATS["fp16"], (1, 16))


def test_infinities_and_nans_have_no_value() -> None:
    assert value_of(FORMATS["fp32"], 0x7F800000) is value_of(FORMATS["fp8e4m3"], 0x7F) is None
    assert value_of(FORMATS["fp8e4m3"], 0x7E) == 448


SENTENCES = [
    (
        SOUND,
        "products are rounded before they are added; accumulates in 23 fraction bits; "
        "result rounded to nearest even; subnormal numbers kept",
    ),
    (
        {**SOUND, "inputBits": 7, "inputRounding": "nearest-even", "fused": "yes", "subnormals": "inputs flushed"},
        "keeps 7 of 23 fraction bits of its inputs, rounded to nearest even; products are added unrounded; "
        "accumulates in 23 fraction bits; result rounded to nearest even; subnormal inputs flushed",
    ),
    (
        {
            "inputBits": 23,
            "accumulatorBits": 25,
            "accumulatorRounding": "toward-zero",
            "rounding": "nearest-even",
            "subnormals": "flushed",
        },
        "accumulates in 25 fraction bits, rounded toward zero; result rounded to nearest even; "
        "subnormal numbers flushed",
    ),
    (
        {
            "inputBits": {"status": "hidden"},
            "accumulatorBits": {"status": "beyond", "detail": "nothing is lost"},
            "rounding": {"status": "irregular"},
            "fused": {"status": "irregular"},
            "subnormals": {"status": "irregular"},
        },
        "input bits not told; rounding of products not told; accumulator not told: nothing is lost; "
        "result rounded in a way not told; subnormals not told",
    ),
]


@pytest.mark.parametrize(("profile", "sentence"), SENTENCES, ids=["sound", "tensor units", "wide", "not told"])
def test_a_profile_is_told_in_one_sentence(profile: dict[str, Any], sentence: str) -> None:
    assert sentence_of(profile, "fp32") == sentence
