"""Ask every source of the doctor at once, and come back in time with what they said until then."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from reprocheck.background import Background
from reprocheck.errors import ReprocheckError, UndecidedError
from reprocheck.machine.accelerators import AcceleratorReading, asked_accelerators
from reprocheck.machine.capacities import read_capacities
from reprocheck.machine.conda_platform import conda_platform
from reprocheck.machine.driver_questions import AcceleratorSources
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.machine.worker_process import JobOutcome, WorkerOptions, attempt_job
from reprocheck.model.doctors import GPU_QUESTIONS
from reprocheck.model.fingerprints import one_line, unread, unread_status
from reprocheck.model.json_documents import Json
from reprocheck.model.prefixes import Kernel
from reprocheck.readers.prefixes.kernels import kernel_folders, read_kernels
from reprocheck.workflows.doctoring.readings import Readings

T = TypeVar("T")

ROOM_QUESTIONS = frozenset({"disk", "shared-memory", "open-files"})
WORKER_QUESTIONS = ("gpu-seen", "gpu-kernels", "cudnn", "nccl", "fp16", "bf16", "tf32", "fp8", "grad-scaler", "openmp")
# Once torch is loaded, a question may take this part of the whole time: the questions behind it have to be asked, too.
PATIENCE = 0.4
LEAST_S = 1.0  # in less than that no interpreter starts and loads torch
GRACE_S = 1.0  # for what was stopped at the deadline to hand over what it has
TIDY_S = 0.5
KILLED = "exit-137"

_GPU_NAMES = frozenset(question.name for question in GPU_QUESTIONS)
_TOO_LATE = unread("timeout", "no time was left to ask")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Whom to ask, about which of the questions, and for how long in all."""

    python: Path
    is_given: bool
    root: Path
    questions: frozenset[str]
    timeout_s: float
    accelerators: AcceleratorSources = field(default_factory=AcceleratorSources)

    @property
    def asks_gpu(self) -> bool:
        """Say whether GPUs may be touched."""
        return bool(self.questions & _GPU_NAMES)


class Watch:
    """The time that is left until all must have been said, the work that goes on, and the bell that ends it."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.stop = Event()
        self._end_s = time.monotonic() + timeout_s
        self._begun: list[Background[Any]] = []

    @property
    def left_s(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(self._end_s - time.monotonic(), 0.0)

    @property
    def patience_s(self) -> float:
        """Return how long one question may take once torch is loaded."""
        return self.timeout_s * PATIENCE

    @property
    def too_late(self) -> Mapping[str, Json]:
        """Return the status of what did not come in time."""
        return unread("timeout", f"no answer within {self.timeout_s:g} s")

    def begin(self, work: Callable[[], T]) -> Background[T]:
        """Start some work beside us."""
        begun = Background(work)
        self._begun.append(begun)
        return begun

    def outcome(self, work: Background[T] | None, late: T) -> T:
        """Return what some work gave, or `late` where it is not over in time, or was not asked for."""
        last_s = self._end_s + GRACE_S - time.monotonic()
        return work.result() if work and work.wait(max(last_s, 0.0)) else late

    def ring(self) -> None:
        """End what still runs, and let it tidy up for a moment."""
        self.stop.set()
        last_s = time.monotonic() + TIDY_S
        for work in self._begun:
            work.wait(max(last_s - time.monotonic(), 0.0))


def gather(sources: Sources) -> Readings:
    """Return what all sources say within the time-out and a short grace.

    Raises:
        InputError: what was given as Python is none, or too old a one.
    """
    watch, wanted = Watch(sources.timeout_s), sources.questions
    try:
        with _asked_machine(sources, watch) as machine:
            room = watch.begin(lambda: read_capacities(Path())) if wanted & ROOM_QUESTIONS else None
            kernels = watch.begin(lambda: _kernels(sources.root)) if "jupyter-kernel" in wanted else None
            answers = _ask_python(sources, watch)
            reading = watch.outcome(machine, None)
            return Readings(
                driver=reading.driver if reading else {"version": watch.too_late, "cudaUserMax": watch.too_late},
                accelerators=reading.accelerators if reading else watch.too_late,
                answers=answers,
                refusals=reading.refusals if reading else (),
                hidden=reading.hidden if reading else "",
                kernels=watch.outcome(kernels, watch.too_late),
                room=watch.outcome(room, watch.too_late),
                platform=conda_platform(),
            )
    finally:
        watch.ring()


@contextlib.contextmanager
def _asked_machine(sources: Sources, watch: Watch) -> Iterator[Background[AcceleratorReading | None] | None]:
    """Ask the driver while the block runs; no child outlives it."""
    if not sources.asks_gpu:
        yield None
        return
    deadline_s = min(sources.accelerators.deadline_s, max(sources.timeout_s - GRACE_S, LEAST_S))
    with asked_accelerators(replace(sources.accelerators, deadline_s=deadline_s)) as reading:
        yield watch.begin(reading)


def _kernels(root: Path) -> tuple[Kernel, ...] | Mapping[str, Json]:
    """Return the kernels of an environment, or the status of the first that cannot be read."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` raises for a user without a home
    found = read_kernels(root, root.name, kernel_folders(os.environ, home, sys.platform))
    if found.faults:
        return unread("error", f"a `kernel.json` cannot be read: {found.faults[0].why}")
    return found.kernels


