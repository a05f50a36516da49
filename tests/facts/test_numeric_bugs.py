"""Known faults of numerics: each row fires on a fingerprint that it is about, and is silent on its near miss."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from reprocheck.facts.numeric_bugs import KnownBug, known_bugs
from reprocheck.facts.tables import optional_text, rows_of, text
from reprocheck.model.json_documents import Json

CPU = {"architecture": "x86_64", "threads": 1, "mkl": "2025.3 build 20250901", "torch": "2.8.0+cpu"}
H100 = {
    "torch": "2.8.0+cu128",
    "cudnn": 90701,
    "nccl": "2.27.3",
    "capability": "9.0",
    "model": "NVIDIA H100",
    "gpus": 1,
}
ALWAYS_ON_CUDA = ["cumsum-cuda", "cumsum-compiled-cuda", "cuda-random-by-gpu", "efficient-attention-broadcast"]


def fingerprint(**told: Any) -> dict[str, Json]:
    """Return a fingerprint that tells what is given, and says of all else that it could not be read."""
    missing = {"status": "missing"}
    torch = {
        "version": told.get("torch", missing),
        "cudnn": told.get("cudnn", missing),
        "nccl": {"built": told.get("nccl", missing), "loaded": "linked into torch"} if "nccl" in told else missing,
        "libraries": {"mkl": told.get("mkl", missing)},
    }
    gpu = {
        "vendor": "nvidia",
        "model": told.get("model", missing),
        "computeCapability": told.get("capability", missing),
    }
    return {
        "accelerators": [{**gpu, "count": told["gpus"]}] if "gpus" in told else [],
        "host": {"architecture": told.get("architecture", missing), "cpu": {"isa": told.get("isa", missing)}},
        "runtime": {
            "threads": {"intraOp": told.get("threads", missing)},
            "flags": {"cpu": {"capability": told.get("aten", missing)}},
        },
        "software": {"torch": torch},
    }


def ids(**told: Any) -> list[str]:
    return [bug.id for bug in known_bugs(fingerprint(**told))]


CASES: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
    ("mkl-vector-first-call", {**CPU, "threads": 2, "mkl": "2024.2 build 20240605"}, {**CPU, "threads": 2}),
    ("mkl-vector-first-call", {**CPU, "threads": 2, "mkl": "2024.2"}, {**CPU, "mkl": "2024.2 build 20240605"}),
    (
        "mkl-vector-first-call",
        {**CPU, "threads": 2, "mkl": "2024.2"},
        {**CPU, "threads": 2, "mkl": "2025.0 build 20241009"},
    ),
    ("index-put-accumulate-cpu", {**CPU, "threads": 2}, CPU),
    ("mkldnn-precision-setter", {"torch": "2.13.0+cpu"}, {"torch": "2.12.1"}),
    ("precision-names-mixed", {"torch": "2.9.0"}, {"torch": "2.8.0"}),
    ("generic-precision-not-inherited", {**H100, "torch": "2.9.1"}, {**H100, "torch": "2.13.0"}),
    ("generic-precision-not-inherited", {**H100, "torch": "2.9.1"}, {"torch": "2.9.1"}),
    (
        "attention-bf16-needs-avx512",
        {"torch": "2.13.0", "isa": ["amx_bf16", "amx_tile"], "aten": "AVX2"},
        {"torch": "2.13.0", "isa": ["amx_bf16", "amx_tile"], "aten": "AVX512"},
    ),
    (
        "attention-bf16-needs-avx512",
        {"torch": "2.13.0", "isa": ["amx_tile"], "aten": "DEFAULT"},
        {"torch": "2.13.0", "isa": ["avx2"], "aten": "DEFAULT"},
    ),
    ("cumsum-cuda", H100, CPU),
    ("cumsum-compiled-cuda", H100, {**H100, "torch": "2.14.0"}),
    ("cuda-random-by-gpu", H100, {**H100, "gpus": 0}),
    ("cudnn-attention-nan", {**H100, "torch": "2.13.0", "cudnn": 92000}, {**H100, "torch": "2.10.0", "cudnn": 92000}),
    (
        "cudnn-attention-nan",
        {**H100, "torch": "2.13.0", "cudnn": 92000},
        {**H100, "torch": "2.13.0", "cudnn": 92000, "capability": "10.0"},
    ),
    ("cudnn-attention-default", {**H100, "torch": "2.5.0"}, {**H100, "torch": "2.5.1"}),
    ("efficient-attention-broadcast", H100, {**H100, "torch": "2.14.0"}),
    ("cudnn-conv3d-half", {**H100, "cudnn": 90800}, {**H100, "cudnn": 90701}),
    ("cudnn-conv3d-half", {**H100, "cudnn": 91400}, {**H100, "cudnn": 91500}),
    ("cudnn-conv3d-half", {**H100, "cudnn": 91002}, {**H100, "cudnn": 91002, "torch": "2.9.0"}),
    ("cudnn-conv3d-tf32", {**H100, "cudnn": 91002}, {**H100, "cudnn": 91001}),
    ("cudnn-conv3d-tf32", {**H100, "cudnn": 91501}, {**H100, "cudnn": 91501, "capability": "7.5"}),
    ("nccl-nvls", {**H100, "gpus": 8}, H100),
    ("nccl-nvls", {**H100, "gpus": 8}, {**H100, "gpus": 8, "capability": "8.0"}),
    ("nccl-ll128-gh200", {**H100, "model": "NVIDIA GH200 480GB"}, H100),
]


@pytest.mark.parametrize(("bug", "fires", "near_miss"), CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)])
def test_a_row_fires_where_it_applies_and_is_silent_on_the_near_miss(
    bug: str, fires: Mapping[str, Any], near_miss: Mapping[str, Any]
) -> None:
    assert bug in ids(**fires)
    assert bug not in ids(**near_miss)


def test_every_row_of_the_table_has_a_case() -> None:
    assert {case[0] for case in CASES} == {text(row, "id") for row in rows_of("numeric_bugs", "bugs")}


def test_what_cannot_be_read_applies_nothing() -> None:
    assert known_bugs({}) == ()
    assert ids() == []
    assert ids(torch="a version that is none", gpus=0) == []


def test_a_bug_is_told_with_its_effect_its_fix_and_where_to_read_on() -> None:
    assert known_bugs(fingerprint(threads=2)) == (
        KnownBug(
            id="index-put-accumulate-cpu",
            kind="nondeterministic",
            what="index_put with accumulate=True adds in the order in which threads come by, on the CPU",
            effect="sums over repeated indices, and gradients of indexing with tensors, differ from run to run",
            fix="torch.use_deterministic_algorithms(True), or one thread",
            reference="https://github.com/pytorch/pytorch/issues/51366",
            confidence="high",
        ),
    )


def test_on_any_gpu_the_same_few_are_told() -> None:
    assert ids(**H100) == ALWAYS_ON_CUDA


def test_predicates_on_gpus_must_hold_for_one_and_the_same() -> None:
    document = fingerprint(**{**H100, "torch": "2.13.0", "cudnn": 92000})
    neighbours: list[Json] = [
        {"model": "NVIDIA A100", "computeCapability": "8.0"},
        {"model": "NVIDIA B200", "computeCapability": "10.0"},
    ]
    document["accelerators"] = neighbours
    assert "cudnn-attention-nan" not in [bug.id for bug in known_bugs(document)]
    document["accelerators"] = [*neighbours, {"model": "NVIDIA H200", "computeCapability": "9.0"}]
    assert "cudnn-attention-nan" in [bug.id for bug in known_bugs(document)]


def test_cudnn_before_9_wrote_its_version_otherwise() -> None:
    assert "cudnn-attention-default" not in ids(**{**H100, "torch": "2.5.0", "cudnn": 8902})


def test_the_loaded_nccl_counts_before_the_built_one() -> None:
    document: Any = fingerprint(**{**H100, "gpus": 8})
    document["software"]["torch"]["nccl"] = {"built": "2.27.3", "loaded": "2.16.2"}
    assert "nccl-nvls" not in [bug.id for bug in known_bugs(document)]


def test_predicates_are_written_as_the_code_reads_them() -> None:
    subjects = "architecture|aten|capability|cuda|cudnn|gpu|gpus|isa|mkl|nccl|onednn|threads|torch"
    for row in rows_of("numeric_bugs", "bugs"):
        for predicate in row["when"]:
            assert re.fullmatch(rf"(?:{subjects}) (?:<|<=|==|!=|>=|>|has) [\w.]+", predicate), predicate


def test_kinds_are_the_explained_ones_and_what_has_a_thread_names_it() -> None:
    for row in rows_of("numeric_bugs", "bugs"):
        assert text(row, "kind") in {"wrong-values", "nondeterministic", "platform", "settings"}
        reference = optional_text(row, "reference")
        assert (reference is None) == (row["source"] == ["measured"])
        assert reference is None or re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(?:issues|pull)/\d+", reference)
