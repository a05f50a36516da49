"""What is measured survives what hangs, dies or does not repeat itself. The worker is played by a small program."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.model.numeric_fingerprints import (
    NumericFingerprint,
    Probe,
    faults_of,
    numeric_fingerprint,
    numeric_parts,
)
from reprocheck.numerics.measuring import MOST_RESTARTS, MeasureOptions, is_whole, measure

# It answers a job as the worker does, and at each family does what the plan beside it says.
PLAYER = """#!{python}
import json, os, signal, sys, time
job = json.load(open(sys.argv[3]))
plan = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "plan.json")))
out = open(os.path.join(sys.argv[4], "rank-0.jsonl"), "w")
def emit(**line):
    out.write(json.dumps(line) + "\\n")
    out.flush()
for family, action in plan:
    if "cpu:family:" + family in job["skip"]:
        continue
    if action == "no-torch":
        emit(source="torch", status="missing", detail="torch is not installed")
        break
    if action != "unannounced":
        emit(family=family, state="begin", device="cpu")
    if action == "hang":
        time.sleep(60)
    if action in ("crash", "unannounced") or (action == "crash-again" and job["repeats"] == 1):
        os.kill(os.getpid(), signal.SIGSEGV)
    if action == "part-breaks":
        emit(source="trees", status="error", detail="KeyError: 'trees'")
        continue
    if action == "raises-again" and job["repeats"] == 1:
        emit(probe=family + "/op/fp32", family=family, device="cpu", status="raises", detail="no")
        continue
    parted = int(action == "parts-again" and job["repeats"] == 1)
    bits = "b" if action == "unsteady" and job["repeats"] == 1 else "a"
    emit(probe=family + "/op/fp32", family=family, operation="op", dtype="fp32", device="cpu", shape=[2],
         digest=bits * 64, coarse=["0x1p+0"], first=["3f800000"], ns=1000, repeats=job["repeats"],
         differing=parted)
