"""Probes are equal, equal up to rounding, or different; and what cannot be compared is told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.numeric_differences import FamilyRow, ProbeDifference
from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.probe_comparison import BOUNDS, ROUNDING_UNITS, compare_probes, distance_of, is_rounding
from tests.numerics.numeric_shapes import OTHER, lacking, probe

NAME = "matmul/wide/fp32"


def only(old: Probe | None, new: Probe | None) -> ProbeDifference | None:
    _, found = compare_probes([old] if old else [], [new] if new else [])
    return found[0] if found else None


def kind(old: Probe | None, new: Probe | None) -> str | None:
    found = only(old, new)
    return found.kind if found else None


def test_equal_digests_are_no_difference_whatever_the_coarse_ones_say() -> None:
    rows, found = compare_probes([probe(NAME)], [probe(NAME, apart=1.0)])
    assert (found, rows) == ((), (FamilyRow(family="matmul", dtype="fp32", device="cpu", equal=1),))


@pytest.mark.parametrize("dtype", BOUNDS)
def test_the_bound_of_each_dtype_parts_rounding_from_another_result(dtype: str) -> None:
    name = f"matmul/wide/{dtype}"
    unit, bound = ROUNDING_UNITS[dtype], BOUNDS[dtype]
    assert kind(probe(name), probe(name, OTHER, apart=0.9 * bound * unit)) == "rounding"
    assert kind(probe(name), probe(name, OTHER, apart=1.1 * bound * unit)) == "different"


def test_the_distance_is_the_root_mean_square_in_rounding_units() -> None:
    old = probe(NAME)
    new = replace(old, coarse=(*old.coarse[:3], (float.fromhex(old.coarse[3]) + 2.0**-20).hex()))
    assert distance_of(old, new) == 4.0  # 2^-20 is eight units, in one of four projections


def test_what_two_coarse_digests_themselves_are_rounded_by_is_allowed_for() -> None:
    huge = replace(probe(NAME), coarse=(float(2**20).hex(),))
    near = replace(huge, coarse=(float(2**20 + 0.125).hex(),), digest=OTHER)
    assert kind(huge, near) == "rounding"
    assert kind(huge, replace(near, coarse=(float(2**20 + 0.25).hex(),))) == "different"


def test_an_unknown_dtype_is_never_called_rounding() -> None:
    found = only(probe("matmul/wide/fp6"), probe("matmul/wide/fp6", OTHER))
    assert found is not None
    assert (found.kind, found.distance) == ("different", None)


def test_integers_are_equal_or_different() -> None:
    assert kind(probe("random/randint/int64"), probe("random/randint/int64", OTHER)) == "different"


@pytest.mark.parametrize("coarse", [(), ("0x1p+0",)])
def test_coarse_digests_of_other_lengths_are_not_compared(coarse: tuple[str, ...]) -> None:
    assert kind(probe(NAME), probe(NAME, OTHER, coarse=coarse)) == "different"
    assert kind(probe(NAME, coarse=coarse), probe(NAME, OTHER)) == "different"
    assert not is_rounding(probe(NAME, coarse=()), probe(NAME, OTHER, coarse=()))


def test_another_shape_is_another_result() -> None:
    assert kind(probe(NAME), probe(NAME, OTHER, shape=(3,))) == "different"


@pytest.mark.parametrize(("there", "here"), [(1, 0), (0, 1), (1, 1)])
def test_what_does_not_repeat_itself_on_a_side_is_told_apart(there: int, here: int) -> None:
    assert kind(probe(NAME, differing=there), probe(NAME, OTHER, differing=here, apart=1.0)) == "varying"


def test_what_only_one_side_measured_is_no_other_result() -> None:
    assert kind(probe(NAME), None) == "one-sided"
    assert kind(None, probe(NAME)) == "one-sided"
    assert kind(probe(NAME), lacking(NAME)) == "unmeasured"
    assert kind(lacking(NAME), probe(NAME)) == "unmeasured"


def test_an_operation_that_both_lack_alike_is_no_difference() -> None:
    assert kind(lacking(NAME, detail="one word"), lacking(NAME, detail="another")) is None
    assert kind(lacking(NAME), lacking(NAME, "raises")) == "unmeasured"


def test_probes_are_matched_by_name_and_device() -> None:
    on_both = [probe(NAME), probe(NAME, OTHER, device="cuda")]
    assert compare_probes(on_both, on_both[::-1])[1] == ()
    assert [one.label for one in compare_probes(on_both, on_both[:1])[1]] == ["matmul/wide/fp32 (cuda)"]


def test_rows_count_by_family_dtype_and_device() -> None:
    old = [probe("a/1/fp32"), probe("a/2/fp32"), probe("a/3/fp32"), probe("b/1/fp64"), probe("a/6/fp32", differing=1)]
    new = [
        *(probe("a/1/fp32"), probe("a/2/fp32", OTHER), probe("a/3/fp32", OTHER, apart=1.0), lacking("b/1/fp64")),
        *(probe("a/4/fp32"), probe("a/1/fp32", device="cuda"), probe("a/6/fp32", OTHER)),
    ]
    rows, _ = compare_probes(old, new)
    assert sorted(rows, key=lambda row: (row.family, row.device)) == [
        FamilyRow(family="a", dtype="fp32", device="cpu", equal=1, rounding=1, different=1, varying=1, only_new=1),
        FamilyRow(family="a", dtype="fp32", device="cuda", only_new=1),
        FamilyRow(family="b", dtype="fp64", device="cpu", unmeasured=1),
    ]
    gone, _ = compare_probes(old[:1], [])
    assert gone == (FamilyRow(family="a", dtype="fp32", device="cpu", only_old=1),)


def test_the_farthest_apart_comes_first_and_the_order_of_input_never_matters() -> None:
    names = ["a/1/fp32", "a/2/fp32", "a/3/fp32", "a/4/fp32"]
    old = [*map(probe, names), probe("a/5/fp32")]
    new = [probe(name, OTHER, apart=apart) for name, apart in zip(names, (0.0, 1.0, 2.0, 2.0**-23), strict=True)]
    _, found = compare_probes(old, new)
    assert [one.operation for one in found] == ["3", "2", "4", "1", "5"]
    assert compare_probes(old[::-1], new[::-1])[1] == found
