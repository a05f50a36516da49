"""`reprocheck doctor` as a process: on this machine, and with stand-ins for Python and torch that fail in every way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from reprocheck.model.doctors import OTHER_QUESTIONS, QUESTIONS

BOUND_S = 12.0


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def test_this_machine_is_asked_everything_in_well_under_ten_seconds(reprocheck: Runner) -> None:
    pytest.importorskip("torch")
    started_s = time.monotonic()
    done = reprocheck("doctor", "--json", "--timeout", "30")
    assert time.monotonic() - started_s < 30
    document = json.loads(done.out)
    assert document["schema"] == "reprocheck/doctor/1"
    assert [answer["question"] for answer in document["answers"]] == [question.name for question in QUESTIONS]
    found = {answer["question"]: answer["status"] for answer in document["answers"]}
    assert (found["torch"], found["grad-scaler"], found["ddp"]) == ("ok", "ok", "ok")
    assert done.code == (1 if "not" in found.values() else 3 if "unknown" in found.values() else 0)
    assert str(Path.home()) not in done.out
    assert done.err == ""


def test_a_healthy_machine_for_the_cpu_is_clean(reprocheck: Runner) -> None:
    pytest.importorskip("torch")
    skipped = ("--skip", "jupyter-kernel", "--skip", "disk", "--skip", "shared-memory", "--skip", "open-files")
    done = reprocheck("doctor", "--cpu", "--timeout", "30", *skipped)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "4 ok, 0 not, 0 unknown"
    quiet = reprocheck("doctor", "--cpu", "--timeout", "30", "-q", *skipped, "-o", "report")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="takes a network namespace")
def test_two_processes_sum_without_any_network_but_loopback(reprocheck: Runner, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    inside = tmp_path / "python"
    inside.write_text(f'#!/bin/sh\nexec unshare -rn sh -c \'ip link set lo up && exec "$@"\' - {sys.executable} "$@"\n')
    inside.chmod(0o755)
    if os.system(f"{inside} -c pass") != 0:
        pytest.skip("no network namespace may be made here")
    done = reprocheck("doctor", "--cpu", "--json", "--timeout", "30", "--python", inside)
    found = {answer["question"]: answer["detail"] for answer in json.loads(done.out)["answers"]}
    assert found["ddp"] == "two processes summed over gloo on loopback"


def test_the_report_goes_to_a_file(reprocheck: Runner, tmp_path: Path) -> None:
    torchless(tmp_path, "raise ModuleNotFoundError(name='torch')")
    done = reprocheck("doctor", "--cpu", "-o", "report.txt", env=path_of(tmp_path))
    assert (done.code, done.out) == (1, "")
    assert (tmp_path / "report.txt").read_text().startswith("torch           not      torch is not installed\n")


def test_the_fix_stands_beneath_and_colour_may_be_forced(reprocheck: Runner, tmp_path: Path) -> None:
    torchless(tmp_path, "raise ModuleNotFoundError(name='torch')")
    plain = reprocheck("doctor", "--cpu", env=path_of(tmp_path)).out.splitlines()
    assert plain[1] == "                         fix: install torch there, or name the environment that"
    assert max(map(len, plain)) <= 80
    colored = reprocheck("doctor", "--cpu", "--color", "always", env=path_of(tmp_path)).out
    assert colored.startswith("torch           \x1b[31mnot    \x1b[0m  torch is not installed\n")


def test_two_environments_at_once_are_a_usage_error(reprocheck: Runner) -> None:
    done = reprocheck("doctor", "--python", "python", "-n", "mine")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: several environments are named")


def test_an_unknown_question_and_no_time_are_usage_errors(reprocheck: Runner) -> None:
    assert reprocheck("doctor", "--skip", "weather").code == 2
    assert reprocheck("doctor", "--timeout", "0").code == 2


def torchless(folder: Path, source: str) -> None:
    (folder / "torch.py").write_text(source)


def path_of(folder: Path) -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(root), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("raise RuntimeError('no')", "not"),
        ("raise SystemExit(3)", "not"),
        ("import os; os._exit(0)", "unknown"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "not"),
        ("import sys; print('x' * 100); sys.stdout.flush()", "ok"),
        ("version = cuda = distributed = None", "ok"),
        ("__getattr__ = lambda name: 1 / 0", "ok"),
    ],
)
def test_a_torch_that_fails_in_any_way_costs_no_traceback(
    source: str, status: str, reprocheck: Runner, tmp_path: Path
) -> None:
    torchless(tmp_path, source)
    done = reprocheck("doctor", "--cpu", "--json", env=path_of(tmp_path))
    found = {answer["question"]: answer["status"] for answer in json.loads(done.out)["answers"]}
    assert found["torch"] == status
    assert set(found) == {"torch", *(question.name for question in OTHER_QUESTIONS)}
    assert done.code in (1, 3)
    assert "Traceback" not in done.err


def test_a_torch_that_never_loads_ends_in_time_and_says_how_to_wait(reprocheck: Runner, tmp_path: Path) -> None:
    torchless(tmp_path, "import time; time.sleep(60)")
    started_s = time.monotonic()
    done = reprocheck("doctor", "--cpu", "--json", "--timeout", "3", env=path_of(tmp_path))
    assert time.monotonic() - started_s < 3 + BOUND_S - 10
    first = json.loads(done.out)["answers"][0]
    assert (first["status"], first["detail"], first["fix"]) == (
        "unknown",
        "no answer within 3 s",
        "give it more time with `--timeout 60`",
    )
    assert done.code == 3


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
def test_everything_hangs_and_it_ends_within_twelve_seconds(reprocheck: Runner, tmp_path: Path) -> None:
    """Python answers its version and then nothing; nvidia-smi never answers."""
    for name, first in (("python", 'test "$1" = -I && echo python 3 11 && exit\n'), ("nvidia-smi", "")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ntrap '' TERM INT\n{first}while :; do sleep 1; done\n")
        program.chmod(0o755)
    started_s = time.monotonic()
    env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = reprocheck("doctor", "--json", "--python", tmp_path / "python", env=env)
    assert time.monotonic() - started_s < BOUND_S
    found = {answer["question"]: answer["status"] for answer in json.loads(done.out)["answers"]}
    assert (found["torch"], found["ddp"], found["driver"]) == ("unknown", "unknown", "unknown")
    assert (done.code, done.err) == (3, "")


@pytest.mark.skipif(sys.platform != "linux", reason="signals, and /proc to see what is left")
def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    torchless(tmp_path, f"open({str(tmp_path / 'started')!r}, 'w'); import time; time.sleep(60)")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "reprocheck", "doctor"]
    env = {**os.environ, **path_of(tmp_path), "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (tmp_path / "started").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, b"interrupted: nothing was changed")
    assert os.listdir(temporary) == []
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(temporary).encode() in said_by(path)] == []


def said_by(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has just ended
