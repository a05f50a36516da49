"""`fleet`: run the probes on every rank of a torchrun command, and say which ranks compute alike."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from reprocheck.errors import UndecidedError, UsageError
from reprocheck.machine.torchrun_process import attempt_torchrun
from reprocheck.machine.worker_process import JobOutcome, WorkerOptions
from reprocheck.model.fingerprints import one_line
from reprocheck.model.fleets import Fleet, RankAnswer
from reprocheck.model.json_documents import Json
from reprocheck.model.torchrun_commands import TorchrunCommand, parse_torchrun
from reprocheck.numerics.fleet_answers import answers_of, backend_of, first_failure, reason_alone, size_of
from reprocheck.numerics.fleet_groups import Job, compare_ranks

TIMEOUT_S = 300.0
SUMS = "all-ranks/"  # how the names of sums over all ranks begin
_NO_REASON = "the worker did not end"  # within its time: what torchrun said last is about its end


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """Which torchrun command, and what its ranks are to compute; no `families` means all of them."""

    words: tuple[str, ...]
    device: str = "auto"
    families: tuple[str, ...] = ()
    show_hosts: bool = False
    timeout_s: float = TIMEOUT_S


def examine_fleet(request: FleetRequest) -> Fleet:
    """Return what the ranks of the request's command computed, as far as they said.

    Raises:
        UsageError: that is no torchrun command, or no such family of operations.
        InputError: torchrun is not a program.
        UndecidedError: no rank said anything.
    """
    command = parse_torchrun(request.words, os.environ)
    job: dict[str, Json] = {
        "job": "fleet",
        "device": request.device,
        "families": request.families,
        "hosts": request.show_hosts,
    }
    outcome = attempt_torchrun(command, job, WorkerOptions(switches={}, deadline_s=request.timeout_s))
    answers = answers_of(outcome.lines)
    if outcome.fault and not answers:
        raise _nobody(outcome.fault)
    _require_families(request.families, answers)
    return compare_ranks(answers, _job(command, outcome, answers))


def _nobody(fault: UndecidedError) -> UndecidedError:
    return UndecidedError(
        "no rank said anything",
        where=fault.where,
        why=_by_torchrun(fault),
        how="see that the job itself starts, on every node; `-v` shows what torchrun said",
        detail=fault.detail,
    )


def _by_torchrun(fault: UndecidedError) -> str:
    why = "" if fault.what.startswith(_NO_REASON) else f": {fault.why}"
    return one_line(f"{fault.what}{why}".replace("the worker", "torchrun"))


def _require_families(wanted: Sequence[str], answers: Sequence[RankAnswer]) -> None:
    known = sorted({family for answer in answers for family in answer.families})
    unknown = [name for name in wanted if name not in known]
    if unknown and known:
        raise UsageError(
            f"no family of operations is called `{unknown[0]}`",
            where="--families",
            why=f"there are {', '.join(known)}",
            how="name one of them, or leave the option out to run all",
        )


def _job(command: TorchrunCommand, outcome: JobOutcome, answers: Sequence[RankAnswer]) -> Job:
    sums, sums_fault = _sums(outcome, answers)
    return Job(
        world_size=size_of(outcome.lines, "ranks"),
        nodes=size_of(outcome.lines, "nodes"),
        sums=sums,
        sums_fault=sums_fault,
        notes=tuple(_notes(command, answers)),
        fault=_fault(outcome),
    )


def _sums(outcome: JobOutcome, answers: Sequence[RankAnswer]) -> tuple[str, str]:
    """Return the backend that summed over all ranks, and why there is no such sum."""
    backend = backend_of(outcome.lines)
    if backend is None:
        reason = reason_alone(outcome.lines)
        return "", f"the ranks did not meet: {reason}" if reason else "the ranks did not meet"
    if not backend:
        return "", "" if len(answers) == 1 else "not all ranks came to sum"
    faults = sorted({answer.sums_fault for answer in answers if answer.sums_fault})
    if faults:
        return backend, faults[0]
    has_all = all(any(name.startswith(SUMS) for name in answer.values) for answer in answers)
    return backend, "" if has_all else f"the sum over {backend} did not come back"


def _fault(outcome: JobOutcome) -> str:
    """Return how the job ended, in words, where it did not end well."""
    if outcome.fault is None:
        return ""
    return first_failure(outcome.fault.detail) or _by_torchrun(outcome.fault)


def _notes(command: TorchrunCommand, answers: Sequence[RankAnswer]) -> Iterator[str]:
    if command.unseen:
        program = PurePath(command.unseen).name
        yield f"`{program}`, behind `--no-python`, was not run: what it sets for the ranks is not seen"
    idle = max((answer.gpus for answer in answers if answer.device == "cpu"), default=0)
    if idle:
        yield f"there are {idle} GPUs a node, fewer than ranks or not asked for: the CPUs were tried"
