"""What is started for a torchrun command, seen by a shell script that stands in its place."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.machine.torchrun_process import attempt_torchrun
from reprocheck.machine.worker_process import JobOutcome, WorkerOptions
from reprocheck.model.torchrun_commands import TorchrunCommand

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for torchrun is a shell script")

Torchrun = Callable[[str], Path]
OPTIONS = WorkerOptions(switches={}, deadline_s=20.0)


@pytest.fixture
def torchrun(tmp_path: Path) -> Torchrun:
    """Return a maker of programs that stand in the place of torchrun, in a folder of their own."""

    def make(script: str) -> Path:
        path = tmp_path / "bin" / "torchrun"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def words_of(command: TorchrunCommand) -> list[str]:
    """Return the words that the stand-in was started with, its private folder always named alike."""
    outcome = attempt_torchrun(command, {"job": "fleet"}, OPTIONS)
    assert outcome.fault is not None
    return outcome.fault.detail.splitlines()


TELL = 'for word; do echo "$word"; done; exit 1'
WORKER = ["reprocheck_worker", "<worker>/job.json", "<worker>/answers"]


def test_the_worker_takes_the_place_of_the_script(torchrun: Torchrun) -> None:
    command = TorchrunCommand(launcher=(str(torchrun(TELL)),), options=("--standalone", "--nproc-per-node=4"))
    assert words_of(command) == [
        "--standalone",
        "--nproc-per-node=4",
        "--max-restarts=0",
        "--log-dir=<worker>/logs",
        "--local-addr=127.0.0.1",
        "-m",
        *WORKER,
    ]


def test_a_job_of_several_nodes_keeps_its_addresses(torchrun: Torchrun) -> None:
    launcher = (str(torchrun(TELL)), "-m", "torch.distributed.run")
    told = words_of(TorchrunCommand(launcher=launcher, options=("--nnodes=2",), is_local=False))
    assert told == [*launcher[1:], "--nnodes=2", "--max-restarts=0", "--log-dir=<worker>/logs", "-m", *WORKER]
    own = words_of(TorchrunCommand(launcher=launcher, options=("--local-addr=10.0.0.1",)))
    assert [word for word in own if "local-addr" in word] == ["--local-addr=10.0.0.1"]


def test_a_wrapper_stays_in_front_of_its_python(
    torchrun: Torchrun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bind.sh").write_text("")
    command = TorchrunCommand(launcher=(str(torchrun(TELL)),), wrapper=("./bind.sh", "--near/far", "python"))
    assert words_of(command)[3:] == ["--no-python", str(tmp_path / "bind.sh"), "--near/far", "python", "-m", *WORKER]


def seen(torchrun: Torchrun, variables: str, *, is_local: bool = True) -> str:
    script = f'for last; do :; done; echo "{{\\"seen\\": \\"{variables}\\"}}" > "$last/rank-0.jsonl"'
    command = TorchrunCommand(launcher=(str(torchrun(script)),), is_local=is_local)
    return str(attempt_torchrun(command, {"job": "fleet"}, OPTIONS).lines[0]["seen"])


def test_variables_of_the_user_stay_but_those_of_output_and_program(
    torchrun: Torchrun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PET_NNODES", "1")
    monkeypatch.setenv("PET_LOG_DIR", "/their/logs")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert seen(torchrun, "$PET_NNODES/$PET_LOG_DIR/$PYTHONWARNINGS/$OMP_NUM_THREADS") == "1///3"


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback interface has another name")
def test_ranks_of_one_node_talk_over_loopback_unless_the_user_says_otherwise(
    torchrun: Torchrun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NCCL_SOCKET_IFNAME", raising=False)
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth7")
    assert seen(torchrun, "$GLOO_SOCKET_IFNAME/$NCCL_SOCKET_IFNAME") == "eth7/lo"
    assert seen(torchrun, "$GLOO_SOCKET_IFNAME/$NCCL_SOCKET_IFNAME", is_local=False) == "eth7/"


def test_the_job_says_when_its_time_is_over(torchrun: Torchrun) -> None:
    script = 'for last; do :; done; cat "$last/../job.json" > "$last/rank-0.jsonl"'
    before_ms = time.time() * 1000
    outcome = attempt_torchrun(TorchrunCommand(launcher=(str(torchrun(script)),)), {"job": "fleet"}, OPTIONS)
    end_ms = outcome.lines[0]["end_ms"]
    assert isinstance(end_ms, int)
    assert before_ms + 19_000 < end_ms < before_ms + 40_000
    assert outcome == JobOutcome(lines=outcome.lines, status="ok", fault=None)


def test_a_launcher_that_is_missing_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        attempt_torchrun(TorchrunCommand(launcher=("no-such-torchrun",)), {"job": "fleet"}, OPTIONS)
    assert caught.value.lines() == [
        "error: `no-such-torchrun` is not a program",
        "  where: the command after `--`",
        "  why:   expected torchrun, or a Python, of the environment that trains",
        "  how:   activate that environment, or give the path of its `torchrun`",
    ]


def test_the_last_error_counts_more_than_what_torchrun_says_behind_it(torchrun: Torchrun) -> None:
    script = (
        "echo '[rank0]: RuntimeError: address already in use'; echo 'x.ChildFailedError: '; echo 'see the docs'; "
        "echo =====; exit 1"
    )
    fault = attempt_torchrun(TorchrunCommand(launcher=(str(torchrun(script)),)), {"job": "fleet"}, OPTIONS).fault
    assert fault is not None
    assert fault.why == "[rank0]: RuntimeError: address already in use"
