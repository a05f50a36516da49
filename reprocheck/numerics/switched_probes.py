"""Run probes in new processes under settings of switches, a few processes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Generic, TypeVar

from reprocheck.background import Background
from reprocheck.machine.worker_process import SLEEPING_THREADS, JobOutcome, WorkerOptions, attempt_job
from reprocheck.model.fingerprints import one_line
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import Probe, probe_from
from reprocheck.numerics.switch_settings import Setting, applied_of, environment_of

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 2  # loading torch takes a core for a second or two
PROCESS_DEADLINE_S = 120.0
PATIENCE_S = 30.0
TIDY_S = 2.0

Key = tuple[str, str]  # the name of a probe and its device


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and which probes are run: all that `only` names, empty for all, on `devices`, but no family of `skip`.

    `environment` are more variables than those of switches; `stop` ends it early.
    """

    python: Path
    devices: tuple[str, ...] = ("cpu",)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    repeats: int = 1
    deadline_s: float = PROCESS_DEADLINE_S
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """What the probes gave under some settings; `fault` says how the process ended where it did not end well."""

    settings: tuple[Setting, ...]
    probes: Mapping[Key, Probe]
    times_ns: Mapping[Key, int]
    fault: str = ""

    def digest(self, key: Key) -> str:
        """Return the digest of a probe; "" where it has none, and where it did not repeat itself."""
        probe = self.probes.get(key)
        return probe.digest if probe and not probe.differing else ""


def probe_under(bench: Bench, settings: Sequence[Setting]) -> Switched:
    """Run the probes in one process under `settings`; what was told before a crash or the deadline is kept.

    Raises:
        InputError: the Python is no program.
        UndecidedError: there is no room for a process.
    """
    outcome = attempt_job(bench.python, _job(bench, settings), _options(bench, settings))
    lines = [line for line in outcome.lines if "digest" in line or ("probe" in line and "status" in line)]
    probes = [probe_from(line) for line in lines]
    return Switched(
        settings=tuple(settings),
        probes={probe.key: probe for probe in probes},
        times_ns={
            probe.key: ns for probe, line in zip(probes, lines, strict=True) if isinstance(ns := line.get("ns"), int)
        },
        fault=_fault(outcome),
    )


def _job(bench: Bench, settings: Sequence[Setting]) -> Mapping[str, Json]:
    return {
        "job": "measure",
        "parts": ["probe"],
        "devices": bench.devices,
        "only": bench.only,
        "skip": [f"{device}:family:{family}" for device in bench.devices for family in bench.skip],
        "repeats": bench.repeats,
        "apply": applied_of(settings),
    }


def _options(bench: Bench, settings: Sequence[Setting]) -> WorkerOptions:
    return WorkerOptions(
        switches={**SLEEPING_THREADS, **environment_of(settings)},
        deadline_s=bench.deadline_s,
        patience_s=PATIENCE_S,
        stop=bench.stop,
    )


def _fault(outcome: JobOutcome) -> str:
    broken = next((line for line in outcome.lines if "source" in line), None)
    if outcome.fault is None:
        return "" if broken is None else one_line(f"{broken.get('source')}: {broken.get('detail', broken['status'])}")
    begun = [line for line in outcome.lines if line.get("state") == "begin"]
    where = f" at the family {begun[-1]['family']}" if begun else ""
    return one_line(f"{outcome.fault.what}{where}")


class Together(Generic[T, R]):
    """Work on many tasks, some at a time; the results come in the order of the tasks."""

    def __init__(self, work: Callable[[T], R], stop: Event, at_once: int = AT_ONCE) -> None:
        self._work = work
        self._stop = stop
        self._at_once = at_once

    def results(self, tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task; what still runs is stopped, and awaited, when the caller goes away."""
        begun: list[Background[R]] = []
        try:
            for index in range(len(tasks)):
                while len(begun) < min(len(tasks), index + self._at_once):
                    begun.append(self._begin(tasks[len(begun)]))
                yield begun[index].result()
        except BaseException:
            self._stop.set()
            for work in begun:
                work.wait(TIDY_S)
            raise

    def _begin(self, task: T) -> Background[R]:
        return Background(lambda: self._work(task))
