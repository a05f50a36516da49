"""The same bits in every process, under another hash seed and in another folder."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    pytest.importorskip("torch", reason="probes are operations of torch", exc_type=ImportError)

from reprocheck.machine.worker_process import SLEEPING_THREADS, WorkerOptions, numeric_switches, run_job
from reprocheck.model.json_documents import dump_line

# Several threads add to one place in the order in which they come, and torch says so: `index_put_` with `accumulate` is
# deterministic only under `torch.use_deterministic_algorithms`.
VARYING = {"scatter/index-put-accumulate-200k/fp32"}
LOW_PRECISION_PRODUCTS = ("matmul", "linear", "bmm", "gemv", "convolution")
LARGEST_BYTES = 120_000


def lines(job: Mapping[str, Any], **switches: str) -> tuple[Mapping[str, Any], ...]:
    environment = {**numeric_switches(1), **SLEEPING_THREADS, **switches}
    return run_job(Path(sys.executable), {"job": "probe", "device": "cpu", **job}, WorkerOptions(switches=environment))


def probes(told: tuple[Mapping[str, Any], ...]) -> dict[str, Mapping[str, Any]]:
    return {
        line["probe"]: {key: value for key, value in line.items() if key != "ns"} for line in told if "probe" in line
    }


@pytest.fixture(scope="module")
def first() -> tuple[Mapping[str, Any], ...]:
    """Return what one process tells."""
    return lines({})


def test_another_process_tells_the_same(first: tuple[Mapping[str, Any], ...], tmp_path: Path) -> None:
    (tmp_path / "another folder").mkdir()
    second = lines({}, PYTHONHASHSEED="17", TMPDIR=str(tmp_path / "another folder"))
    assert probes(first) == probes(second)


def test_on_one_thread_every_probe_repeats_itself(first: tuple[Mapping[str, Any], ...]) -> None:
    assert {name for name, probe in probes(first).items() if probe.get("differing")} == set()


def test_all_lines_together_are_small(first: tuple[Mapping[str, Any], ...]) -> None:
    assert sum(len(dump_line(line)) + 1 for line in first) < LARGEST_BYTES


def test_on_two_threads_only_those_vary_that_add_in_any_order() -> None:
    told = probes(lines({"repeats": 3}, OMP_NUM_THREADS="2", MKL_NUM_THREADS="2", MKL_DYNAMIC="FALSE"))
    assert {name for name, probe in told.items() if probe.get("differing")} <= VARYING


def processor_multiplies_bfloat16() -> bool:
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return False


@pytest.mark.skipif(not processor_multiplies_bfloat16(), reason="the instruction set that is left out is not there")
def test_products_of_low_precision_see_the_instructions_that_make_them(first: tuple[Mapping[str, Any], ...]) -> None:
    job = {"families": list(LOW_PRECISION_PRODUCTS), "repeats": 1}
    here, there = probes(first), probes(lines(job, ONEDNN_MAX_CPU_ISA="AVX2"))
    for family in LOW_PRECISION_PRODUCTS:
        names = [name for name in there if name.startswith(family + "/") and name.endswith("/bf16")]
        seeing = [name for name in names if here[name]["digest"] != there[name]["digest"]]
        assert len(seeing) > len(names) / 2
