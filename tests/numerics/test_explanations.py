"""The table of measured effects says which difference explains the probes, which cannot, and what stays open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from reprocheck.facts.switch_effects import Effect, effects_of
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import Candidate, ProbeDifference
from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.explanations import Effects, Explained, explain, verdict
from reprocheck.numerics.numeric_candidates import candidates_between, reaches
from reprocheck.numerics.probe_comparison import compare_probes
from tests.numerics.numeric_shapes import OTHER, document, probe, switches


def effect(
    switch: str, setting: str, family: str, *, changes: bool = True, dtype: str = "*", sure: str = "high"
) -> Effect:
    return Effect(
        switch=switch, setting=setting, family=family, operation="*", dtype=dtype, changes=changes, confidence=sure
    )


def table(*rows: Effect) -> Effects:
    """Return a small table of effects."""
    return lambda switch: [row for row in rows if row.switch == switch]


ROWS = (
    effect("aten-cpu-capability", "avx2", "softmax"),
    effect("aten-cpu-capability", "default", "softmax"),
    effect("aten-cpu-capability", "avx2", "matmul", changes=False),
    effect("threads", "*", "conv", dtype="fp32"),
    effect("threads", "*", "softmax", changes=False),
    effect("threads", "*", "matmul", changes=False, dtype="bf16"),
    effect("mkl-cbwr", "COMPATIBLE", "matmul"),
)
TABLE = table(*ROWS)
ATEN = Candidate(cause="aten-cpu-capability", kind="switch", old="AVX512", new="AVX2")
THREADS = Candidate(cause="threads", kind="switch", old="2", new="4")
CBWR = Candidate(cause="mkl-cbwr", kind="switch", old="OFF", new="COMPATIBLE")
TORCH = Candidate(cause="torch", kind="library", old="2.6.0", new="2.13.0")
PROCESSOR = Candidate(cause="processor", kind="processor", old="A", new="B")


def differing(*names: str, device: str = "cpu") -> tuple[ProbeDifference, ...]:
    return compare_probes(
        [probe(name, device=device) for name in names], [probe(name, OTHER, device=device) for name in names]
    )[1]


def explained(
    candidates: Sequence[Candidate], names: Sequence[str], equal: Sequence[Probe] = (), effects: Effects = TABLE
) -> Explained:
    return explain(candidates, differing(*names), equal, effects)


def texts(found: Explained) -> list[str]:
    return [one.text for one in found.explanations]


def test_the_switch_whose_measured_effects_hold_the_probes_is_the_likely_cause() -> None:
    found = explained([ATEN], ["softmax/a/fp32", "softmax/b/fp32", "softmax/a/bf16"], [probe("matmul/a/fp32")])
    assert texts(found) == [
        "likely cause: aten-cpu-capability (AVX512 there, AVX2 here): explains 3 of 3 differing probes "
        "(softmax bf16, softmax fp32); measured effects table"
    ]
    one = found.explanations[0]
    assert (one.how, one.explains, one.contradicts) == (
        "table",
        ("softmax/a/bf16", "softmax/a/fp32", "softmax/b/fp32"),
        (),
    )
    assert (found.ruled_out, found.unexplained) == ((), ())


def test_what_the_table_excludes_is_ruled_out_and_explains_nothing() -> None:
    found = explained([THREADS], ["matmul/a/bf16", "softmax/a/fp32"])
    assert found == Explained(
        explanations=(), ruled_out=("threads (2 there, 4 here)",), unexplained=("matmul/a/bf16", "softmax/a/fp32")
    )


def test_a_switch_that_nobody_measured_on_the_operation_is_not_ruled_out_but_possible() -> None:
    found = explained([THREADS], ["matmul/a/fp32", "softmax/a/fp32"])
    assert texts(found) == [
        "possible cause: threads (2 there, 4 here): may explain 2 of 2 differing probes (matmul fp32, softmax fp32); "
        "not measured"
    ]
    assert (found.ruled_out, found.unexplained) == ((), ())


def test_each_cause_takes_what_it_explains_and_the_rest_is_open() -> None:
    names = ["softmax/a/fp32", "softmax/b/fp32", "conv/a/fp32", "norm/a/fp32"]
    found = explained([THREADS, ATEN], names)
    assert texts(found) == [
        "likely cause: aten-cpu-capability (AVX512 there, AVX2 here): explains 2 of 4 differing probes (softmax fp32); "
        "measured effects table",
        "likely cause: threads (2 there, 4 here): explains 1 of 4 differing probes (conv fp32); measured effects table",
    ]
    assert found.unexplained == ("norm/a/fp32",)


def test_what_a_better_cause_explains_already_makes_another_one_only_possible() -> None:
    effects = table(*ROWS, effect("mkl-cbwr", "COMPATIBLE", "softmax", dtype="fp32"))
    found = explained([CBWR, ATEN], ["softmax/a/fp32", "softmax/a/bf16"], effects=effects)
    assert [text.split(":")[0] for text in texts(found)] == ["likely cause", "possible cause"]
    assert texts(found)[1] == (
        "possible cause: mkl-cbwr (OFF there, COMPATIBLE here): explains 1 of 2 differing probes (softmax fp32); "
        "measured effects table"
    )


def test_a_cause_that_left_equal_what_it_should_change_is_weakened() -> None:
    equal = [probe("softmax/b/fp32")]
    found = explained([ATEN], ["softmax/a/fp32"], equal)
    assert texts(found)[0].endswith("; but softmax/b/fp32, which it should change, is equal")
    assert texts(found)[0].startswith("likely cause")
    found = explained([ATEN], ["softmax/a/fp32"], [*equal, probe("softmax/c/fp32")])
    assert texts(found)[0].startswith("weak cause")
    assert texts(found)[0].endswith("; but 2 probes that it should change are equal (softmax/b/fp32, ...)")


def test_of_two_causes_that_explain_as_much_the_one_less_contradicted_comes_first() -> None:
    effects = table(effect("a", "*", "softmax"), effect("a", "*", "norm"), effect("b", "*", "softmax"))
    candidates = [Candidate(cause=name, kind="switch", old="1", new="2") for name in ("a", "b")]
    found = explained(candidates, ["softmax/a/fp32"], [probe("norm/a/fp32")], effects)
    assert [one.cause for one in found.explanations] == ["b", "a"]


def test_rows_of_low_confidence_contradict_nothing() -> None:
    effects = table(effect("threads", "*", "softmax", sure="low"))
    found = explained([THREADS], ["softmax/a/fp32"], [probe("softmax/b/fp32")], effects)
    assert found.explanations[0].contradicts == ()


def test_another_library_or_processor_is_possible_for_what_no_switch_explains() -> None:
    found = explained([ATEN, TORCH, PROCESSOR], ["softmax/a/fp32", "matmul/a/fp32"])
    assert texts(found)[1:] == [
        "possible cause: torch (2.6.0 there, 2.13.0 here): may explain 1 of 2 differing probes (matmul fp32); "
        "not measured",
        "possible cause: processor (A there, B here): may explain 1 of 2 differing probes (matmul fp32); not measured",
    ]
    assert explained([ATEN, TORCH], ["softmax/a/fp32"]).explanations[1:] == ()


def test_many_kinds_of_probes_are_cut_short() -> None:
    found = explained([TORCH], [f"family{number}/a/fp32" for number in range(6)])
    assert texts(found)[0].endswith(
        "may explain 6 of 6 differing probes (family0 fp32, family1 fp32, family2 fp32, family3 fp32, 2 more); "
        "not measured"
    )


def test_where_nothing_differs_there_is_nothing_to_explain() -> None:
    assert explain([ATEN, TORCH], (), [probe("softmax/a/fp32")], TABLE) == Explained(
        explanations=(), ruled_out=(), unexplained=()
    )


@pytest.mark.parametrize(
    ("candidate", "name", "said"),
    [
        (ATEN, "softmax/a/fp32", "yes"),
        (ATEN, "matmul/a/fp32", "no"),
        (ATEN, "norm/a/fp32", None),
        (Candidate(cause=ATEN.cause, kind="switch", old="DEFAULT", new="avx2"), "softmax/a/fp32", "maybe"),
        (Candidate(cause=ATEN.cause, kind="switch", old="AVX512", new="AMX"), "softmax/a/fp32", None),
        (THREADS, "conv/a/fp32", "yes"),
        (THREADS, "conv/a/bf16", None),
        (THREADS, "matmul/a/bf16", "no"),
    ],
)
def test_the_verdict_on_one_probe(candidate: Candidate, name: str, said: str | None) -> None:
    assert verdict(candidate, probe(name), TABLE(candidate.cause)) == said


def test_the_table_of_the_cpu_says_nothing_of_a_gpu() -> None:
    assert verdict(THREADS, probe("conv/a/fp32", device="cuda"), TABLE("threads")) is None
    tf32 = Candidate(cause="allow-tf32-cuda-matmul", kind="switch", old="off", new="on")
    rows = [effect(tf32.cause, "True", "matmul")]
    assert verdict(tf32, probe("matmul/a/fp32", device="cuda"), rows) == "yes"
    assert verdict(tf32, probe("matmul/a/fp32"), rows) is None


def test_conv_weight_gradients_depend_on_threads_and_bfloat16_products_do_not() -> None:
    """What the shipped table is for."""
    rows = effects_of("threads")
    if not any(row.covers("convolution", "2d-grad-weight", "fp32") for row in rows):
        pytest.skip("the shipped table does not cover convolutions")
    assert verdict(THREADS, probe("convolution/2d-grad-weight/fp32"), rows) == "yes"
    # With AMX a few such products do; a row of low confidence says so, and none that is sure.
    sure = [row for row in rows if row.confidence != "low"]
    assert verdict(THREADS, probe("matmul/wide-96x256x64/bf16"), sure) != "yes"


def found_between(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    candidates = candidates_between(document([], **old), document([], **new))
    return [f"{one.kind}: {one.cause}: {one.old} | {one.new}" for one in candidates]


def test_candidates_are_what_differs_and_may_change_bits() -> None:
    old: dict[str, Json] = {
        "software": {"torch": {"version": "2.6.0", "libraries": {"mkl": "2024.1"}, "cudnn": 90100}},
        "host": {"cpu": {"model": "A", "isa": ["avx", "avx2", "amx"]}},
        "accelerators": [],
        "runtime": switches(threads=2, mkldnn_enabled=True, flush_denormal=False),
    }
    new: dict[str, Json] = {
        "software": {"torch": {"version": "2.13.0", "libraries": {"mkl": "2024.1"}, "cudnn": {"status": "missing"}}},
        "host": {"cpu": {"model": "B", "isa": ["avx", "avx2", "sse4_1"]}},
        "accelerators": [{"name": "H200"}, {"name": "H200"}],
        "runtime": switches(threads=4, mkldnn_enabled=False, flush_denormal=False, extra="x"),
    }
    assert found_between(old, new) == [
        "switch: mkldnn-enabled: on | off",
        "switch: threads: 2 | 4",
        "library: torch: 2.6.0 | 2.13.0",
        "processor: processor: A | B",
        "processor: instruction sets: amx | sse4_1",
        "gpu: GPU: none | H200 H200",
    ]
    assert found_between(old, old) == []


def test_another_release_of_torch_stands_for_the_libraries_that_come_with_it() -> None:
    def software(version: str, mkl: str, commit: str) -> dict[str, Json]:
        return {"software": {"torch": {"version": version, "gitVersion": commit, "libraries": {"mkl": mkl}}}}

    assert found_between(software("2.6.0", "2024", "a"), software("2.7.0", "2025", "b")) == [
        "library: torch: 2.6.0 | 2.7.0"
    ]
    assert found_between(software("2.6.0", "2024", "a"), software("2.6.0", "2025", "b")) == [
        "library: torch's commit: a | b",
        "library: MKL: 2024 | 2025",
    ]


def test_what_only_follows_another_switch_is_no_candidate_of_its_own() -> None:
    old = {"runtime": switches(threads=2, mkl_threads=2, openmp_threads=2)}
    new = {"runtime": switches(threads=4, mkl_threads=4, openmp_threads=4)}
    assert found_between(old, new) == ["switch: threads: 2 | 4"]
    old = {"runtime": switches(float32_matmul_precision="highest", fp32_precision="none")}
    new = {"runtime": switches(float32_matmul_precision="medium", fp32_precision="bf16")}
    assert found_between(old, new) == ["switch: float32-matmul-precision: highest | medium"]
    assert found_between({"runtime": switches(mkl_threads=1)}, {"runtime": switches(mkl_threads=2)}) == [
        "switch: mkl-threads: 1 | 2"
    ]


def test_long_and_odd_values_are_shown_short() -> None:
    old: dict[str, Json] = {"runtime": switches(odd=None), "host": {"cpu": {"model": {"name": 1}}}, "accelerators": [1]}
    new: dict[str, Json] = {"runtime": switches(odd="x" * 99), "host": {"cpu": {"model": "B"}}, "accelerators": ()}
    assert found_between(old, new) == [
        f"switch: odd: null | {'x' * 59}…",
        'processor: processor: {"name":1} | B',
        "gpu: GPU: 1 | none",
    ]


@pytest.mark.parametrize(
    ("cause", "kind", "devices"),
    [
        ("threads", "switch", {"cpu", "cuda"}),
        ("a-switch-of-tomorrow", "switch", {"cpu", "cuda"}),
        ("cudnn-benchmark", "switch", {"cuda"}),
        ("nccl-algo", "switch", set()),
        ("loader-workers", "switch", set()),
        ("torch", "library", {"cpu", "cuda"}),
        ("MKL", "library", {"cpu"}),
        ("cuDNN", "library", {"cuda"}),
        ("processor", "processor", {"cpu"}),
        ("GPU driver", "gpu", {"cuda"}),
    ],
)
def test_a_candidate_reaches_only_where_it_acts(cause: str, kind: str, devices: set[str]) -> None:
    candidate = Candidate(cause=cause, kind=kind, old="1", new="2")  # type: ignore[arg-type]
    found = {device for device in ("cpu", "cuda") if reaches(candidate, differing("conv/a/fp32", device=device)[0])}
    assert found == devices


def test_collectives_are_reached_by_their_own_switches() -> None:
    nccl = Candidate(cause="nccl-algo", kind="switch", old="Ring", new="Tree")
    assert reaches(nccl, differing("all-reduce/sum/fp32", device="cuda")[0])