"""


@pytest.fixture
def player(tmp_path: Path) -> Path:
    """Return a program that is asked as a Python would be."""
    program = tmp_path / "python"
    program.write_text(PLAYER.format(python=sys.executable))
    program.chmod(0o755)
    return program


def measured(
    player: Path, *plan: tuple[str, str], deadline_s: float = 60.0, patience_s: float = 1.0
) -> NumericFingerprint:
    (player.parent / "plan.json").write_text(json.dumps(plan))
    return measure(MeasureOptions(python=player, deadline_s=deadline_s, patience_s=patience_s))


def names(found: NumericFingerprint) -> list[str]:
    return [probe.family for probe in found.probes]


def test_two_processes_that_agree_are_counted_together(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("matmul", "fine"))
    assert [(probe.name, probe.repeats, probe.differing) for probe in found.probes] == [
        ("conv/op/fp32", 3, 0),
        ("matmul/op/fp32", 3, 0),
    ]
    assert found.times_ns == {"conv/op/fp32 (cpu)": 1000, "matmul/op/fp32 (cpu)": 1000}
    assert is_whole(found)


def test_other_bits_in_the_second_process_are_counted(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("scatter", "unsteady"))
    assert [(probe.name, probe.repeats, probe.differing) for probe in found.nondeterministic] == [
        ("scatter/op/fp32", 3, 1)
    ]
    assert is_whole(found)


def test_behind_a_crash_a_new_process_goes_on(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("linalg", "crash"), ("matmul", "fine"))
    assert names(found) == ["conv", "matmul"]
    detail = "the worker ended with signal 11: it said nothing"
    assert found.collection == ({"source": "family linalg (cpu)", "status": "exit-139", "detail": detail},)
    assert not is_whole(found)


def test_a_family_that_hangs_costs_itself_alone(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("attention", "hang"), ("matmul", "fine"))
    assert names(found) == ["conv", "matmul"]
    assert found.collection[0] == {
        "source": "family attention (cpu)",
        "status": "timeout",
        "detail": "the worker said nothing for 1 s: it said nothing",
    }


def test_when_time_is_up_nothing_is_begun_again(player: Path) -> None:
    found = measured(
        player, ("conv", "fine"), ("attention", "hang"), ("matmul", "fine"), deadline_s=1.5, patience_s=30.0
    )
    assert names(found) == ["conv"]
    assert [entry["status"] for entry in found.collection] == ["timeout"]


def test_what_hangs_again_and_again_ends_in_time_and_is_told_once(player: Path) -> None:
    plan = [("conv", "fine"), ("attention", "hang"), ("linalg", "hang"), ("matmul", "fine")]
    found = measured(player, *plan, deadline_s=3.5, patience_s=2.0)
    assert names(found) == ["conv"]
    assert [(entry["source"], entry["status"]) for entry in found.collection] == [
        ("family attention (cpu)", "timeout"),
        ("family linalg (cpu)", "timeout"),
    ]


def test_a_worker_that_dies_before_it_begins_anything_is_not_asked_again(player: Path) -> None:
    found = measured(player, ("conv", "unannounced"))
    assert found.probes == ()
    assert [entry["source"] for entry in found.collection] == ["torch"]


def test_a_machine_where_everything_crashes_is_given_up(player: Path) -> None:
    found = measured(player, *((f"family{number}", "crash") for number in range(MOST_RESTARTS + 4)))
    assert len(found.collection) == MOST_RESTARTS


def test_without_torch_that_is_what_is_told_once(player: Path) -> None:
    found = measured(player, ("conv", "no-torch"))
    assert found.collection == ({"source": "torch", "status": "missing", "detail": "torch is not installed"},)


def test_a_part_that_breaks_leaves_the_others(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("trees", "part-breaks"))
    assert names(found) == ["conv"]
    assert {"source": "trees", "status": "error", "detail": "KeyError: 'trees'"} in found.collection


def test_what_only_the_second_process_loses_is_told_as_that(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("linalg", "crash-again"))
    assert names(found) == ["conv", "linalg"]
    assert [entry["source"] for entry in found.collection] == ["family linalg (cpu), again"]


def test_a_probe_that_only_the_second_process_could_not_run_is_told(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("linalg", "raises-again"))
    assert [(probe.name, probe.repeats) for probe in found.probes] == [("conv/op/fp32", 3), ("linalg/op/fp32", 2)]
    assert found.collection == ({"source": "linalg/op/fp32 (cpu), again", "status": "raises", "detail": "no"},)


def test_runs_that_part_within_the_second_process_are_counted(player: Path) -> None:
    (found,) = measured(player, ("scatter", "parts-again")).probes
    assert (found.repeats, found.differing) == (3, 1)


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(InputError, match="`/nowhere/python` is not a program"):
        measure(MeasureOptions(python=Path("/nowhere/python")))


def test_a_document_gives_back_what_was_put_in(player: Path) -> None:
    found = measured(player, ("conv", "fine"), ("linalg", "crash"))
    document = json.loads(json.dumps(numeric_parts(found, times=False)))
    again = numeric_fingerprint(document)
    assert again is not None
    assert (again.probes, again.collection) == (found.probes, found.collection)
    assert "probeTimes" not in document
    assert numeric_parts(found, times=True)["probeTimes"] == {"conv/op/fp32 (cpu)": 1000}


def test_a_fingerprint_without_probes_says_so() -> None:
    assert numeric_fingerprint({"schema": "reprocheck/fingerprint/1"}) is None


def test_a_dead_canary_and_a_broken_must_are_faults() -> None:
    found = NumericFingerprint(
        canary=(
            {"canary": "fp32", "device": "cpu", "digest": "aa", "expected": "aa"},
            {"canary": "bf16", "device": "cpu", "digest": "ab", "expected": "aa"},
            {"canary": "fp8", "device": "cpu", "status": "unsupported"},
        ),
        relations=(
            {"relation": "loss scale 2^4 in fp32", "device": "cpu", "kind": "must", "status": "broken"},
            {"relation": "bmm equals matmul", "device": "cpu", "kind": "expected", "status": "broken"},
            {"relation": "row order of softmax", "device": "cpu", "kind": "must", "status": "holds"},
        ),
    )
    assert faults_of(found) == (
        "the canary in bf16 on cpu has other bits than IEEE 754 gives",
        "loss scale 2^4 in fp32 does not hold on cpu",
    )


@pytest.mark.parametrize(("status", "whole"), [("unsupported", True), ("lost-device", False), ("out-of-memory", False)])
def test_an_operation_that_torch_lacks_is_no_gap_and_a_lost_device_is(status: str, whole: bool) -> None:
    probe = Probe(name="a/b/fp32", family="a", operation="b", dtype="fp32", device="cuda", status=status)
    assert is_whole(NumericFingerprint(probes=(probe,))) is whole


@pytest.mark.parametrize("kind", ["trees", "arithmetic", "canary", "relations"])
def test_a_device_that_is_lost_after_the_probes_is_a_gap_too(kind: str) -> None:
    for status, whole in (("lost-device", False), ("unsupported", True)):
        told: Any = {kind: ({"device": "cuda", "status": status},)}
        assert is_whole(NumericFingerprint(**told)) is whole
