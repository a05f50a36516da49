from __future__ import annotations

import hashlib
import struct
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)

from reprocheck.worker.digests import Marker, digest_of, sampled_positions


def test_a_digest_covers_type_shape_and_bytes() -> None:
    tensor = torch.tensor([1.0, 2.0])
    expected = hashlib.sha256(b"torch.float32[2]" + struct.pack("<2f", 1.0, 2.0)).hexdigest()[:16]
    assert digest_of(tensor) == expected


def test_equal_bytes_of_another_shape_or_type_have_another_digest() -> None:
    tensor = torch.zeros(4)
    digests = {digest_of(t) for t in (tensor, tensor.view(2, 2), tensor.to(torch.int32), torch.zeros(2))}
    assert len(digests) == 4


def test_the_two_zeros_differ() -> None:
    assert digest_of(torch.tensor([0.0])) != digest_of(torch.tensor([-0.0]))


def test_an_empty_tensor_has_a_digest_and_no_samples() -> None:
    assert Marker().mark("empty", torch.zeros(0)) == digest_of(torch.zeros(0)) + ":"


def test_a_view_is_marked_by_its_values_not_by_its_storage() -> None:
    square = torch.arange(4.0).view(2, 2)
    assert Marker().mark("w", square.t()) == Marker().mark("w", torch.tensor([[0.0, 2.0], [1.0, 3.0]]))


@pytest.mark.parametrize(
    ("dtype", "bits"),
    [
        (torch.float32, "3f800000.c0000000"),
        (torch.float64, "3ff0000000000000.c000000000000000"),
        (torch.float16, "3c00.c000"),
        (torch.bfloat16, "3f80.c000"),
        (torch.int64, "0000000000000001.fffffffffffffffe"),
    ],
)
def test_samples_are_the_bits_of_the_elements(dtype: Any, bits: str) -> None:
    assert Marker().mark("w", torch.tensor([1, -2]).to(dtype)).partition(":")[2] == bits


def test_a_scalar_is_sampled_whole() -> None:
    assert Marker().mark("count", torch.tensor(1.0)).endswith(":3f800000")


def test_a_large_tensor_is_sampled_at_places_that_its_name_decides() -> None:
    places = sampled_positions("w", 10_000)
    assert places == sampled_positions("w", 10_000)
    assert places != sampled_positions("v", 10_000)
    assert places == sorted(set(places))
    assert 1 < len(places) <= 8
    assert places[-1] < 10_000


def test_one_bit_anywhere_changes_the_mark() -> None:
    tensor = torch.ones(1000)
    before = Marker().mark("w", tensor)
    tensor[777] = torch.nextafter(tensor[777], torch.tensor(2.0))
    assert Marker().mark("w", tensor) != before
