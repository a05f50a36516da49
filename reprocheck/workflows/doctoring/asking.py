"""Ask every source of the doctor at once, and come back in time with what they said until then."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reprocheck.background import Background
from reprocheck.machine.accelerators import AcceleratorReading, asked_accelerators
from reprocheck.machine.capacities import read_capacities
from reprocheck.machine.conda_platform import conda_platform
from reprocheck.machine.system_files import home_folder
from reprocheck.model.doctors import GPU_QUESTIONS
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json
from reprocheck.model.prefixes import Kernel
from reprocheck.readers.prefixes.kernels import kernel_folders, read_kernels
from reprocheck.workflows.doctoring.asking_python import LEAST_S, Sources, ask_python
from reprocheck.workflows.doctoring.readings import Readings
from reprocheck.workflows.doctoring.watch import GRACE_S, Watch

ROOM_QUESTIONS = frozenset({"disk", "shared-memory", "open-files"})


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
            answers = ask_python(sources, watch)
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
    # A child that hangs in the kernel costs a grace more, and its status has to be here in time.
    deadline_s = max(sources.timeout_s - 2 * GRACE_S, LEAST_S)
    with asked_accelerators(replace(sources.accelerators, deadline_s=deadline_s)) as reading:
        yield watch.begin(reading)


def _kernels(root: Path) -> tuple[Kernel, ...] | Mapping[str, Json]:
    """Return the kernels of an environment, or the status of the first that cannot be read."""
    found = read_kernels(root, root.resolve().name, kernel_folders(os.environ, home_folder(), sys.platform))
    if found.faults:
        return unread("error", f"a `kernel.json` cannot be read: {found.faults[0].why}")
    return found.kernels


def needed_questions(names: Sequence[str]) -> frozenset[str]:
    """Return what has to be asked for some answers: whether torch sees a GPU decides many of them."""
    wanted = frozenset(names)
    return wanted | {"gpu-seen"} if wanted.intersection(question.name for question in GPU_QUESTIONS) else wanted
