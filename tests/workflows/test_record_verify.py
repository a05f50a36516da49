"""`record` and `verify` from the command line, on real runs: each planted fault is caught at its step."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError, UndecidedError
from reprocheck.model.records import Run
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.drills import Drills, parse_drills
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.rerun import RerunOptions, perform_runs
from reprocheck.numerics.runs import plan_runs
from reprocheck.workflows.record import RecordRequest, device_of, lock_beside, record
from reprocheck.workflows.verify import VerifyRequest, read_record, recorded_runs_named, verify

ROOT = Path(__file__).resolve().parents[2]
RUNS = ("transformer:fp32", "transformer:fp16", "transformer:fp32:2")
BEFORE = ("fingerprint", "lock", "prefix", "canary", "relations", "probes", "updates")
Outcome = tuple[int, dict[str, Any]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ddp,
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here"),
]


def reprocheck(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reprocheck", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("record")
    workloads = [part for name in RUNS for part in ("--workload", name)]
    done = reprocheck(folder, "record", "--steps", "7", *workloads)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def verdict(recorded: Path) -> Callable[..., Outcome]:
    def verify_with(*arguments: str) -> Outcome:
        done = reprocheck(recorded, "verify", "--output-format", "json", *arguments)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return verify_with


def divergences(document: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Return step and phase of each run that failed."""
    return {
        check["name"]: (check["first_divergence"]["step"], check["first_divergence"]["phase"])
        for check in document["checks"]
        if check["first_divergence"]
    }


def test_a_rerun_is_bitwise(verdict: Callable[..., Outcome]) -> None:
    code, document = verdict()
    assert (code, document["verdict"], document["causes"], document["drills"]) == (0, "bitwise", [], [])
    assert [(check["name"], check["status"]) for check in document["checks"]] == [
        ("fingerprint", "pass"),
        ("lock", "skip"),
        ("prefix", "skip"),
        *((name, "pass") for name in (*BEFORE[3:], *RUNS)),
    ]


def test_one_run_of_the_record_can_be_repeated_alone(verdict: Callable[..., Outcome]) -> None:
    code, document = verdict("--workload", "transformer:fp16")
    assert (code, document["left_out"]) == (0, ["transformer:fp32", "transformer:fp32:2"])
    assert [check["name"] for check in document["checks"]] == [*BEFORE, "transformer:fp16"]


def test_a_run_is_named_in_the_forms_that_record_takes(recorded: Path) -> None:
    chosen = recorded_runs_named(read_record(recorded / "reprocheck.json"), ("transformer",))
    assert [run.plan.name for run in chosen.runs] == ["transformer:fp32"]


def test_a_run_that_was_not_recorded_cannot_be_repeated(recorded: Path) -> None:
    done = reprocheck(recorded, "verify", "--workload", "convnet:fp16")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: `convnet:fp16` was not recorded",
        "  where: --workload",
        "  why:   the record holds transformer:fp32, transformer:fp16, transformer:fp32:2",
        "  how:   name one of them, or record it first",
    ]


def test_one_missing_synchronisation_is_caught_at_its_step(verdict: Callable[..., Outcome]) -> None:
    code, document = verdict("--drill", "drop-sync=3")
    assert (code, document["drills"]) == (1, ["drop-sync=3"])
    assert divergences(document) == {"transformer:fp32:2": (3, "all-reduce")}
    assert [cause["what"] for cause in document["causes"]] == [
        "a fault planted on purpose",
        "gradients were not synchronised between the ranks",
    ]


@pytest.fixture
def rerun(recorded: Path) -> Callable[..., Verdict]:
    """Rerun the runs of one rank as `verify` does, without reading the machine again."""
    whole = read_record(recorded / "reprocheck.json")
    single = replace(whole, runs=tuple(run for run in whole.runs if run.plan.world_size == 1))

    def run_with(*texts: str, threads: int = 1) -> Verdict:
        drills = parse_drills(texts)
        options = RerunOptions(python=Path(sys.executable), device=single.device, threads=drills.threads or threads)
        runs = perform_runs([drills.planted(run.plan) for run in single.runs], options, lambda _: None)
        return judge(single, Seen(fingerprint=single.fingerprint, lock=single.lock, runs=runs), drills)

    return run_with


def places(verdict: Verdict) -> set[tuple[int, str]]:
    """Return step and phase of every run, all of which must have failed."""
    found = [check.first_divergence for check in verdict.checks if check.name in RUNS]
    return {(place.step, place.phase) if place else (-1, "none") for place in found}


