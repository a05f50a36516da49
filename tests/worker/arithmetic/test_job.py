"""The job `arithmetic`: its parts in order, its lines as the fingerprint holds them."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="operations are torch's", exc_type=ImportError)

from reprocheck.worker.arithmetic.job import _profiled
from reprocheck.worker.arithmetic.operations import OPERATIONS, Operation
from reprocheck.worker.jobs import JOBS


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return run({"device": "cpu"})


def run(job: dict[str, Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small operations on a busy machine wait long for a second thread
    JOBS["arithmetic"](job, told.append)
    torch.set_num_threads(threads)
    return told


def without_floats(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(without_floats, value.values()))
    return isinstance(value, int | str) and value is not None


def test_every_part_is_begun_before_it_is_told(lines: list[dict[str, Any]]) -> None:
    kinds = [next(kind for kind in ("part", "canary", "relation", "arithmetic") if kind in line) for line in lines]
    told = [line["part"] if kind == "part" else kind for kind, line in zip(kinds, lines, strict=True)]
    assert list(dict.fromkeys(told)) == ["canary", "relations", "relation", "profile", "arithmetic"]
    begun = [line for line in lines if "part" in line]
    assert begun == [{"part": name, "state": "begin"} for name in ("canary", "relations", "profile")]


def test_a_part_that_is_to_be_skipped_is_not_begun() -> None:
    assert [line["part"] for line in run({"device": "cpu", "skip": ["relations", "profile"]}) if "part" in line] == [
        "canary"
    ]


def test_every_operation_has_a_line_in_each_of_its_types(lines: list[dict[str, Any]]) -> None:
    named = [line["arithmetic"] for line in lines if "arithmetic" in line]
    assert named == [f"{operation.name}/{dtype}" for operation in OPERATIONS for dtype in operation.dtypes]
    assert len(named) == len(set(named)) > 80
    assert all("sentence" in line or "status" in line for line in lines if "arithmetic" in line)


def test_nothing_is_told_in_floats_and_all_of_it_is_small(lines: list[dict[str, Any]]) -> None:
    assert all(map(without_floats, lines))
    assert len("\n".join(json.dumps(line, sort_keys=True) for line in lines)) < 40_000


def test_another_run_tells_the_same(lines: list[dict[str, Any]]) -> None:
    assert run({"device": "cpu"}) == lines


def test_an_operation_that_a_type_lacks_has_a_status() -> None:
    def lacking(x: Any, y: Any) -> Any:
        raise RuntimeError("\"addmm\" not implemented for 'Half'")

    told = _profiled(Operation("matmul", "products", lacking), "fp16", "cpu")
    assert told == {
        "arithmetic": "matmul/fp16",
        "operation": "matmul",
        "dtype": "fp16",
        "device": "cpu",
        "status": "unsupported",
        "detail": "RuntimeError: \"addmm\" not implemented for 'Half'",
    }