def _ask_python(sources: Sources, watch: Watch) -> Mapping[str, Json]:
    """Return the readings of the audited Python: its torch, and two processes that sum."""
    try:
        if sources.is_given:
            # Half of the time, for one that hangs even in the kernel costs a grace more.
            require_interpreter(sources.python, watch.left_s / 2)
    except UndecidedError:
        return _without_python(unread("timeout", f"the Python gave no answer within {watch.timeout_s / 2:g} s"))
    worker = watch.begin(lambda: ask_worker(sources, watch))
    ddp = watch.begin(lambda: _ask_ddp(sources, watch)) if "ddp" in sources.questions else None
    answers = watch.outcome(worker, _without_python(watch.too_late))
    return {**answers, "ddp": watch.outcome(ddp, watch.too_late)}


def _without_python(failure: Mapping[str, Json]) -> Mapping[str, Json]:
    return dict.fromkeys(("torch", "ddp", *WORKER_QUESTIONS), failure)


def ask_worker(sources: Sources, watch: Watch) -> Mapping[str, Json]:
    """Ask question by question; behind one that ended the interpreter, or hung, a new one is started."""
    answers: dict[str, Json] = {}
    left = [name for name in WORKER_QUESTIONS if name in sources.questions]
    asks_gpu = sources.asks_gpu
    while "torch" not in answers or (left and not unread_status(answers["torch"])):
        if watch.left_s < LEAST_S:
            break
        asked = ["torch", *left]
        outcome = _attempt(sources, {"job": "doctor", "gpu": asks_gpu, "questions": left}, watch)
        found = _answers(outcome)
        answers = {**found, **answers}
        silent = next((name for name in asked if name not in found), None)
        if silent is None or unread_status(answers.get("torch")):
            break
        answers.setdefault(silent, failure_of(outcome, watch))
        left = asked[asked.index(silent) + 1 :]
        if silent == "gpu-seen":
            # Whatever is asked of that GPU would end in the same way.
            asks_gpu = False
            answers |= {
                name: unread("missing", "torch could not look for a GPU") for name in left if name in _GPU_NAMES
            }
            left = [name for name in left if name not in _GPU_NAMES]
    return {**dict.fromkeys(("torch", *left), _TOO_LATE), **answers}


def _attempt(sources: Sources, job: Mapping[str, Json], watch: Watch) -> JobOutcome:
    """Run one job until it ends, hangs, or time is up."""
    options = WorkerOptions(
        switches={} if sources.asks_gpu else {"CUDA_VISIBLE_DEVICES": ""},
        deadline_s=watch.left_s,
        patience_s=watch.patience_s,
        stop=watch.stop,
    )
    try:
        return attempt_job(sources.python, job, options)
    except ReprocheckError as error:
        fault = UndecidedError(error.what, why=error.why)
        return JobOutcome(lines=(), status="error", fault=fault)


def _answers(outcome: JobOutcome) -> dict[str, Json]:
    return {str(line.get("question")): line.get("reading") for line in outcome.lines}


def failure_of(outcome: JobOutcome, watch: Watch) -> Mapping[str, Json]:
    """Return the status of a question that got no answer: a time-out, or that the interpreter ended over it."""
    if outcome.fault is None:
        return unread("unanswered", "the interpreter ended without an answer")
    if outcome.status in ("timeout", "stopped"):
        return watch.too_late
    if outcome.status == "silent":
        return unread("timeout", f"no answer within {watch.patience_s:g} s")
    what = outcome.fault.what.replace("worker", "interpreter")
    if outcome.status.startswith("exit-") and outcome.status != KILLED:  # killed: by whom is not known
        return unread("error", one_line(f"{what}: {outcome.fault.why}"))
    return unread("unanswered", one_line(what))


def _ask_ddp(sources: Sources, watch: Watch) -> Json:
    outcome = _attempt(sources, {"job": "doctor-ddp", "gpu": sources.asks_gpu}, watch)
    return _answers(outcome).get("ddp", failure_of(outcome, watch))


def needed_questions(names: Sequence[str]) -> frozenset[str]:
    """Return what has to be asked for some answers: whether torch sees a GPU decides many of them."""
    wanted = frozenset(names)
    return wanted | {"gpu-seen"} if wanted & _GPU_NAMES else wanted
