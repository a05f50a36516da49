"""`fingerprint --probes`: describe the machine and, at the same time, measure what it computes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprocheck.background import Background
from reprocheck.facts.numeric_bugs import known_bugs
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, faults_of, numeric_parts
from reprocheck.numerics.measuring import MeasureOptions, is_whole, measure
from reprocheck.workflows.fingerprint import collect_fingerprint

CLEANING_S = 3.0  # a process group that is told to end is given a second


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """Which Python to probe, for how long at most, and whether the times that it took are to be kept."""

    python: Path | None
    timeout_s: float
    times: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A fingerprint with probes, what no healthy machine does, and whether all could be measured.

    `known` are the known bugs and traps of numerics that apply here: what, and what to do.
    """

    document: Mapping[str, Json]
    measured: NumericFingerprint
    faults: tuple[str, ...]
    known: tuple[tuple[str, str], ...]
    is_whole: bool


def collect_probes(request: ProbeRequest) -> Probed:
    """Return the fingerprint of this machine and of what it computes, as far as it could be measured.

    Raises:
        InputError: `python` is not a Python interpreter, or older than 3.9.
        UndecidedError: it did not even describe itself.
    """
    python = request.python or Path(sys.executable)
    require_interpreter(python)
    options = MeasureOptions(python=python, deadline_s=request.timeout_s)
    running = Background(lambda: measure(options))
    try:
        document = collect_fingerprint(python)
        measured = running.result()
    except BaseException:  # Ctrl-C: the workers end now, and their folders go with them
        options.stop.set()
        running.wait(CLEANING_S)
        raise
    return Probed(
        document={**document, **numeric_parts(measured, times=request.times)},
        measured=measured,
        faults=faults_of(measured),
        known=tuple((bug.what, bug.fix) for bug in known_bugs(document)),
        is_whole=is_whole(measured),
    )
