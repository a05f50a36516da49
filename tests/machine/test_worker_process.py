from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import InputError, ReprocheckError, UndecidedError
from reprocheck.machine import worker_process
from reprocheck.machine.worker_process import (
    WorkerOptions,
    attempt_job,
    loopback_switches,
    numeric_switches,
    run_job,
)
from reprocheck.model.json_documents import Json

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in interpreters are shell scripts")

JOB: dict[str, Json] = {"job": "describe", "torch": False}
Interpreter = Callable[[str], Path]


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    """Return a maker of programs that stand in the place of Python; `$3` is the job, `$4` the answers' folder."""

    def make(script: str) -> Path:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def options(**changes: object) -> WorkerOptions:
    return WorkerOptions(**{"switches": {}, "deadline_s": 20.0, **changes})  # type: ignore[arg-type]


def failure(python: Path, **changes: object) -> ReprocheckError:
    with pytest.raises(UndecidedError) as caught:
        run_job(python, JOB, options(**changes))
    return caught.value


def test_a_job_answers_in_lines() -> None:
    lines = run_job(Path(sys.executable), JOB, options())
    assert "python" in {line["part"] for line in lines}


def test_ranks_answer_in_the_order_of_their_numbers(interpreter: Interpreter) -> None:
    python = interpreter('for r in 10 2 0; do echo "{\\"rank\\": $r}" > "$4/rank-$r.jsonl"; done')
    assert run_job(python, JOB, options()) == ({"rank": 0}, {"rank": 2}, {"rank": 10})


def test_what_a_library_prints_does_not_mix_with_the_answer(interpreter: Interpreter) -> None:
    python = interpreter('echo noise; echo noise >&2; echo "{}" > "$4/rank-0.jsonl"')
    assert run_job(python, JOB, options()) == ({},)


def test_switches_reach_the_worker_and_a_foreign_rank_does_not(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "7")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "theirs")
    monkeypatch.setenv("PET_NNODES", "2")
    seen = "$OMP_NUM_THREADS/$RANK/$TORCHELASTIC_RUN_ID/$PET_NNODES"
    python = interpreter(f'echo "{{\\"seen\\": \\"{seen}\\"}}" > "$4/rank-0.jsonl"')
    assert run_job(python, JOB, options(switches=numeric_switches(3))) == ({"seen": "3///"},)


