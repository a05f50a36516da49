"""`verify --predict` and the prediction in a verdict, on real runs: right under settings that change bits or do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import UsageError
from reprocheck.model.records import Record
from reprocheck.numerics.drills import parse_drills
from reprocheck.numerics.replayed_operations import own_operations
from reprocheck.numerics.rerun import RerunOptions, Shortage, perform_runs
from reprocheck.numerics.runs import plan_runs
from reprocheck.workflows.record import RecordRequest, record
from reprocheck.workflows.verify import VerifyRequest, predict_rerun, read_record
from tests.conftest import Outcome, Runner
from tests.replay_truth import SETTINGS, judged, verdict

RUNS = ("convnet:fp32", "transformer:bf16", "transformer:fp16")
STEPS = 4

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "reprocheck.json"
    record(
        RecordRequest(
            python=Path(sys.executable),
            plans=plan_runs(RUNS, seed=0, steps=STEPS),
            device="cpu",
            threads=1,
            output=path,
        ),
        lambda _: None,
    )
    return path


@pytest.fixture(scope="module")
def whole(recorded: Path) -> Record:
    return read_record(recorded)


@pytest.fixture
def altered(recorded: Path, tmp_path: Path) -> Callable[[Callable[[Any], None]], Path]:
    """Return a copy of the record that was changed as a document."""

    def write(change: Callable[[Any], None]) -> Path:
        document = json.loads(recorded.read_text(encoding="utf-8"))
        change(document)
        path = tmp_path / "altered.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


def predicted(reprocheck: Runner, path: Path, *more: str) -> Outcome:
    return reprocheck("verify", path, "--predict", *more)


def test_a_record_holds_the_operations_of_its_runs(whole: Record) -> None:
    for run in whole.runs:
        assert run.operations is not None
        assert run.operations.complete
        assert [digest.text for digest in run.operations.digests if not digest.is_digest] == []
        assert len(run.operations.digests) > 40


def test_the_operations_of_a_record_are_small(recorded: Path) -> None:
    document = json.loads(recorded.read_text(encoding="utf-8"))
    assert sum(len(operation) + 10 for operation in document["operations"]) < 30_000


def test_nothing_is_promised_but_what_comes_true(reprocheck: Runner, recorded: Path) -> None:
    """Control: the record. Test: the same Python, nothing changed."""
    done = predicted(reprocheck, recorded)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "predicted bitwise: in 3 runs every operation gives the recorded bits here"
    assert [line.split()[:2] for line in lines[2:]] == [["identical", name] for name in RUNS]


def test_a_verdict_recalls_its_prediction(reprocheck: Runner, recorded: Path) -> None:
    done = reprocheck("verify", recorded, "--workload", "convnet:fp32")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1] == (
        "bitwise: yes, as predicted: every operation of the runs gave the recorded bits"
    )


def test_a_verdict_document_holds_the_prediction(reprocheck: Runner, recorded: Path) -> None:
    done = reprocheck("verify", recorded, "--workload", "convnet:fp32", "--threads", "2", "--output-format", "json")
    document = json.loads(done.out)
    if document["verdict"] == "bitwise":
        pytest.skip("on this processor two threads give the bits of one")
    assert document["predicted"]["bitwise"] is False
    assert document["predicted"]["runs"][0]["name"] == "convnet:fp32"
    assert document["predicted"]["operations"]


@pytest.mark.parametrize("name", ["rerun 1", "threads 2", "oneDNN AVX2"])
def test_no_setting_makes_a_promise_false(whole: Record, name: str) -> None:
    """Control: the record, one thread and nothing set. Test: one setting. The truth: the same runs under it."""
    words = [verdict(prediction, step) for prediction, step in judged(whole.runs, SETTINGS[name])]
    assert words == ["right"] * len(RUNS), words


def test_an_operation_that_was_recorded_with_other_bits_is_named(
    reprocheck: Runner, altered: Callable[[Callable[[Any], None]], Path]
) -> None:
    def flip(document: Any) -> None:
        document["operations"] = [
            "0" * 16 + text[16:] if "_log_softmax.default" in text else text for text in document["operations"]
        ]

    done = predicted(reprocheck, altered(flip), "--workload", "transformer:bf16", "--output-format", "json")
    document = json.loads(done.out)
    assert (done.code, document["bitwise"]) == (1, False)
    assert [operation["name"] for operation in document["operations"]] == ["_log_softmax fp32"]


def test_an_operation_that_no_torch_has_leaves_it_open(
    reprocheck: Runner, altered: Callable[[Callable[[Any], None]], Path]
) -> None:
    def rename(document: Any) -> None:
        document["operations"] = [text.replace("aten.convolution.", "aten.folding.") for text in document["operations"]]

    done = predicted(reprocheck, altered(rename), "--workload", "convnet:fp32")
    assert done.code == 3
    assert done.out.splitlines()[2:] == [
        "  undecided  convnet:fp32  2 operations are new here: convolution fp32",
        "                           2 operations are gone: folding fp32",
    ]


def test_an_older_record_is_verified_without_a_prediction(
    reprocheck: Runner, altered: Callable[[Callable[[Any], None]], Path]
) -> None:
    def forget(document: Any) -> None:
        del document["operations"]
        for run in document["runs"]:
            del run["operations"]

    path = altered(forget)
    done = predicted(reprocheck, path)
    assert done.code == 3
    assert done.out.splitlines()[0] == "undecided: for 3 of 3 runs nobody can tell"
    done = reprocheck("verify", path, "--workload", "convnet:fp32")
    assert (done.code, done.out.splitlines()[1]) == (
        0,
        "not predicted: the record holds no operations; one that this release makes does",
    )


def test_a_python_without_torch_predicts_nothing(reprocheck: Runner, recorded: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = predicted(reprocheck, recorded, "--python", str(python))
    assert done.code == 3
    assert "nothing was replayed here: there is no torch in the audited Python" in done.out


def test_a_drill_has_nothing_to_be_planted_in(recorded: Path) -> None:
    request = VerifyRequest(path=recorded, python=Path(sys.executable), drills=parse_drills(["seed=1"]))
    with pytest.raises(UsageError) as caught:
        predict_rerun(request, lambda _: None)
    assert caught.value.lines() == [
        "error: `--predict` reruns nothing that a fault could be planted in",
        "  where: --drill",
        "  why:   a drill changes the rerun",
        "  how:   leave out `--predict` or `--drill`; another number of threads is `--threads`",
    ]


def test_a_prediction_can_be_written_to_a_file(reprocheck: Runner, recorded: Path, tmp_path: Path) -> None:
    done = predicted(reprocheck, recorded, "--workload", "convnet:fp32", "-o", "told.txt")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "told.txt").read_text(encoding="utf-8").startswith("predicted bitwise: in 1 run ")


def test_two_records_hold_the_same_operations(whole: Record) -> None:
    options = RerunOptions(python=Path(sys.executable), device="cpu", threads=1, replay={})
    runs = perform_runs([whole.runs[1].plan], options, lambda _: None)
    assert not isinstance(runs, Shortage)
    assert [run.operations and own_operations(run.operations) for run in runs] == [whole.runs[1].operations]


@pytest.mark.ddp
def test_sums_over_ranks_are_replayed_by_as_many_ranks() -> None:
    options = RerunOptions(python=Path(sys.executable), device="cpu", threads=1, replay={})
    runs = perform_runs(plan_runs(["convnet:fp32:2"], seed=0, steps=STEPS), options, lambda _: None)
    assert not isinstance(runs, Shortage)
    assert runs[0].operations is not None
    sums = [digest for digest in runs[0].operations.digests if digest.text.startswith("c10d.")]
    assert [digest.is_digest for digest in sums] == [True]
    assert sums[0].text.endswith("],ranks=2)")
    assert [digest.text for digest in runs[0].operations.digests if not digest.is_digest] == []
