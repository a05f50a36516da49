"""What a record keeps of the measurements: one line a probe, and every bit that tells two machines apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.abridged_measurements import abridge, abridged_members, probe_line, probe_of
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from tests.numerics.numeric_shapes import lacking, probe

DIGEST = "0123456789abcdef" + "0" * 48
KEPT = DIGEST[:16]


def test_an_abridged_probe_keeps_its_name_its_bits_and_how_it_repeats() -> None:
    measured = NumericFingerprint(probes=(probe("matmul/wide/fp32", DIGEST, differing=1),))
    (short,) = abridge(measured).probes
    assert probe_line(short) == f"matmul/wide/fp32 cpu {KEPT} 2 1 3f000000be8000003e0000003f000000"
    assert (short.shape, short.first) == ((), ())


def test_a_probe_that_was_not_possible_keeps_its_status() -> None:
    (short,) = abridge(NumericFingerprint(probes=(lacking("matmul/wide/fp16", detail="not implemented"),))).probes
    assert probe_line(short) == "matmul/wide/fp16 cpu unsupported"
    assert probe_of(probe_line(short)) == short


def test_a_probe_without_a_coarse_digest_is_read_back() -> None:
    (short,) = abridge(NumericFingerprint(probes=(probe("random/randint/int64", DIGEST, coarse=()),))).probes
    assert probe_of(probe_line(short)) == short


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "bf16", "fp8e4m3"])
@given(data=st.data())
def test_every_bit_of_a_coarse_digest_survives(dtype: str, data: st.DataObject) -> None:
    finite = st.floats(width=64 if dtype == "fp64" else 32, allow_nan=False, allow_infinity=False)
    numbers = data.draw(st.lists(finite, min_size=1, max_size=4))
    one = probe(f"matmul/wide/{dtype}", KEPT, coarse=tuple(float.hex(x) for x in numbers), shape=(), first=())
    assert probe_of(probe_line(one)) == one


@pytest.mark.parametrize(
    "line",
    [
        "",
        "matmul cpu unsupported",
        "matmul/wide/fp32  unsupported",
        "matmul//fp32 cpu unsupported",
        f"matmul/wide/fp32 cpu {KEPT} 2 0",
        f"matmul/wide/fp32 cpu {KEPT} two 0 -",
        f"matmul/wide/fp32 cpu {KEPT} 2 -1 -",
        f"matmul/wide/fp32 cpu {KEPT[:-1]} 2 0 -",
        f"matmul/wide/fp32 cpu {KEPT[:-1]}g 2 0 -",
        f"matmul/wide/fp32 cpu {KEPT} 2 0 3f0000",
        f"matmul/wide/fp32 cpu {KEPT} 2 0 xyz",
    ],
)
def test_a_line_of_another_form_is_no_probe(line: str) -> None:
    assert probe_of(line) is None


def test_trees_canaries_and_relations_keep_what_they_are_compared_by() -> None:
    measured = NumericFingerprint(
        trees=({"tree": "sum fp32 n=4", "device": "cpu", "digest": DIGEST, "queries": 7, "sentence": "in order"},),
        canary=({"canary": "fp32", "device": "cpu", "digest": DIGEST, "expected": DIGEST, "exact": DIGEST},),
        relations=({"relation": "whole numbers", "kind": "must", "device": "cpu", "status": "holds", "detail": "x"},),
        arithmetic=({"arithmetic": "matmul/fp32"},),
        collection=({"source": "trees", "status": "timeout"},),
    )
    assert abridged_members(abridge(measured)) == {
        "probes": [],
        "numerics": {
            "trees": ({"tree": "sum fp32 n=4", "device": "cpu", "sentence": "in order", "digest": KEPT},),
            "canary": ({"canary": "fp32", "device": "cpu", "expected": KEPT, "digest": KEPT},),
            "relations": ({"relation": "whole numbers", "kind": "must", "device": "cpu", "status": "holds"},),
            "collection": ({"source": "trees", "status": "timeout"},),
        },
    }
