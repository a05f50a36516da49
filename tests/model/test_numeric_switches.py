"""The switches that a fingerprint document tells."""

from __future__ import annotations

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_switches import Switch, SwitchesInForce, switches_of

RAISES: Json = {"status": "raises", "detail": "RuntimeError: mixed"}
DOCUMENT: dict[str, Json] = {
    "software": {"torch": {"version": "2.6.0", "cuda": "12.4"}},
    "runtime": {
        "flags": {"devices": {"cudaCount": 2}},
        "switches": {
            "threads": {"value": 2, "origin": "default", "asked": "8"},
            "mkl-cbwr": {"value": "AVX2", "origin": "environment"},
            "float32-matmul-precision": RAISES,
            "nnpack-enabled": {"status": "missing", "detail": "not in this torch"},
        },
    },
}


def told() -> SwitchesInForce:
    found = switches_of(DOCUMENT, "this Python")
    assert isinstance(found, SwitchesInForce)
    return found


def test_values_origins_and_reasons_are_read() -> None:
    assert told() == SwitchesInForce(
        source="this Python",
        torch="2.6.0",
        cuda="12.4",
        gpus=2,
        switches={"mkl-cbwr": Switch("AVX2", "environment"), "threads": Switch(2, "default", "8")},
        unread={"float32-matmul-precision": "raises: RuntimeError: mixed"},
    )
    assert told().document is DOCUMENT


def test_a_switch_is_left_open_where_nobody_chose_it_and_it_is_there() -> None:
    names = ("threads", "mkl-cbwr", "nnpack-enabled")
    assert [told().is_left_open(name) for name in names] == [True, False, False]
    assert [told().value(name) for name in names] == [2, "AVX2", None]


def test_a_build_without_cuda_sees_none() -> None:
    torch: Json = {"version": "2.6.0", "cuda": {"status": "missing", "detail": "a build without CUDA"}}
    found = switches_of({**DOCUMENT, "software": {"torch": torch}, "probes": []}, "x")
    assert isinstance(found, SwitchesInForce)
    assert found.cuda is None
    assert found.measured is not None
    assert told().measured is None


def test_why_there_are_none_is_told() -> None:
    assert switches_of({}, "`a.json`") == "`a.json` tells no switches (missing: not in this fingerprint)"
    without: dict[str, Json] = {"runtime": {"switches": {"status": "missing", "detail": "torch is not installed"}}}
    assert switches_of(without, "this Python") == "this Python tells no switches (missing: torch is not installed)"
    assert switches_of({"runtime": {"switches": "x"}}, "`a.json`") == "`a.json` tells no switches (None)"
