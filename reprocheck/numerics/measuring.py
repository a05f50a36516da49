"""Measure what a machine computes: launch the worker, go on behind what hangs or crashes, and ask a second process.

A probe is repeated within the process and once more in a second one; what does not come again to the bit is counted,
and nothing that died takes with it what was measured before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from reprocheck.background import Background
from reprocheck.machine.worker_process import SLEEPING_THREADS, JobOutcome, WorkerOptions, attempt_job
from reprocheck.model.fingerprints import one_line, unread
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe, probe_from

Lines = tuple[Mapping[str, Json], ...]
Entry = Mapping[str, Json]

PARTS = ("arithmetic", "probe", "trees")
KINDS = ("family", "part", "tree")  # what a worker's line calls that which it begins
MOST_RESTARTS = 8
SHORTEST_S = 0.1
STOPPED = ("timeout", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOptions:
    """In which Python, on which devices (none: all that torch sees), which parts, and for how long.

    `switches` are environment variables and `apply` switches that are set in process, by id. `patience_s` is how long
    one family may be silent, and `deadline_s` how long all may take, restarts included; it ends early
    when another thread sets `stop`.
    """

    python: Path
    devices: tuple[str, ...] = ()
    parts: tuple[str, ...] = PARTS
    switches: Mapping[str, str] = field(default_factory=dict)
    apply: Mapping[str, Json] = field(default_factory=dict)
    repeats: int = 2
    deadline_s: float = 300.0
    patience_s: float = 60.0
    stop: Event = field(default_factory=Event)


def measure(options: MeasureOptions) -> NumericFingerprint:
    """Return all that could be measured; what could not has a status in `collection`.

    Raises:
        InputError: the Python is no program.
    """
    second = Background(lambda: _told(_probes_again(options)))
    told, broken = _told(options)
    again, broken_again = second.result()
    once, twice = _probes(told), _probes(again)
    return NumericFingerprint(
        probes=tuple(_compared(once, twice)),
        trees=_entries(told, "tree"),
        arithmetic=_entries(told, "arithmetic"),
        canary=_entries(told, "canary"),
        relations=_entries(told, "relation"),
        collection=(*broken, *_only_again(broken, broken_again), *_lost_again(once, twice)),
        times_ns=_times(told),
    )


def _only_again(broken: Sequence[Entry], again: Sequence[Entry]) -> Iterator[Entry]:
    """Yield what only the second process could not do: the same failure twice is told once."""
    told = {(entry["source"], entry["status"]) for entry in broken}
    for entry in again:
        if (entry["source"], entry["status"]) not in told:
            yield {**entry, "source": f"{entry['source']}, again"}


def _probes_again(options: MeasureOptions) -> MeasureOptions:
    return replace(options, parts=tuple(part for part in options.parts if part == "probe"), repeats=1)


def _told(options: MeasureOptions) -> tuple[Lines, tuple[Entry, ...]]:
    """Return what the worker told, and the status of what it was at when it hung or died."""
    lines: Lines = ()
    broken: list[Entry] = []
    end_s = time.monotonic() + options.deadline_s
    for _ in range(MOST_RESTARTS if options.parts else 0):
        outcome = attempt_job(options.python, _job(options, lines), _worker(options, end_s))
        lines = (*lines, *outcome.lines)
        if outcome.fault is None:
            return lines, (*broken, *_failures(lines))
        begun = [line for line in outcome.lines if line.get("state") == "begin"]
        broken.append({"source": _name(begun[-1]) if begun else ("the rest" if lines else "torch"), **_status(outcome)})
        if not begun or outcome.status in STOPPED:
            break
    return lines, (*broken, *_failures(lines))


def _job(options: MeasureOptions, lines: Lines) -> Mapping[str, Json]:
    return {
        "job": "measure",
        "devices": options.devices,
        "parts": options.parts,
        "apply": options.apply,
        "repeats": options.repeats,
        "skip": [_key(line) for line in lines if line.get("state") == "begin"],
    }


def _worker(options: MeasureOptions, end_s: float) -> WorkerOptions:
    return WorkerOptions(
        switches={**SLEEPING_THREADS, **options.switches},
        deadline_s=max(round(end_s - time.monotonic(), 1), SHORTEST_S),
        patience_s=options.patience_s,
        stop=options.stop,
    )


def _begun(line: Entry) -> tuple[str, str]:
    kind = next(kind for kind in KINDS if kind in line)
    return kind, str(line[kind])


def _key(line: Entry) -> str:
    return ":".join([str(line.get("device")), *_begun(line)])


def _name(line: Entry) -> str:
    """Return `family conv (cpu)`."""
    return f"{' '.join(_begun(line))} ({line.get('device')})"


def _status(outcome: JobOutcome) -> Entry:
    if outcome.fault is None:
        return unread("error")
    status = {"silent": "timeout"}.get(outcome.status, outcome.status)
    return unread(status, one_line(f"{outcome.fault.what}: {outcome.fault.why}"))


def _failures(lines: Lines) -> Iterator[Entry]:
    """Yield what the worker itself could not do: no torch, or a part that broke."""
    for line in lines:
        if "source" in line:
            yield {key: line[key] for key in ("source", "status", "detail") if key in line}


def _entries(lines: Lines, kind: str) -> tuple[Entry, ...]:
    """Return the lines of one kind without their times."""
    return tuple(
        {key: value for key, value in line.items() if key != "ns"}
        for line in lines
        if kind in line and line.get("state") != "begin"
    )


def _probes(lines: Lines) -> tuple[Probe, ...]:
    return tuple(probe_from(line) for line in lines if "probe" in line)


def _compared(once: Sequence[Probe], again: Sequence[Probe]) -> Iterator[Probe]:
    """Yield the probes with the runs of the second process counted; one that it lacks stays as it was."""
    others = {probe.key: probe for probe in again}
    for probe in once:
        other = others.get(probe.key)
        if other is None or probe.status or other.status:
            yield probe
            continue
        unlike = other.differing if other.digest == probe.digest else other.repeats
        yield replace(probe, repeats=probe.repeats + other.repeats, differing=probe.differing + unlike)


def _lost_again(once: Sequence[Probe], again: Sequence[Probe]) -> Iterator[Entry]:
    """Yield the probes that gave bits in the first process and could not be run in the second."""
    measured = {probe.key for probe in once if not probe.status}
    for probe in again:
        if probe.status and probe.key in measured:
            yield {"source": f"{probe.name} ({probe.device}), again", **unread(probe.status, probe.detail)}


def _times(lines: Lines) -> Mapping[str, int]:
    return {
        f"{line['probe']} ({line.get('device')})": ns
        for line in lines
        if "probe" in line and isinstance(ns := line.get("ns"), int)
    }


def is_whole(measured: NumericFingerprint) -> bool:
    """Say whether everything was measured that this torch can do."""
    lost = ("lost-device", "out-of-memory")
    entries = (*measured.trees, *measured.arithmetic, *measured.canary, *measured.relations)
    statuses = (*(probe.status for probe in measured.probes), *(entry.get("status") for entry in entries))
    return not measured.collection and not any(status in lost for status in statuses)
