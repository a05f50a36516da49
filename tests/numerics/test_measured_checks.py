"""Canary, relations and probes as checks of a verdict: faults fail, differences are looked at, gaps are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reprocheck.model.abridged_measurements import abridge
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.model.verdicts import Check
from reprocheck.numerics.measured_checks import causes_in_surroundings, measured_checks
from reprocheck.numerics.numeric_comparison import numeric_difference
from tests.numerics.numeric_shapes import OTHER, lacking, probe, switches

NAME = "matmul/wide/fp32"
LIVING = {"canary": "fp32", "device": "cpu", "digest": "a" * 64, "expected": "a" * 64}
HELD = {"relation": "whole numbers", "kind": "must", "device": "cpu", "status": "holds"}
WHOLE = NumericFingerprint(probes=(probe(NAME),), canary=(LIVING,), relations=(HELD,))


def checks(
    here: NumericFingerprint | None,
    there: NumericFingerprint | None = WHOLE,
    documents: tuple[Mapping[str, Json], Mapping[str, Json]] = ({}, {}),
) -> dict[str, Check]:
    old, new = there and abridge(there), here and abridge(here)
    difference = numeric_difference(documents, (old, new)) if old and new else None
    return {check.name: check for check in measured_checks(old, new, difference)}


def told(check: Check) -> str:
    return f"{check.status}: {check.detail}"


def test_a_machine_that_computes_the_same_passes_all_three() -> None:
    assert [told(check) for check in checks(WHOLE).values()] == [
        "pass: IEEE 754 holds in fp32",
        "pass: all 1 that must hold everywhere do",
        "pass: all 1 have the recorded bits",
    ]


def test_a_dead_canary_fails_whatever_the_record_says() -> None:
    sick = replace(WHOLE, canary=(LIVING, {**LIVING, "canary": "bf16", "device": "cuda", "digest": "b" * 64}))
    detail = "other bits than IEEE 754 gives: bf16 on cuda; this machine, or a switch set here, is at fault"
    for there in (WHOLE, sick, None):
        assert told(checks(sick, there)["canary"]) == f"fail: {detail}"


def test_a_canary_that_could_not_be_asked_is_skipped_with_its_reason() -> None:
    mute = replace(WHOLE, canary=({"canary": "fp32", "device": "cpu", "status": "raises", "detail": "no kernel"},))
    assert told(checks(mute)["canary"]) == "skip: raises: no kernel"
    assert told(checks(replace(WHOLE, canary=()))["canary"]) == "skip: not measured here"


def test_a_broken_relation_fails_only_where_it_must_hold() -> None:
    broken = {**HELD, "relation": "loss scale", "status": "broken"}
    assert told(checks(replace(WHOLE, relations=(HELD, broken)))["relations"]) == (
        "fail: does not hold, and must everywhere: loss scale"
    )
    expected = replace(WHOLE, relations=(HELD, {**broken, "kind": "expected"}))
    assert checks(expected)["relations"].status == "pass"


def test_relations_that_could_not_be_tried_are_skipped() -> None:
    untried = replace(WHOLE, relations=({**HELD, "status": "unsupported", "detail": "no fp16"},))
    assert told(checks(untried)["relations"]) == "skip: unsupported: no fp16"
    assert told(checks(replace(WHOLE, relations=()))["relations"]) == "skip: not measured here"


def test_probes_with_other_bits_are_looked_at_and_fail_nothing() -> None:
    names = [f"{family}/wide/fp32" for family in ("matmul", "conv", "softmax", "gemv", "bmm")]
    there = replace(WHOLE, probes=tuple(map(probe, names)))
    here = replace(WHOLE, probes=tuple(probe(name, OTHER) for name in names))
    assert told(checks(here, there)["probes"]) == (
        "review: 5 of 5 have other bits: bmm fp32, conv fp32, gemv fp32, matmul fp32 and 1 more"
    )


def test_a_switch_that_is_known_to_change_them_is_named() -> None:
    documents = {"runtime": switches(aten_cpu_capability="AVX512")}, {"runtime": switches(aten_cpu_capability="AVX2")}
    there = replace(WHOLE, probes=(probe("softmax/softmax/fp32"),))
    here = replace(WHOLE, probes=(probe("softmax/softmax/fp32", OTHER),))
    assert told(checks(here, there, documents)["probes"]) == (
        "review: 1 of 1 have other bits: softmax fp32; explained by aten-cpu-capability"
    )


def test_a_probe_that_does_not_repeat_itself_is_named_and_blamed_on_nothing() -> None:
    there = replace(WHOLE, probes=(probe(NAME), probe("scatter/put/fp32")))
    here = replace(WHOLE, probes=(probe(NAME), probe("scatter/put/fp32", OTHER, differing=1)))
    assert told(checks(here, there)["probes"]) == (
        "pass: all 1 have the recorded bits, but for scatter/put/fp32, which does not repeat itself"
    )


def test_nothing_in_common_is_skipped_with_the_reason() -> None:
    here = replace(WHOLE, probes=(lacking(NAME),), collection=({"source": "probe", "status": "timeout"},))
    assert told(checks(here)["probes"]) == "skip: timeout"
    assert told(checks(replace(here, collection=()))["probes"]) == "skip: none in common"


def test_a_side_without_measurements_skips_all() -> None:
    assert {told(check) for check in checks(None).values()} == {"skip: not measured here"}
    assert {told(check) for check in checks(None, None).values()} == {"skip: the record holds no measurements"}
    assert told(checks(WHOLE, None)["probes"]) == "skip: the record holds no probes"


def test_what_failed_before_the_runs_is_a_cause() -> None:
    sick = replace(WHOLE, canary=({**LIVING, "digest": "b" * 64},))
    (cause,) = causes_in_surroundings(checks(sick).values())
    assert cause.what == "this machine does not compute as IEEE 754 says"
    assert cause.evidence == (f"canary: {checks(sick)['canary'].detail}",)
    assert causes_in_surroundings(checks(WHOLE).values()) == ()
