"""Two fingerprints with probes are compared as a whole: causes, values, and what could not be compared."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import NumericDifference
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe
from reprocheck.numerics.first_values import decimal_values
from reprocheck.numerics.numeric_comparison import numeric_difference, numeric_notes
from reprocheck.numerics.probe_reader import read_measured
from tests.numerics.numeric_shapes import OTHER, document, probe, switches

NAME = "softmax/softmax/fp32"


def compared(old: Sequence[Probe], new: Sequence[Probe], *runtimes: Json) -> NumericDifference:
    sides = zip((old, new), runtimes or ({}, {}), strict=True)
    documents = [document(probes, runtime=runtime) for probes, runtime in sides]
    measured = [read_measured(one, "x.json") for one in documents]
    assert measured[0] is not None
    assert measured[1] is not None
    return numeric_difference((documents[0], documents[1]), (measured[0], measured[1]))


def notes(there: NumericFingerprint | None, here: NumericFingerprint | None) -> list[str]:
    return list(numeric_notes(("a.json", "b.json"), (there, here)))


def test_the_shipped_table_explains_softmax_by_the_vector_kernels() -> None:
    found = compared(
        [probe(NAME)],
        [probe(NAME, OTHER, first=("3f800001",))],
        switches(aten_cpu_capability="avx512", threads=2),
        switches(aten_cpu_capability="avx2", threads=2),
    )
    assert [one.cause for one in found.explanations] == ["aten-cpu-capability"]
    assert [one.cause for one in found.candidates] == ["aten-cpu-capability"]
    assert (found.probes[0].old_values, found.probes[0].new_values) == (("1",), ("1.00000012",))
    assert not found.is_empty
    assert found.unexplained == ()


def test_equal_machines_differ_in_nothing_whatever_their_switches() -> None:
    found = compared([probe(NAME)], [probe(NAME)], switches(threads=1), switches(threads=2))
    assert found.is_empty
    assert found.explanations == ()


def test_what_does_not_repeat_itself_is_never_blamed_on_a_switch() -> None:
    found = compared([probe(NAME, differing=1)], [probe(NAME, OTHER)], switches(threads=1), switches(threads=2))
    assert [one.kind for one in found.probes] == ["varying"]
    assert (found.explanations, found.unexplained, found.to_explain) == ((), (), ())
    assert not found.is_empty


def test_an_equal_probe_that_does_not_repeat_itself_contradicts_no_cause() -> None:
    shaky = probe("softmax/other/fp32", differing=1)
    found = compared(
        [probe(NAME), shaky],
        [probe(NAME, OTHER), shaky],
        switches(aten_cpu_capability="avx512"),
        switches(aten_cpu_capability="avx2"),
    )
    assert found.explanations[0].contradicts == ()


def test_a_side_without_probes_is_named_with_the_way_to_get_them() -> None:
    measured = NumericFingerprint(probes=(probe(NAME),))
    text = "has no probes: take it anew with `reprocheck fingerprint --probes -o FILE`"
    assert notes(None, measured) == [f"what the machines compute was not compared, for `a.json` {text}"]
    assert notes(measured, None) == [f"what the machines compute was not compared, for `b.json` {text}"]
    assert notes(None, None) == []


def test_what_broke_while_measuring_is_told_by_side() -> None:
    broken = NumericFingerprint(collection=({"source": "family conv (cpu)", "status": "timeout", "detail": "1 s"},))
    assert notes(broken, NumericFingerprint()) == ["family conv (cpu) was not measured there: timeout: 1 s"]
    assert notes(NumericFingerprint(), broken) == ["family conv (cpu) was not measured here: timeout: 1 s"]


def test_equal_bits_that_do_not_repeat_themselves_are_a_note() -> None:
    there = NumericFingerprint(probes=(probe(NAME, differing=1), probe("a/b/fp32", differing=1)))
    here = NumericFingerprint(probes=(probe(NAME), probe("a/b/fp32", OTHER)))
    assert notes(there, here) == [f"equal this time, although a side does not repeat its bits: {NAME}"]


@pytest.mark.parametrize(
    ("dtype", "bits", "value"),
    [
        ("fp32", "3f800001", "1.00000012"),
        ("tf32", "c0000000", "-2"),
        ("fp64", "3ff0000000000001", "1.0000000000000002"),
        ("bf16", "3f81", "1.0078"),
        ("fp16", "3c01", "1.001"),
        ("bf16", "40490fdb", "3.14159274"),
        ("fp32", "7f800000", "inf"),
        ("int64", "ffffffffffffffff", "-1"),
    ],
)
def test_first_values_are_told_as_decimal_numbers(dtype: str, bits: str, value: str) -> None:
    assert decimal_values(probe(f"a/b/{dtype}", first=(bits,))) == (value,)


@pytest.mark.parametrize(("dtype", "bits"), [("fp8e4m3", "38"), ("int64", "3c01"), ("fp32", "3c01"), ("fp32", "123")])
def test_bits_of_no_known_format_stay_bits(dtype: str, bits: str) -> None:
    assert decimal_values(probe(f"a/b/{dtype}", first=(bits,))) == ()
