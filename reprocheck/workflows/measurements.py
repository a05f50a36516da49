"""Measure what a Python computes, for a record or against one."""

from __future__ import annotations

from pathlib import Path

from reprocheck.machine.worker_process import SLEEPING_THREADS, numeric_switches
from reprocheck.model.abridged_measurements import abridge
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.numerics.measuring import MeasureOptions, measure

DEADLINE_S = 300.0


def measure_as_recorded(python: Path, threads: int | None) -> NumericFingerprint:
    """Return abridged what `python` computes with so many threads, with those of its surroundings where it is None.

    Raises:
        InputError: `python` is no program.
    """
    switches = SLEEPING_THREADS if threads is None else numeric_switches(threads)
    return abridge(measure(MeasureOptions(python=python, switches=switches, deadline_s=DEADLINE_S)))
