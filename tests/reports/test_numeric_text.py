"""The page about what a machine computes: faults first, one line a fact, nothing that a file smuggles in."""

from __future__ import annotations

from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe
from reprocheck.reports.numeric_text import render_numerics


def probe(name: str, digest: str = "a" * 64, *, device: str = "cpu", status: str = "", differing: int = 0) -> Probe:
    family, operation, dtype = name.split("/")
    return Probe(
        name=name,
        family=family,
        operation=operation,
        dtype=dtype,
        device=device,
        digest="" if status else digest,
        status=status,
        repeats=0 if status else 3,
        differing=differing,
    )


WHOLE = NumericFingerprint(
    probes=(
        probe("matmul/wide/fp32"),
        probe("matmul/wide/bf16", "b" * 64),
        probe("scatter/index_put/fp32", differing=2),
        probe("fp8/cast/fp8e4m3", status="unsupported"),
        probe("matmul/wide/fp32", device="cuda"),
    ),
    trees=(
        {
            "tree": "sum fp32",
            "operation": "sum",
            "dtype": "fp32",
            "device": "cpu",
            "size": 256,
            "sentence": "one chain",
        },
        {
            "tree": "sum fp64",
            "operation": "sum",
            "dtype": "fp64",
            "device": "cpu",
            "size": 256,
            "sentence": "one chain",
        },
        {"tree": "dot", "operation": "dot", "dtype": "fp32", "device": "cuda", "status": "unrecovered", "detail": "no"},
    ),
    arithmetic=({"arithmetic": "mm/fp32", "dtype": "fp32", "device": "cpu", "sentence": "24 bits, fused"},),
    canary=(
        {"canary": "fp32", "device": "cpu", "digest": "aa", "expected": "aa"},
        {"canary": "fp16", "device": "cpu", "status": "unsupported"},
    ),
    relations=(
        {"relation": "loss scale", "kind": "must", "status": "holds", "device": "cpu"},
        {"relation": "layouts", "kind": "expected", "status": "broken", "device": "cpu"},
    ),
    times_ns={"matmul/wide/fp32 (cpu)": 2_000_000, "matmul/wide/bf16 (cpu)": 500_000},
)


def test_the_whole_page() -> None:
    assert render_numerics(WHOLE, (), (("sums race", "pin the threads"),), times=True) == (
        "What this machine computes\n"
        "  probes, cpu     3 measured, 1 unsupported\n"
        "  probes, cuda    1 measured\n"
        "  canary          as IEEE 754 has it in fp32; not in fp16\n"
        "  relations       1 of 2 hold, layouts (broken)\n"
        "\n"
        "Does not repeat itself\n"
        "  scatter/index_put/fp32  2 of 3 runs gave other bits, on cpu\n"
        "\n"
        "Probes by family\n"
        "  matmul            2  fa0dafbf43f1  fp32 bf16\n"
        "  scatter           1  -             fp32\n"
        "  fp8               0  -\n"
        "  matmul on cuda    1  ffe054fe7ae0  fp32\n"
        "\n"
        "Order of additions\n"
        "  one chain\n"
        "      sum of 256 fp32 fp64\n"
        "  unrecovered: no\n"
        "      dot on cuda fp32\n"
        "\n"
        "Arithmetic\n"
        "  24 bits, fused\n"
        "      mm/fp32 fp32\n"
        "\n"
        "Known bugs and traps that apply here\n"
        "  known           sums race\n"
        "                  fix: pin the threads\n"
        "\n"
        "Slowest probes\n"
        "  matmul/wide/fp32 (cpu)  2.0 ms\n"
        "  matmul/wide/bf16 (cpu)  0.5 ms\n"
        "  all                     2 ms\n"
    )


def test_faults_and_gaps_come_first() -> None:
    broken = NumericFingerprint(collection=({"source": "family conv (cpu)", "status": "timeout", "detail": "60 s"},))
    assert render_numerics(broken, ("the canary died",), (), times=False) == (
        "Faults\n  broken          the canary died\n\nNot measured\n  family conv (cpu)  timeout: 60 s\n"
    )


def test_a_canary_that_lives_nowhere_is_told_so() -> None:
    dead = NumericFingerprint(canary=({"canary": "fp32", "device": "cpu", "digest": "ab", "expected": "aa"},))
    assert "as IEEE 754 has it in no type; not in fp32\n" in render_numerics(dead, (), (), times=False)


def test_what_a_document_smuggles_in_is_shown_as_text() -> None:
    hostile = NumericFingerprint(collection=({"source": "a\x1b[31m\nb", "status": "error"},))
    assert render_numerics(hostile, (), (), times=False) == "Not measured\n  a\\u{1b}[31m\\u{a}b  error\n"
