"""Run commands that play the hooks themselves: no torch is needed to see how a command begins, prints and ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError, UsageError
from reprocheck.machine.watched_process import (
    CommandOptions,
    require_program,
    require_watchable,
    told_lines,
    watched_command,
    watched_environment,
)
from tests.conftest import clean_environment

TOLD = """
import json, os, sys, time
job = json.load(open(os.environ["REPROCHECK_WATCH"]))
def tell(line, rank=0):
    with open(os.path.join(job["answers"], f"run-{rank}-{os.getpid()}.jsonl"), "a") as stream:
        stream.write(json.dumps(line) + "\\n")
"""
# Runs a command in a process of its own, as the command line does, so that signals and streams are real.
DRIVER = """
import json, sys
from reprocheck.__main__ import _end_in_order
from reprocheck.machine.watched_process import CommandOptions, told_lines, watched_command
_end_in_order()
try:
    options = CommandOptions(timeout_s=float(sys.argv[1]))
    with watched_command(sys.argv[2:], {}, options) as end:
        lines = [line for file in end.files for line in told_lines(file)]
        print(json.dumps([end.status, [file.name.split("-")[1] for file in end.files], lines]))
except KeyboardInterrupt:
    sys.exit(130)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, and /proc to see what is left")


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    (tmp_path / "temporary").mkdir()

    def begin(text: str, timeout_s: float = 60.0, **popen: Any) -> subprocess.Popen[bytes]:
        (tmp_path / "script.py").write_text(TOLD + text, encoding="utf-8")
        env = clean_environment({"TMPDIR": str(tmp_path / "temporary"), "MINE": "kept"})
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(timeout_s), sys.executable, "script.py", "--lr", "1"],
            **{"cwd": tmp_path, "env": env, "stdin": subprocess.DEVNULL, **popen},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return begin


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> Callable[..., tuple[Any, str]]:
    """Return status, ranks and lines, and what the command printed; nothing of it may be left."""

    def run_to_end(text: str, *, given: bytes | None = None, timeout_s: float = 60.0) -> tuple[Any, str]:
        popen = {} if given is None else {"stdin": subprocess.PIPE}
        with start(text, timeout_s, **popen) as process:
            out, err = process.communicate(given, timeout=60)
        assert process.returncode == 0, err
        assert os.listdir(tmp_path / "temporary") == []
        return json.loads(out), err.decode()

    return run_to_end


def test_what_the_hooks_tell_is_read_and_what_the_command_prints_goes_to_stderr(run: Any) -> None:
    told, printed = run("tell({'kind': 'end', 'steps': 0.5}); print('out'); print('err', file=sys.stderr, flush=True)")
    assert told == ["ok", ["0"], [{"kind": "end", "steps": "0.5"}]]
    assert sorted(printed.splitlines()) == ["err", "out"]


def test_the_words_the_folder_and_the_environment_are_the_commands_own(run: Any, tmp_path: Path) -> None:
    told, _ = run("tell({'words': sys.argv[1:], 'folder': os.getcwd(), 'mine': os.environ['MINE']})")
    assert told[2] == [{"words": ["--lr", "1"], "folder": str(tmp_path), "mine": "kept"}]


def test_the_command_has_our_stdin(run: Any) -> None:
    told, _ = run("tell({'said': sys.stdin.read()})", given=b"yes\n")
    assert told[2] == [{"said": "yes\n"}]


def test_files_come_rank_by_rank(run: Any) -> None:
    told, _ = run("for rank in (10, 2, 0): tell({'rank': rank}, rank)")
    assert told[1:] == [["0", "2", "10"], [{"rank": 0}, {"rank": 2}, {"rank": 10}]]


@pytest.mark.parametrize(
    ("text", "status"),
    [("sys.exit(3)", "exit-3"), ("os.kill(os.getpid(), 11)", "exit-139"), ("raise ValueError", "exit-1")],
)
def test_a_failure_is_told_as_shells_count(run: Any, text: str, status: str) -> None:
    assert run(text)[0][0] == status