def test_another_seed_is_caught_before_the_first_step(rerun: Callable[..., Verdict]) -> None:
    verdict = rerun("seed=1")
    assert (verdict.exit_code, places(verdict)) == (1, {(0, "init")})
    assert [cause.what for cause in verdict.causes] == ["a fault planted on purpose", "another seed"]


def test_a_thousandth_of_the_learning_rate_is_caught_in_the_first_step(rerun: Callable[..., Verdict]) -> None:
    verdict = rerun("lr=1.001")
    assert (verdict.exit_code, places(verdict)) == (1, {(0, "optimizer")})
    assert [cause.what for cause in verdict.causes][1:] == [
        "the optimizer: the update is 1.001 times as large: learning rate",
        "another learning rate",
    ]


def test_another_thread_count_is_caught_where_it_changes_bits(rerun: Callable[..., Verdict]) -> None:
    """Reductions over rows are split by threads: the first gradients differ on every CPU that we measured."""
    verdict = rerun(threads=2)
    if verdict.outcome == "bitwise":
        pytest.skip("on this processor two threads give the bits of one")
    assert places(verdict) == {(0, "backward")}
    assert [cause.what for cause in verdict.causes] == ["another number of threads"]


def test_an_interpreter_without_torch_is_undecided(recorded: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    python = tmp_path / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = reprocheck(recorded, "verify", "--python", str(python))
    assert done.returncode == 3
    assert done.stdout.startswith("undecided: 3 of 3 runs could not be repeated here\n")
    assert "there is no torch in the audited Python" in done.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_record_leaves_the_old_one(recorded: Path, tmp_path: Path, name: str) -> None:
    """Ctrl-C, or a request to end: the old bytes stay, no half file beside them, exit code 130, no process left."""
    if os.name == "nt":
        pytest.skip("SIGINT to one process is POSIX's")
    old = shutil.copy(recorded / "reprocheck.json", tmp_path / "reprocheck.json")
    before = Path(old).read_bytes()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [sys.executable, "-m", "reprocheck", "record"], cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True
    )
    time.sleep(5)
    running.send_signal(getattr(signal, name))
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said.strip()) == (130, "interrupted: nothing was changed")
    assert Path(old).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["reprocheck.json"]


def test_a_folder_that_is_missing_is_found_before_the_work(tmp_path: Path) -> None:
    request = RecordRequest(
        python=Path(sys.executable),
        plans=plan_runs([], seed=0, steps=1),
        device="cpu",
        threads=1,
        output=tmp_path / "no" / "r.json",
    )
    with pytest.raises(UndecidedError, match="cannot write") as caught:
        record(request, lambda _: None)
    assert caught.value.why == "no such folder"


def test_a_verdict_that_could_not_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    done = reprocheck(tmp_path, "verify", "no-record.json", "-o", "no/verdict.txt")
    assert (done.returncode, done.stderr.splitlines()[:3]) == (
        3,
        ["error: cannot write `no/verdict.txt`", "  where: no", "  why:   no such folder"],
    )


def test_no_more_is_read_of_a_record_than_the_limit() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("only POSIX has a file without an end")
    with pytest.raises(InputError) as caught:
        read_record(Path("/dev/zero"))
    assert caught.value.why == "it is larger than 256 MiB"


def test_a_record_that_is_not_there_is_told(tmp_path: Path) -> None:
    request = VerifyRequest(path=tmp_path / "r.json", python=Path(sys.executable), drills=Drills())
    with pytest.raises(InputError) as caught:
        verify(request, lambda _: None)
    assert caught.value.lines() == [
        "error: cannot read the record",
        f"  where: {(tmp_path / 'r.json').as_posix()}",
        "  why:   no such file or directory",
        "  how:   make one with `reprocheck record`, or give its path",
    ]


def test_a_record_stays_well_below_a_megabyte(recorded: Path) -> None:
    size_bytes = (recorded / "reprocheck.json").stat().st_size
    assert size_bytes < 100_000 * len(RUNS)
    assert read_record(recorded / "reprocheck.json").threads == 1


@pytest.mark.parametrize(("told", "kind"), [("cpu", "cpu"), ("cuda: NVIDIA H200", "cuda")])
def test_the_device_of_a_record_is_what_its_runs_report(told: str, kind: str) -> None:
    plan = plan_runs(("convnet:fp32",), seed=0, steps=1)[0]
    assert device_of((Run(plan=plan, in_force={"device": told}),)) == kind


def test_the_lock_beside_the_record_is_told_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "conda-lock.yml").write_bytes(b"")
    assert lock_beside(tmp_path / "r.json") == {
        "name": "conda-lock.yml",
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }


def test_a_lock_that_is_a_folder_is_an_error_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "conda-lock.yml").mkdir()
    assert lock_beside(tmp_path / "r.json")["status"] == "error"
