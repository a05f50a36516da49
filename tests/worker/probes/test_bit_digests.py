from __future__ import annotations

import hashlib
import math
import struct
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="outputs are tensors of torch", exc_type=ImportError)

from reprocheck.worker.bit_digests import FOLD, NOT_FINITE, bits_digest, coarse_digest, first_values
from reprocheck.worker.inputs import wide

COARSE_1000 = ["-0x1.08df88p+1", "0x1.ff41cap+0", "0x1.7ae9dp+0", "-0x1.e5b93ep+0"]
COARSE_FOLDED = ["-0x1.3d8b02b09931ap+0", "0x1.18ebd7277e7d7p-4", "-0x1.43c42df75d624p-2", "-0x1.1e31ccc673c1ep+1"]


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def coarse(tensor: Any, scale: float = 1.0) -> list[float]:
    return [float.fromhex(number) for number in coarse_digest([tensor], scale)]


def distance(one: Any, other: Any) -> float:
    return math.hypot(*(a - b for a, b in zip(coarse(one), coarse(other), strict=True))) / 2.0


def test_a_digest_is_the_sha_256_of_type_shape_and_bytes() -> None:
    expected = hashlib.sha256(b"torch.float32[2]" + struct.pack("<2f", 1.0, 2.0)).hexdigest()
    assert bits_digest([torch.tensor([1.0, 2.0])]) == expected


def test_a_digest_covers_every_output_and_their_order() -> None:
    one, two = torch.tensor([1.0]), torch.tensor([2.0])
    assert len({bits_digest(outputs) for outputs in ([one], [one, two], [two, one], [one, one])}) == 4


def test_a_digest_tells_zeros_by_their_sign_and_numbers_by_their_type() -> None:
    tensors = (torch.tensor([0.0]), torch.tensor([-0.0]), torch.tensor([0.0], dtype=torch.bfloat16))
    assert len({bits_digest([tensor]) for tensor in tensors}) == 3


def test_complex_numbers_are_digested_as_pairs() -> None:
    number = torch.tensor([1.0 + 2.0j])
    assert bits_digest([number]) == bits_digest([torch.tensor([[1.0, 2.0]])])
    assert first_values([number]) == ["3f800000", "40000000"]


def test_the_first_values_are_their_bits() -> None:
    assert first_values([torch.tensor([1.0, -1.0, 0.0, 2.0, 3.0])]) == ["3f800000", "bf800000", "00000000", "40000000"]
    assert first_values([torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)]) == [
        "3ff0000000000000",
        "4000000000000000",
    ]
    assert first_values([torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([2.0])]) == ["3f80"]
    assert first_values([torch.tensor([-1, 5])]) == ["ffffffffffffffff", "0000000000000005"]


def test_a_coarse_digest_is_these_numbers_on_every_platform(threads: int) -> None:
    assert coarse_digest([wide(1, (1000,), torch.float32)], 8.0) == COARSE_1000
    assert coarse_digest([wide(1, (3 * FOLD + 5,), torch.float64)], 8.0) == COARSE_FOLDED


@pytest.mark.parametrize("count", [1, 2, 3, 1000, FOLD, FOLD + 1, 5 * FOLD + 17])
def test_projections_of_noise_are_as_large_as_the_noise(count: int) -> None:
    output = wide(2, (count,), torch.float64)
    noise = wide(3, (count,), torch.float64, 0) * 1e-9
    size = float(noise.square().mean().sqrt())
    assert 0.2 * size <= distance(output, output + noise) <= 2.5 * size


def test_projections_are_in_units_of_the_scale() -> None:
    output = wide(4, (100,), torch.float32)
    assert coarse(output, 4.0) == [number / 4.0 for number in coarse(output)]


def test_every_output_has_a_scale_of_its_own() -> None:
    one, two = wide(5, (100,), torch.float32), wide(6, (100,), torch.float32) * 1024.0
    assert coarse_digest([one, two], [1.0, 1024.0]) == coarse_digest([one, two / 1024.0], 1.0)


def test_a_single_wrong_element_shows() -> None:
    output = wide(7, (10_000,), torch.float32, 0)
    wrong = output.clone()
    wrong[5000] = -wrong[5000]
    assert distance(output, wrong) > 0.01


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_far_from_everything(value: float) -> None:
    output = torch.ones(100)
    broken = output.clone()
    broken[3] = value
    assert distance(output, broken) >= NOT_FINITE / 100


def test_no_output_at_all_has_a_digest_of_zeros() -> None:
    assert coarse_digest([torch.zeros(0)], 1.0) == ["0x0p+0"] * 4
    assert first_values([torch.zeros(0)]) == []


def test_float64_keeps_its_bits_and_others_keep_24() -> None:
    third = torch.full((1,), 1.0, dtype=torch.float64) / 3.0
    assert [abs(number) for number in coarse(third)] == [float(third)] * 4
    assert [abs(number) for number in coarse(third.float())] == [float(third.float())] * 4


def test_hex_floats_have_no_zeros_at_their_end() -> None:
    assert {number.lstrip("-") for number in coarse_digest([torch.tensor([1.5])], 1.0)} == {"0x1.8p+0"}
    assert {number.lstrip("-") for number in coarse_digest([torch.tensor([2.0])], 1.0)} == {"0x1p+1"}