def test_a_line_that_was_cut_off_ends_what_is_read(run: Any) -> None:
    text = "open(os.path.join(job['answers'], 'run-0-1.jsonl'), 'w').write('{\"a\": 1}\\n{\"b')"
    assert run(text)[0][2] == [{"a": 1}]


def test_a_flood_of_output_passes_through_and_is_not_kept(run: Any) -> None:
    told, printed = run("for _ in range(200): print('x' * 100_000)\ntell({'peak': 1})")
    assert (told[0], len(printed)) == ("ok", 200 * 100_001)


def test_a_time_that_is_over_ends_the_command_and_what_it_started(run: Any, tmp_path: Path) -> None:
    text = """
import subprocess
own_session = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
open("pids", "w").write(f"{os.getpid()} {own_session.pid}")
time.sleep(60)
"""
    assert run(text, timeout_s=1.5)[0][0] == "timeout"
    assert living(tmp_path / "pids") == []


def living(pids: Path) -> list[str]:
    return [pid for pid in pids.read_text().split() if state(pid) not in ("gone", "Z")]


def state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_ends_all_and_leaves_no_folder(start: Any, tmp_path: Path, number: signal.Signals) -> None:
    text = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("pids.new", "w").write(f"{os.getpid()} {child.pid}")
os.rename("pids.new", "pids")
time.sleep(60)
"""
    with start(text) as process:
        until_s = time.monotonic() + 30
        while not (tmp_path / "pids").exists() and time.monotonic() < until_s:
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert living(tmp_path / "pids") == []
    assert os.listdir(tmp_path / "temporary") == []


def test_a_second_request_to_end_kills_a_script_that_refuses_at_once(start: Any, tmp_path: Path) -> None:
    text = "import signal; signal.signal(15, signal.SIG_IGN); open('pids', 'w').write(str(os.getpid())); time.sleep(60)"
    with start(text) as process:
        until_s = time.monotonic() + 30
        while not (tmp_path / "pids").exists() and time.monotonic() < until_s:
            time.sleep(0.02)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert living(tmp_path / "pids") == []
    assert os.listdir(tmp_path / "temporary") == []


def test_a_script_that_refuses_to_end_is_killed(run: Any, tmp_path: Path) -> None:
    text = "import signal; signal.signal(15, signal.SIG_IGN); open('pids', 'w').write(str(os.getpid())); time.sleep(60)"
    assert run(text, timeout_s=1.5)[0][0] == "timeout"
    assert living(tmp_path / "pids") == []


def test_what_a_command_that_ended_well_left_running_is_left_alone(run: Any, tmp_path: Path) -> None:
    text = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=-3, stderr=-3)
open("pids", "w").write(str(child.pid))
"""
    run(text)
    (pid,) = living(tmp_path / "pids")
    os.kill(int(pid), signal.SIGKILL)


def test_a_variable_before_the_program_is_told_without_its_value() -> None:
    with pytest.raises(InputError) as caught:
        require_program(["API_KEY=SecretSecret", "python", "train.py"])
    assert caught.value.lines() == [
        "error: `API_KEY=…` is a variable, not a program",
        "  where: the command after `--`",
        "  why:   no shell reads the words behind `--`",
        "  how:   set it before reprocheck starts, or write `-- env API_KEY=… python train.py`",
    ]


@pytest.mark.parametrize(
    ("word", "why", "how"),
    [
        ("no-such-program", "there is no such program", "write it as you start the training yourself"),
        ("./train.py", "it is a file that may not be run", "write `-- python ./train.py`"),
        ("./data.bin", "it is a file that may not be run", "write it as you start the training yourself"),
    ],
)
def test_a_command_that_is_no_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, why: str, how: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "data.bin"):
        (tmp_path / name).touch()
    with pytest.raises(InputError) as caught:
        require_program([word])
    assert caught.value.lines() == [
        f"error: `{word}` is not a program",
        "  where: the command after `--`",
        f"  why:   {why}",
        f"  how:   {how}",
    ]


