"""The job on this machine's torch: every tree is proven by its replay, short, and the same in every run."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="sums are made by torch", exc_type=ImportError)

from reprocheck.machine.worker_process import WorkerOptions, run_job
from reprocheck.model.summation_tree_text import read_tree
from reprocheck.worker.jobs import JOBS
from reprocheck.worker.readings import reading_at
from reprocheck.worker.trees.job import recovered, trees
from reprocheck.worker.trees.operations import KINDS, name_of, precision_of, summation_of, summations
from reprocheck.worker.trees.summation import threads_of
from reprocheck.worker.trees.text import text_of
from reprocheck.worker.trees.tree import Tree
from tests.worker.trees.summing import CPU

LONGEST = 200
MOST_BYTES = 40_000
STATUSES = {"unsupported", "raises"}

Line = dict[str, Any]


def lines_of(**job: Any) -> list[Line]:
    lines: list[Line] = []
    with threads_of(1):
        trees({"job": "trees", "device": "cpu", **job}, lines.append)
    return lines


def without_times(lines: list[Line]) -> list[Line]:
    return [{key: value for key, value in line.items() if key != "ns"} for line in lines]


@pytest.fixture(scope="module")
def told() -> list[Line]:
    return lines_of()


def test_every_tree_is_begun_and_then_told(told: list[Line]) -> None:
    names = [name_of(summation) for summation in summations("cpu")]
    assert [line["tree"] for line in told[::2]] == [line["tree"] for line in told[1::2]] == names
    assert all(line == {"tree": line["tree"], "state": "begin"} for line in told[::2])
    assert len(set(names)) == len(names)


def test_every_tree_is_proven_or_has_a_status_of_the_operation(told: list[Line]) -> None:
    for line in told[1::2]:
        assert line.get("replay") == "20 of 20" or line["status"] in STATUSES, line


def test_texts_are_short_canonical_and_read_by_the_model(told: list[Line]) -> None:
    assert len(json.dumps(told)) < MOST_BYTES
    for line in told[1::2]:
        if "text" in line:
            read = read_tree(line["text"])
            assert len(line["text"]) < LONGEST
            assert read.depth == line["depth"]
            assert "; ".join([text_of(Tree(read.places, read.nodes)), *read.parts]) == line["text"]


def test_lines_hold_no_floats(told: list[Line]) -> None:
    assert {type(value) for line in told for value in line.values()} <= {str, int}


def test_another_run_tells_the_same_but_for_the_times() -> None:
    one, other = (lines_of(operations=["dot", "index-add", "mean"]) for _ in range(2))
    assert without_times(one) == without_times(other)
    assert one != other


def test_a_job_asks_for_operations_or_trees_and_skips_trees() -> None:
    lines = lines_of(operations=["index-add", "sum fp64 n=256"], skip=["index-add fp32 n=64"])
    assert [line["tree"] for line in lines[::2]] == ["sum fp64 n=256", "index-add bf16 n=64"]


@pytest.mark.parametrize("dtype", ["fp32", "fp64"])
@pytest.mark.parametrize("operation", ["sum", "dot", "matmul"])
def test_a_replay_gives_the_bits_of_the_device_at_any_size(operation: str, dtype: str) -> None:
    for size in (1, 2, 3, 31, 64, 200):
        line = recovered(summation_of(operation, dtype, size), CPU, 1)
        assert line.get("replay") == "20 of 20", (size, line)


def test_threads_change_the_order_of_a_long_sum() -> None:
    digests = {recovered(summation_of("sum", "fp32", 131072, 8192), CPU, threads)["digest"] for threads in (1, 2)}
    assert len(digests) == 2


def test_a_torch_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """In a process of its own: a module named torch that cannot be loaded lies before the real one."""
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so is gone')\n", encoding="utf-8")
    job = {"job": "trees", "device": "cpu"}
    lines = run_job(Path(sys.executable), job, WorkerOptions(switches={"PYTHONPATH": str(tmp_path)}))
    assert lines == ({"tree": "torch", "status": "error", "detail": "OSError: libcudart.so is gone"},)


def test_the_job_is_known_and_every_kind_has_sizes() -> None:
    assert "trees" in JOBS
    assert all(kind.sizes for kind in KINDS.values())


def test_tf32_is_asked_on_cuda_only_and_leaves_the_switch_as_it_was() -> None:
    assert [summation for summation in summations("cpu") if summation.dtype == "tf32"] == []
    (tf32,) = [summation for summation in summations("cuda") if summation.dtype == "tf32"]
    before = torch.backends.cuda.matmul.allow_tf32
    with precision_of(tf32):
        told = reading_at(torch, "backends.cuda.matmul.fp32_precision")
        assert told == "tf32" or torch.backends.cuda.matmul.allow_tf32 is True
    assert torch.backends.cuda.matmul.allow_tf32 is before


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_trees_of_a_gpu_are_proven() -> None:
    lines = lines_of(device="cuda", operations=["sum", "dot", "matmul"])
    assert [line["tree"] for line in lines[1::2] if line.get("replay") != "20 of 20"] == []
