"""Asking an interpreter question by question: stand-ins that crash, hang or babble in the middle of a job."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError, UsageError
from reprocheck.machine.driver_questions import AcceleratorSources
from reprocheck.machine.worker_process import loopback_switches
from reprocheck.model.doctors import GPU_QUESTIONS, QUESTIONS
from reprocheck.workflows.doctor import DoctorRequest, examine
from reprocheck.workflows.doctoring.asking import gather, needed_questions
from reprocheck.workflows.doctoring.asking_python import Sources, ask_worker
from reprocheck.workflows.doctoring.watch import Watch

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in interpreters are scripts")

ANSWERING = """
import json, os, signal, sys, time
if sys.argv[1] == "-I":
    print("python 3 11")
    sys.exit()
job = json.load(open(sys.argv[3]))
answers = open(os.path.join(sys.argv[4], "rank-0.jsonl"), "w")
def say(question, reading="ok"):
    print(json.dumps({"question": question, "reading": reading}), file=answers, flush=True)
"""
WELL = "say('torch', {}); [say(name) for name in job.get('questions', ['ddp'])]\n"
Interpreter = Callable[[str], Path]


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    """Return a maker of programs that stand in the place of Python; `say` answers a question of `job`."""

    def make(source: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / "python"
        path.write_text(f"#!{sys.executable}\n{ANSWERING}{source}")
        path.chmod(0o755)
        return path

    return make


def sources(python: Path, *questions: str, timeout_s: float = 20.0) -> Sources:
    return Sources(
        python=python,
        is_given=False,
        root=python.parent.parent,
        questions=frozenset(questions),
        timeout_s=timeout_s,
        accelerators=AcceleratorSources(nvml_command=["false"], cuda_command=["false"], nvidia_smi="false"),
    )


def asked(python: Path, *questions: str, timeout_s: float = 20.0) -> dict[str, Any]:
    return dict(ask_worker(sources(python, *questions, timeout_s=timeout_s), Watch(timeout_s)))


def test_a_good_interpreter_is_asked_once(interpreter: Interpreter, tmp_path: Path) -> None:
    python = interpreter(f"open({str(tmp_path / 'runs')!r}, 'a').write('x')\n" + WELL)
    assert asked(python, "cudnn", "openmp") == {"torch": {}, "cudnn": "ok", "openmp": "ok"}
    assert (tmp_path / "runs").read_text() == "x"


def test_behind_a_crash_the_rest_is_asked_again(interpreter: Interpreter) -> None:
    python = interpreter(
        "say('torch', {})\n"
        "for name in job['questions']:\n"
        "    if name in ('cudnn', 'fp16'): print('boom', name, file=sys.stderr); os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    say(name, len(job['questions']))\n"
    )
    crash = {"status": "error", "detail": "the interpreter ended with signal 11: boom {}"}
    told = asked(python, "gpu-seen", "cudnn", "nccl", "fp16", "openmp")
    assert told == {
        "torch": {},
        "gpu-seen": 5,
        "cudnn": {**crash, "detail": crash["detail"].format("cudnn")},
        "nccl": 3,
        "fp16": {**crash, "detail": crash["detail"].format("fp16")},
        "openmp": 1,
    }


def test_behind_a_question_that_hangs_the_rest_is_asked_again(interpreter: Interpreter) -> None:
    python = interpreter("say('torch', {})\nif 'cudnn' in job['questions']: time.sleep(60)\n" + WELL)
    told = asked(python, "cudnn", "openmp", timeout_s=4.0)
    late = {"status": "timeout", "detail": "no answer within 1.6 s"}
    assert told == {"torch": {}, "cudnn": late, "openmp": "ok"}


def test_nothing_is_asked_anew_once_the_bell_has_rung(interpreter: Interpreter, tmp_path: Path) -> None:
    """Ctrl-C: an interpreter that starts then would outlive us, and its folder, too."""
    runs = tmp_path / "runs"
    python = interpreter(f"say('torch', {{}}); open({str(runs)!r}, 'a').write('x'); time.sleep(60)\n")
    watch = Watch(20.0)
    work = watch.begin(lambda: ask_worker(sources(python, "cudnn", "openmp"), watch))
    while not runs.exists():
        time.sleep(0.02)
    watch.stop.set()
    assert work.result()["openmp"] == {"status": "timeout", "detail": "no time was left to ask"}
    assert runs.read_text() == "x"


def test_loading_torch_may_take_all_the_time(interpreter: Interpreter) -> None:
    """It is not asked for patience: a cold torch takes longer than any question."""
    started_s = time.monotonic()
    told = asked(interpreter("time.sleep(60)\n"), "cudnn", "openmp", timeout_s=2.0)
    assert told["torch"] == {"status": "timeout", "detail": "no answer within 2 s"}
    assert told["openmp"] == {"status": "timeout", "detail": "no time was left to ask"}
    assert time.monotonic() - started_s < 10


def test_a_gpu_that_could_not_be_looked_for_is_asked_nothing(interpreter: Interpreter) -> None:
    python = interpreter(
        "say('torch', {})\n"
        "if 'gpu-seen' in job['questions']: os.kill(os.getpid(), signal.SIGKILL)\n"
        "say('grad-scaler', job['gpu'])\n"
    )
    told = asked(python, "gpu-seen", "fp16", "grad-scaler")
    assert told == {
        "torch": {},
        "gpu-seen": {"status": "unanswered", "detail": "the interpreter ended with signal 9"},
        "fp16": {"status": "missing", "detail": "torch could not look for a GPU"},
        "grad-scaler": False,
    }


def test_an_interpreter_that_ends_well_and_says_nothing(interpreter: Interpreter) -> None:
    silent = {"status": "unanswered", "detail": "the interpreter ended without an answer"}
    assert asked(interpreter(""))["torch"] == silent
    assert asked(interpreter("say('torch', {})"), "openmp")["openmp"] == silent


def test_an_interpreter_that_is_gone_has_a_status(tmp_path: Path) -> None:
    told = asked(tmp_path / "gone")
    assert told["torch"]["status"] == "unanswered"
    assert "is not a program" in told["torch"]["detail"]


@pytest.mark.parametrize("babble", ["'<<'", "'[1]'", "'1' * 10**6", "'[' * 10**6"])
def test_what_is_no_answer_ends_the_asking_and_keeps_what_came_before(interpreter: Interpreter, babble: str) -> None:
    told = asked(interpreter(f"say('torch', {{}}); print({babble}, file=answers, flush=True)"), "openmp")
    words = "the interpreter wrote something else than JSON lines"
    assert told == {"torch": {}, "openmp": {"status": "unanswered", "detail": words}}


def test_a_torch_that_is_missing_ends_the_asking(interpreter: Interpreter) -> None:
    missing = {"status": "missing", "detail": "torch is not installed"}
    told = asked(interpreter(f"say('torch', {missing!r})"), "openmp")
    assert told == {"torch": missing, "openmp": {"status": "timeout", "detail": "no time was left to ask"}}


def test_without_gpu_questions_no_gpu_is_touched(interpreter: Interpreter) -> None:
    python = interpreter("say('torch', {}); say('openmp', [job['gpu'], os.environ.get('CUDA_VISIBLE_DEVICES')])")
    assert asked(python, "openmp")["openmp"] == [False, ""]


def test_all_sources_are_asked_at_once(interpreter: Interpreter) -> None:
    everything = [question.name for question in QUESTIONS]
    told = gather(sources(interpreter(WELL), *everything))
    assert told.answers["ddp"] == "ok"
    assert told.kernels == ()
    assert isinstance(told.room, dict)
    assert told.driver["version"]


def test_processes_that_are_asked_talk_over_loopback(interpreter: Interpreter) -> None:
    python = interpreter("say('torch', {}); say('openmp', os.environ.get('GLOO_SOCKET_IFNAME', ''))")
    assert asked(python, "openmp")["openmp"] == loopback_switches().get("GLOO_SOCKET_IFNAME", "")


def test_more_time_is_more_time_for_the_driver_too(interpreter: Interpreter, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    tools = AcceleratorSources(nvml_command=[str(slow)], cuda_command=["false"], nvidia_smi="false", deadline_s=0.1)
    told = gather(replace(sources(interpreter(WELL), "driver", timeout_s=4.0), accelerators=tools))
    assert told.driver["version"] == {"status": "timeout", "detail": "no answer within 2 s"}


def test_what_nobody_asks_for_is_not_asked(interpreter: Interpreter) -> None:
    told = gather(sources(interpreter(WELL), "torch"))
    late = {"status": "timeout", "detail": "no answer within 20 s"}
    assert (told.kernels, told.room, told.accelerators, told.answers["ddp"]) == (late, late, late, late)


def test_one_gpu_question_needs_to_know_whether_there_is_a_gpu() -> None:
    assert needed_questions(("fp16",)) == {"fp16", "gpu-seen"}
    assert needed_questions(("disk",)) == {"disk"}


def test_a_broken_kernel_is_told(interpreter: Interpreter, tmp_path: Path) -> None:
    folder = tmp_path / "share/jupyter/kernels/mine"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text("{")
    told: Any = gather(sources(interpreter(WELL), "jupyter-kernel")).kernels
    assert told["status"] == "error"
    assert told["detail"].startswith("a `kernel.json` cannot be read: ")


def request(python: Path, **more: Any) -> DoctorRequest:
    return DoctorRequest(**{"python": python, "cpu": True, **more})


@pytest.mark.parametrize("source", ["time.sleep(60)\n", "signal.signal(15, signal.SIG_IGN)\ntime.sleep(60)\n"])
def test_an_interpreter_that_hangs_costs_no_more_than_the_time_out(interpreter: Interpreter, source: str) -> None:
    started_s = time.monotonic()
    checkup = examine(request(interpreter(source), timeout_s=2.0))
    assert time.monotonic() - started_s < 10
    found = {answer.question: answer.status for answer in checkup.answers}
    assert (found["torch"], found["ddp"], found["disk"]) == ("unknown", "unknown", "ok")


def test_an_interpreter_that_does_not_even_tell_its_version(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o755)
    checkup = examine(request(python, timeout_s=2.0))
    assert checkup.answers[0].detail == "the Python gave no answer within 1 s"
    assert checkup.answers[0].status == "unknown"


def test_a_flood_is_stopped(interpreter: Interpreter) -> None:
    checkup = examine(request(interpreter("while True: print('y' * 10**6)\n")))
    assert checkup.answers[0].detail == "the interpreter wrote more than 64 MiB"


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho garbage\n")
    python.chmod(0o755)
    with pytest.raises(InputError, match="is not a Python interpreter"):
        examine(request(python))


def test_an_environment_is_named_by_its_folder(interpreter: Interpreter, tmp_path: Path) -> None:
    interpreter(WELL)
    checkup = examine(DoctorRequest(prefix=tmp_path, cpu=True, skipped=("ddp", "disk")))
    assert checkup.answers[0].question == "torch"
    assert {"ddp", "disk", *(item.name for item in GPU_QUESTIONS)}.isdisjoint(item.question for item in checkup.answers)


def test_an_environment_is_found_by_its_name(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter(WELL)
    home = tmp_path / "home"
    (home / ".conda").mkdir(parents=True)
    named = tmp_path / "envs" / "mine"
    (named / "conda-meta").mkdir(parents=True)
    (named / "bin").symlink_to(tmp_path / "bin")
    (home / ".conda/environments.txt").write_text(f"{named}\n")
    monkeypatch.setenv("HOME", str(home))
    assert examine(DoctorRequest(name="mine", cpu=True)).answers[0].status == "ok"


def test_a_folder_without_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no Python in this environment") as caught:
        examine(DoctorRequest(prefix=tmp_path))
    assert caught.value.why == "expected `bin/python` or `python.exe` in it"


def test_a_folder_that_does_not_exist_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        examine(DoctorRequest(prefix=tmp_path / "none"))
    assert caught.value.lines()[2:] == [
        "  why:   there is no such folder",
        "  how:   name the folder of an environment",
    ]


def test_an_environment_may_be_named_from_inside_it(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter(WELL)
    home = tmp_path / "home"
    folder = home / ".local/share/jupyter/kernels/mine"
    folder.mkdir(parents=True)
    kernel = {"argv": ["/nowhere/python", "-m", "ipykernel_launcher"], "display_name": tmp_path.name}
    (folder / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    answers = {answer.question: answer for answer in examine(DoctorRequest(prefix=Path(), cpu=True)).answers}
    assert answers["jupyter-kernel"].detail == "the kernel `mine` starts a Python that is not there"


def test_one_environment_at_most_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="several environments are named"):
        examine(DoctorRequest(prefix=tmp_path, name="mine"))


def test_a_python_beside_its_environment_is_taken_for_one_of_windows(tmp_path: Path) -> None:
    folder = tmp_path / "share/jupyter/kernels/mine"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text('{"argv": ["/nowhere/python", "-m", "ipykernel_launcher"]}')
    python = tmp_path / "python.exe"
    python.write_text(f"#!{sys.executable}\n{ANSWERING}{WELL}")
    python.chmod(0o755)
    answers = {answer.question: answer for answer in examine(request(python)).answers}
    assert answers["jupyter-kernel"].detail == "the kernel `mine` starts a Python that is not there"