def test_a_job_of_several_nodes_is_refused_before_it_runs(tmp_path: Path) -> None:
    torchrun = tmp_path / "torchrun"
    torchrun.write_text("#!/bin/sh\n")
    torchrun.chmod(0o755)
    with pytest.raises(UsageError) as caught:
        require_watchable([str(torchrun), "--nnodes=2", "train.py"])
    assert caught.value.lines() == [
        "error: a job of several nodes cannot be watched",
        "  where: the command after `--`",
        "  why:   all ranks are needed, and only those of this node would be seen",
        "  how:   start it with `--nnodes 1`, all ranks on one machine",
    ]
    require_watchable([str(torchrun), "train.py"])


def test_a_file_that_the_system_cannot_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_bytes(b"\x00\x01")
    path.chmod(0o755)
    with pytest.raises(InputError) as caught, watched_command([str(path)], {}, CommandOptions()):
        pass
    assert caught.value.lines()[0:3:2] == [f"error: `{path}` cannot be run", "  why:   exec format error"]


def changed(environ: Mapping[str, str], words: str) -> dict[str, str]:
    made = watched_environment(environ, Path("/f"), words.split())
    return {name: value for name, value in made.items() if environ.get(name) != value}


PATHS = "/f/reprocheck_worker/watching/entrance:/f"


def test_the_way_to_the_hooks_stands_before_the_commands_own() -> None:
    ours = {"REPROCHECK_WATCH": "/f/job.json"}
    assert changed({}, "python train.py") == {**ours, "PYTHONPATH": PATHS}
    assert changed({"PYTHONPATH": "src:."}, "python train.py") == {**ours, "PYTHONPATH": f"{PATHS}:src:."}


def test_torchrun_keeps_its_logs_in_our_folder_unless_it_was_asked_for_them() -> None:
    assert changed({}, "torchrun t.py")["PET_LOG_DIR"] == "/f/logs"
    assert "PET_LOG_DIR" not in changed({"PET_LOG_DIR": "mine"}, "torchrun t.py")
    assert "PET_LOG_DIR" not in changed({}, "torchrun --tee=3 t.py")
    assert "PET_LOG_DIR" not in changed({}, "python t.py")


@pytest.mark.parametrize("words", ["torchrun --nproc-per-node 2 t.py", "python -m torch.distributed.run t.py"])
def test_local_ranks_keep_to_loopback_unless_the_user_chose(words: str) -> None:
    assert {name: value for name, value in changed({}, words).items() if "IFNAME" in name} == {
        "GLOO_SOCKET_IFNAME": "lo",
        "NCCL_SOCKET_IFNAME": "lo",
    }
    assert "GLOO_SOCKET_IFNAME" not in changed({"GLOO_SOCKET_IFNAME": "eth0"}, words)
    assert "GLOO_SOCKET_IFNAME" not in changed({}, "torchrun --nnodes 2 t.py")


def test_lines_that_are_no_objects_end_what_is_read(tmp_path: Path) -> None:
    file = tmp_path / "run-0-1.jsonl"
    file.write_text('{"a": 1e5, "b": NaN}\n[]\n{"c": 1}\n', encoding="utf-8")
    assert list(told_lines(file)) == [{"a": "1e5", "b": "NaN"}]


def test_a_command_without_a_step_for_long_is_noted_once() -> None:
    notes: list[str] = []
    words = [sys.executable, "-c", "import time; time.sleep(1)"]
    with watched_command(words, {}, CommandOptions(tell=notes.append, patience_s=0.2)) as end:
        assert end.status == "ok"
    assert notes == ["no optimizer step for 0.2 s; Ctrl-C ends the command, or `--timeout`"]


def test_a_command_that_tells_more_than_a_record_holds_is_ended(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(f"{TOLD}\ntell({{}})\ntime.sleep(60)\n", encoding="utf-8")
    words = [sys.executable, str(tmp_path / "script.py")]
    with watched_command(words, {}, CommandOptions(limit_bytes=2)) as end:
        assert end.status == "too-long"


def test_a_stderr_that_is_no_file_leaves_the_command_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with watched_command([sys.executable, "-c", "pass"], {}, CommandOptions()) as end:
        assert (end.status, end.files) == ("ok", ())
