"""The job `replay`: what is told of runs that can be traced, of those that cannot, and of those that go on changing."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="runs are torch's", exc_type=ImportError)
    from reprocheck.worker.operations.job import tell_operations, traced
    from reprocheck.worker.placement import Place

HERE = Place(rank=0, world_size=1, device=torch.device("cpu"))
RUN = {
    "workload": "convnet",
    "dtype": "fp32",
    "seed": 0,
    "steps": 10,
    "learning_rate": (2.0**-5).hex(),
    "first_scale": (2.0**18).hex(),
    "drop_sync": -1,
}
EXP = "aten.exp.default(fp32[9]~0)"


def told(place: Place = HERE, replay: Any = "traced", **changes: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    tell_operations({"runs": [{**RUN, **changes}], "replay": replay}, place, lines.append)
    return lines


def test_a_run_is_traced_until_two_steps_bring_nothing_new() -> None:
    found = traced(RUN, HERE, to_end=False)
    assert (found["complete"], found["detail"]) == (True, "")
    assert 3 <= found["steps"] <= 5  # the momentum comes with the second step
    assert any(text.startswith("aten.convolution_backward.default(") for text in found["operations"])


def test_a_run_of_one_step_is_wholly_seen_by_one() -> None:
    found = traced({**RUN, "steps": 1}, HERE, to_end=True)
    assert (found["steps"], found["complete"]) == (1, True)


def test_the_last_step_adds_what_tensors_hold_by_then() -> None:
    begun, whole = (traced({**RUN, "steps": 60}, HERE, to_end=to_end) for to_end in (False, True))
    assert (begun["steps"], begun["complete"]) == (whole["steps"], whole["complete"])
    assert [text.partition("(")[0] for text in begun["operations"]] == [
        text.partition("(")[0] for text in whole["operations"]
    ]
    assert begun["operations"] != whole["operations"]


def test_steps_that_overflow_do_not_end_the_look() -> None:
    """A loss scale that is never right: no optimizer step is ever taken, so nobody can know what it would ask for."""
    found = traced({**RUN, "dtype": "fp16", "first_scale": (2.0**100).hex(), "steps": 50}, HERE, to_end=False)
    assert (found["steps"], found["complete"]) == (12, False)


def test_what_was_traced_is_replayed() -> None:
    trace, replay = told()
    assert {key: trace[key] for key in ("kind", "run", "rank")} == {"kind": "traced", "run": 0, "rank": 0}
    assert sorted(replay["outcomes"]) == sorted(trace["operations"])


def test_what_a_record_asks_for_is_replayed() -> None:
    assert sorted(told(replay=[EXP])[1]["outcomes"]) == [EXP]


def test_a_run_that_this_torch_cannot_do_is_told_with_the_reason() -> None:
    (trace,) = told(place=Place(rank=0, world_size=2, device=torch.device("cpu"), shortage="too few devices"))
    assert {key: trace[key] for key in ("operations", "steps", "complete", "detail")} == {
        "operations": [],
        "steps": 0,
        "complete": False,
        "detail": "too few devices",
    }


def test_a_run_that_raises_is_told_with_the_error() -> None:
    (trace,) = told(dtype="fp99")
    assert (trace["complete"], trace["detail"]) == (False, "KeyError: 'fp99'")


def test_the_job_trains_nothing() -> None:
    from reprocheck.worker.train import replay

    lines: list[dict[str, Any]] = []
    replay({"device": "cpu", "threads": torch.get_num_threads(), "runs": [RUN], "replay": [EXP]}, lines.append)
    torch.set_deterministic_debug_mode("default")
    assert [line["kind"] for line in lines] == ["settings", "traced", "replayed"]
