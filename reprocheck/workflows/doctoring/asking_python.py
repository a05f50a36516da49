"""Ask the audited Python: its torch question by question, and two processes that sum beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reprocheck.errors import ReprocheckError, UndecidedError
from reprocheck.machine.driver_questions import AcceleratorSources
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.machine.worker_process import JobOutcome, WorkerOptions, attempt_job, loopback_switches
from reprocheck.model.doctors import GPU_QUESTIONS, PRECISIONS
from reprocheck.model.fingerprints import one_line, unread, unread_status
from reprocheck.model.json_documents import Json
from reprocheck.workflows.doctoring.watch import Watch

WORKER_QUESTIONS = ("gpu-seen", "gpu-kernels", "cudnn", "nccl", *PRECISIONS, "grad-scaler", "openmp")
# Once torch is loaded, a question may take this part of the whole time: the questions behind it have to be asked, too.
PATIENCE = 0.4
LEAST_S = 1.0  # in less than that no interpreter starts and loads torch
KILLED = "exit-137"

_GPU_NAMES = frozenset(question.name for question in GPU_QUESTIONS)
_NOT_LOOKED = unread("missing", "torch could not look for a GPU")
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


def ask_python(sources: Sources, watch: Watch) -> Mapping[str, Json]:
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
    while watch.left_s >= LEAST_S and ("torch" not in answers or (left and not unread_status(answers["torch"]))):
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
            asks_gpu = False  # whatever is asked of that GPU would end in the same way
            answers |= dict.fromkeys(_GPU_NAMES.intersection(left), _NOT_LOOKED)
            left = [name for name in left if name not in _GPU_NAMES]
    return {**dict.fromkeys(("torch", *left), _TOO_LATE), **answers}


def _attempt(sources: Sources, job: Mapping[str, Json], watch: Watch) -> JobOutcome:
    """Run one job until it ends, hangs, or time is up."""
    options = WorkerOptions(
        switches={**loopback_switches(), **({} if sources.asks_gpu else {"CUDA_VISIBLE_DEVICES": ""})},
        deadline_s=watch.left_s,
        patience_s=watch.timeout_s * PATIENCE,
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
        return unread("timeout", f"no answer within {watch.timeout_s * PATIENCE:g} s")
    what = outcome.fault.what.replace("worker", "interpreter")
    if outcome.status.startswith("exit-") and outcome.status != KILLED:  # killed: by whom is not known
        return unread("error", one_line(f"{what}: {outcome.fault.why}"))
    return unread("unanswered", one_line(what))


def _ask_ddp(sources: Sources, watch: Watch) -> Json:
    outcome = _attempt(sources, {"job": "doctor-ddp", "gpu": sources.asks_gpu}, watch)
    return _answers(outcome).get("ddp", failure_of(outcome, watch))
