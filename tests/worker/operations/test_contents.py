"""What tensors held, in a few characters, and the hashed tensors that are made from them."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)

from reprocheck.worker.operations.contents import Contents, Maker, seen_in
from reprocheck.worker.operations.spelling import TensorSpec, Unreadable

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker(CPU)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.75, -0.1], "0"),
        ([1.0, 0.0], "2+"),
        ([-9.0, -2.0], "4-"),
        ([17.0, -1.0], "6"),
        ([2.0**-30], "-28+"),
        ([0.0, 0.0], "z"),
        ([float("inf"), float("nan"), 3.0], "2+"),
        ([float("nan")], "z"),
    ],
)
def test_floats_are_told_by_size_and_sign(values: list[float], text: str) -> None:
    assert str(seen_in(torch.tensor(values))) == text
    assert str(seen_in(torch.tensor(values, dtype=torch.bfloat16))) == text


@pytest.mark.parametrize(
    ("values", "text"), [([3, 0, 63], "0:63"), ([0, 3, 3, 9], "0:9^"), ([5], "5:5"), ([[0, 1], [2, 3]], "0:3")]
)
def test_integers_are_told_by_their_ends_and_whether_they_rise(values: Any, text: str) -> None:
    assert str(seen_in(torch.tensor(values))) == text


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_some_types_have_no_contents(dtype: Any) -> None:
    assert seen_in(torch.ones(3, dtype=dtype)) is None
    assert seen_in(torch.ones(0)) is None


def looked(values: list[Any]) -> Contents:
    contents = seen_in(torch.tensor(values))
    assert contents is not None
    return contents


def test_two_sightings_make_one_that_holds_for_both() -> None:
    first, second, nothing = looked([0.5, 0.25]), looked([-9.0, -1.0]), looked([0.0, 0.0])
    assert [str(first | second), str(first | nothing), str(nothing | nothing)] == ["4", "0+", "z"]
    assert str(looked([0, 9]) | looked([12, 3])) == "0:12"


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "bf16", "fp16"])
def test_hashed_floats_are_wide_and_of_the_size_that_was_seen(maker: Maker, dtype: str) -> None:
    tensor = maker.tensor(TensorSpec(dtype=dtype, shape=(100, 50), contents="4"), ("a",)).double()
    assert 8 < float(tensor.abs().max()) < 16
    exponents = set(torch.frexp(tensor)[1].flatten().tolist())
    assert exponents == set(range(-7, 5))
    assert 0.4 < float((tensor < 0).double().mean()) < 0.6


def test_all_bits_of_a_significand_are_hashed(maker: Maker) -> None:
    for dtype, bits in (("fp32", 23), ("bf16", 7), ("fp16", 10)):
        tensor = maker.tensor(TensorSpec(dtype=dtype, shape=(5000,), contents="4"), ("b",)).double()
        fractions = torch.frexp(tensor.abs())[0] * 2 ** (bits + 1)
        assert bool((fractions == fractions.round()).all())
        assert {int(fraction) % 2 for fraction in fractions.tolist()} == {0, 1}


@pytest.mark.parametrize(("contents", "least", "most"), [("0+", 0.0, 1.0), ("0-", -1.0, 0.0), ("z", 0.0, 0.0)])
def test_hashed_floats_keep_the_sign(maker: Maker, contents: str, least: float, most: float) -> None:
    tensor = maker.tensor(TensorSpec(dtype="fp32", shape=(1000,), contents=contents), ("c",))
    assert least <= float(tensor.min()) <= float(tensor.max()) <= most


def test_a_shift_makes_floats_smaller_and_leaves_integers(maker: Maker) -> None:
    floats, integers = TensorSpec(dtype="fp32", shape=(9,)), TensorSpec(dtype="int64", shape=(9,), contents="0:8")
    assert torch.equal(maker.tensor(floats, ("d",), 4) * 16, maker.tensor(floats, ("d",)))
    assert torch.equal(maker.tensor(integers, ("d",), 4), maker.tensor(integers, ("d",)))


def test_hashed_integers_stay_between_the_ends(maker: Maker) -> None:
    tensor = maker.tensor(TensorSpec(dtype="int32", shape=(5000,), contents="-3:60"), ("e",))
    assert (int(tensor.min()), int(tensor.max()), tensor.dtype) == (-3, 60, torch.int32)


def test_offsets_rise_from_end_to_end(maker: Maker) -> None:
    tensor = maker.tensor(TensorSpec(dtype="int64", shape=(4,), contents="0:300^"), ("f",))
    assert tensor.tolist() == [0, 100, 200, 300]


def test_streams_differ_and_come_again(maker: Maker) -> None:
    spec = TensorSpec(dtype="fp32", shape=(100,))
    first, again, other = (maker.tensor(spec, stream) for stream in (("g", 1), ("g", 1), ("g", 2)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_strides_and_types_are_as_the_text_says(maker: Maker) -> None:
    turned = maker.tensor(TensorSpec(dtype="bf16", shape=(4, 6), strides=(1, 4)), ("h",))
    expanded = maker.tensor(TensorSpec(dtype="bool", shape=(4, 6), strides=(0, 1)), ("h",))
    assert (turned.stride(), turned.dtype) == ((1, 4), torch.bfloat16)
    assert torch.equal(expanded[0], expanded[3])


def test_a_tensor_may_be_larger_than_the_pool(maker: Maker) -> None:
    tensor = maker.tensor(TensorSpec(dtype="fp32", shape=(600_000,)), ("i",))
    assert tensor.numel() == 600_000
    assert torch.equal(tensor[:1000], tensor[262_139:263_139])


@pytest.mark.parametrize(
    ("dtype", "contents"),
    [("fp99", ""), ("mm", ""), ("fp32", "0:3"), ("int64", "4+"), ("int64", "9:0"), ("int64", "0:4000000000^")],
)
def test_contents_that_no_tensor_has_are_refused(maker: Maker, dtype: str, contents: str) -> None:
    with pytest.raises(Unreadable):
        maker.tensor(TensorSpec(dtype=dtype, shape=(3,), contents=contents), ("j",))