def test_warnings_that_are_errors_around_us_stay_warnings_in_the_worker(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    python = interpreter('echo "{\\"seen\\": \\"$PYTHONWARNINGS\\"}" > "$4/rank-0.jsonl"')
    assert run_job(python, JOB, options()) == ({"seen": ""},)


def test_a_module_in_the_current_folder_shadows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert run_job(Path(sys.executable), JOB, options())


def test_a_relative_interpreter_is_found_from_the_current_folder(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter('echo "{}" > "$4/rank-0.jsonl"')
    monkeypatch.chdir(tmp_path.parent)
    assert run_job(Path(tmp_path.name, "python"), JOB, options()) == ({},)


@pytest.mark.parametrize(("system", "interface"), [("linux", "lo"), ("darwin", "lo0")])
def test_ranks_of_one_machine_talk_over_loopback(system: str, interface: str) -> None:
    assert loopback_switches(system) == {"GLOO_SOCKET_IFNAME": interface, "NCCL_SOCKET_IFNAME": interface}
    assert loopback_switches("win32") == {}


def test_several_ranks_go_through_torchrun_on_loopback(interpreter: Interpreter) -> None:
    python = interpreter('echo "$@" $GLOO_SOCKET_IFNAME >&2; exit 1')
    said = failure(python, ranks=2).detail
    assert "-m torch.distributed.run --nproc-per-node 2 --rdzv-backend c10d --rdzv-endpoint 127.0.0.1:0" in said
    assert "--log-dir <worker>/logs" in said
    if sys.platform == "linux":
        assert said.endswith(" lo")


def test_a_program_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        run_job(tmp_path / "nothing", JOB, options())
    assert caught.value.lines() == [
        f"error: `{tmp_path / 'nothing'}` is not a program",
        "  where: --python",
        "  why:   expected the Python interpreter of the environment under audit",
        "  how:   give the path of its `python`",
    ]


def test_a_crash_tells_the_last_words(interpreter: Interpreter) -> None:
    error = failure(interpreter("echo first; echo 'ImportError: libmkl is gone' >&2; exit 3"))
    assert (error.what, error.why) == ("the worker ended with exit code 3", "ImportError: libmkl is gone")
    assert error.detail == "first\nImportError: libmkl is gone"


def test_a_crash_without_words_says_so(interpreter: Interpreter) -> None:
    error = failure(interpreter("kill -SEGV $$"))
    assert (error.what, error.why) == ("the worker ended with signal 11", "it said nothing")


def test_the_random_folder_is_named_always_alike(interpreter: Interpreter) -> None:
    assert failure(interpreter('echo "no such file: $3"; exit 1')).why == "no such file: <worker>/job.json"


def test_a_job_past_its_deadline_is_ended(interpreter: Interpreter) -> None:
    start_s = time.monotonic()
    error = failure(interpreter("sleep 60"), deadline_s=0.5)
    assert error.what == "the worker did not end within 0.5 s"
    assert time.monotonic() - start_s < 10


def test_a_job_that_ignores_the_request_to_end_is_killed(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "GRACE_S", 0.5)
    error = failure(interpreter("trap '' TERM; while true; do sleep 0.1; done"), deadline_s=0.5)
    assert error.what == "the worker did not end within 0.5 s"


def test_what_was_said_before_a_crash_is_kept(interpreter: Interpreter) -> None:
    python = interpreter('echo "{\\"said\\": 1}" > "$4/rank-0.jsonl"; kill -SEGV $$')
    outcome = attempt_job(python, JOB, options())
    assert (outcome.lines, outcome.status) == (({"said": 1},), "exit-139")
    assert outcome.fault is not None
    assert outcome.fault.what == "the worker ended with signal 11"


def test_a_line_that_was_cut_off_ends_what_was_said(interpreter: Interpreter) -> None:
    python = interpreter('printf "{\\"said\\": 1}\\n{\\"sa" > "$4/rank-0.jsonl"; exit 3')
    outcome = attempt_job(python, JOB, options())
    assert (outcome.lines, outcome.status) == (({"said": 1},), "exit-3")


def test_a_job_that_ends_well_with_something_else_than_json_lines_is_a_fault(interpreter: Interpreter) -> None:
    error = failure(interpreter('echo "<html>" > "$4/rank-0.jsonl"'))
    assert error.what == "the worker wrote something else than JSON lines"
    assert error.why == "expected the answer of reprocheck's own worker"


def test_a_file_that_is_no_answer_is_left_alone(interpreter: Interpreter) -> None:
    python = interpreter('echo garbage > "$4/core"; echo "{}" > "$4/rank-0.jsonl"')
    assert run_job(python, JOB, options()) == ({},)


def test_patience_begins_with_the_first_line(interpreter: Interpreter) -> None:
    slow = interpreter('sleep 1; echo "{}" > "$4/rank-0.jsonl"')
    assert attempt_job(slow, JOB, options(patience_s=0.3)).status == "ok"
    hanging = interpreter('echo "{}" > "$4/rank-0.jsonl"; sleep 60')
    start_s = time.monotonic()
    outcome = attempt_job(hanging, JOB, options(patience_s=0.3))
    assert (outcome.lines, outcome.status) == (({},), "silent")
    assert time.monotonic() - start_s < 5


def test_another_thread_can_stop_a_job(interpreter: Interpreter) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    assert attempt_job(interpreter("sleep 60"), JOB, options(stop=stop)).status == "stopped"


def test_a_single_process_is_killed_without_asking(interpreter: Interpreter) -> None:
    start_s = time.monotonic()
    outcome = attempt_job(interpreter("trap '' TERM; while :; do sleep 0.1; done"), JOB, options(deadline_s=0.3))
    assert outcome.status == "timeout"
    assert time.monotonic() - start_s < worker_process.GRACE_S


def test_children_that_a_job_leaves_behind_are_ended(interpreter: Interpreter, tmp_path: Path) -> None:
    python = interpreter(f'sleep 60 & echo $! > {tmp_path}/child; echo "{{}}" > "$4/rank-0.jsonl"')
    run_job(python, JOB, options())
    child = int((tmp_path / "child").read_text())
    assert wait_for_end(child)


def test_a_flood_of_output_is_stopped(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "OUTPUT_LIMIT_BYTES", 2**20)
    assert failure(interpreter("yes")).what == "the worker wrote more than 1 MiB"


def test_nothing_is_left_in_the_temporary_folder(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    failure(interpreter("exit 1"))
    assert list(place.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_worker_does_not_outlive_a_launcher_that_was_killed(tmp_path: Path) -> None:
    """`kill -9` of reprocheck itself: the worker, here waiting for its job file, hears of it from the kernel."""
    package = tmp_path / "reprocheck_worker"
    package.mkdir()
    for source in worker_process.WORKER_SOURCE.glob("*.py"):
        (package / source.name).write_bytes(source.read_bytes())
    (package / "jobs.py").write_text(
        "import os, time\nJOBS = {'wait': lambda job, emit: (emit({'pid': os.getpid()}), time.sleep(60))}\n"
    )
    (tmp_path / "job").write_text('{"job": "wait", "deadline_s": 60}')
    command = [sys.executable, "-m", "reprocheck_worker", str(tmp_path / "job"), str(tmp_path)]
    code = f"import subprocess; subprocess.run({command!r}, cwd={str(tmp_path)!r})"
    launcher = subprocess.Popen([sys.executable, "-c", code])
    answer = tmp_path / "rank-0.jsonl"
    while not (answer.exists() and answer.read_text().endswith("\n")):
        time.sleep(0.05)
    worker = int(answer.read_text().split(":")[1].strip(" }\n"))
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    assert wait_for_end(worker)


def wait_for_end(process: int) -> bool:
    """Return whether a process, not our child, is gone or a zombie within five seconds."""
    for _ in range(100):
        try:
            os.kill(process, 0)
            if f"{process} (" in (stat := Path(f"/proc/{process}/stat").read_text()) and ") Z" in stat:
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_no_place_for_temporary_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(UndecidedError, match="there is no place for the worker") as caught:
        run_job(Path(sys.executable), {"job": "describe"}, WorkerOptions(switches={}))
    assert caught.value.why == "no such file or directory"
