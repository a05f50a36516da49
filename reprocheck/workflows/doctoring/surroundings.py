"""What stands around a training: the Jupyter kernel, room on disk and in shared memory, files that may be open."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.prefixes import Kernel
from reprocheck.workflows.doctoring.readings import Readings, count_at, unread_answer

GIBIBYTE = 2**30
MEBIBYTE = 2**20
# One checkpoint of 400 million parameters with the state of Adam, 12 bytes a parameter.
LEAST_DISK_BYTES = 5 * GIBIBYTE
# Four workers with two batches each of 64 pictures of 3 x 224 x 224 floats are 294 MiB; Docker's default is 64 MiB.
LEAST_SHARED_MEMORY_BYTES = 512 * MEBIBYTE
# Loaders hold a file for each tensor on its way; 1024 is what Linux distributions give, 256 what macOS does.
LEAST_OPEN_FILES = 1024

_REGISTER = "register it anew with that environment's Python: `python -m ipykernel install --sys-prefix --name {}`"
_LOOK = "look at that file system by hand"


def judge_jupyter_kernel(readings: Readings) -> Answer:
    """Say whether the Jupyter kernels of this environment start its own Python."""
    question, kernels = "jupyter-kernel", readings.kernels
    if isinstance(kernels, Mapping):
        return unread_answer(question, kernels, _LOOK)
    astray = [kernel for kernel in kernels if kernel.starts in ("other", "missing")]
    if astray:
        first = astray[0]
        what = "a Python that is not there" if first.starts == "missing" else "another Python"
        more = f", as {len(astray) - 1} more do" if len(astray) > 1 else ""
        fix = _REGISTER.format(shlex.quote(first.name))
        said = f"the kernel `{first.name}` starts {what}{more}"
        return Answer(question=question, status="not", detail=said, fix=fix, measured=_kernel_counts(kernels))
    if not kernels:
        return Answer(question=question, status="ok", detail="no kernel is registered, so none starts another Python")
    unsure = [kernel.name for kernel in kernels if kernel.starts == "unknown"]
    if unsure:
        said = f"whose Python the kernel `{unsure[0]}` starts is not known"
        return Answer(question=question, status="unknown", detail=said, measured=_kernel_counts(kernels))
    names = ", ".join(f"`{kernel.name}`" for kernel in kernels)
    said = f"{names} start{'s' * (len(kernels) == 1)} this environment"
    return Answer(question=question, status="ok", detail=said, measured=_kernel_counts(kernels))


def _kernel_counts(kernels: tuple[Kernel, ...]) -> dict[str, Json]:
    starts = sorted({kernel.starts for kernel in kernels})
    return {start: sum(kernel.starts == start for kernel in kernels) for start in starts}


def judge_disk(readings: Readings) -> Answer:
    """Say whether a checkpoint finds room where we are and where temporary files go."""
    places = {"here": "here", "temporary": "for temporary files"}
    values = {name: value_at(readings.room, "disk", name) for name in places}
    unread = next((value for value in values.values() if unread_status(value)), None)
    if unread is not None:
        return unread_answer("disk", unread, _LOOK)
    free = {name: count_at(values, name) or 0 for name in places}
    measured: dict[str, Json] = {f"{name}Bytes": size for name, size in free.items()}
    said = ", ".join(f"{gibibytes(free[name])} free {words}" for name, words in places.items())
    if min(free.values()) >= LEAST_DISK_BYTES:
        return Answer(question="disk", status="ok", detail=said, measured=measured)
    fix = f"make room: one checkpoint of a middling model takes {gibibytes(LEAST_DISK_BYTES)}"
    if free["here"] >= LEAST_DISK_BYTES:
        fix = "set `TMPDIR` to a folder with more room"
    return Answer(question="disk", status="not", detail=said, fix=fix, measured=measured)


def judge_shared_memory(readings: Readings) -> Answer:
    """Say whether the workers of a data loader can hand their batches over."""
    question, told = "shared-memory", value_at(readings.room, "sharedMemory")
    if unread_status(told) == "missing":
        return Answer(question=question, status="ok", detail="no `/dev/shm` here, loaders do without it")
    if unread_status(told):
        return unread_answer(question, told, _LOOK)
    free, size = count_at(told, "free") or 0, count_at(told, "size") or 0
    measured: dict[str, Json] = {"freeBytes": free, "sizeBytes": size}
    said = f"{_size(free)} of {_size(size)} free in `/dev/shm`"
    if free >= LEAST_SHARED_MEMORY_BYTES:
        return Answer(question=question, status="ok", detail=said, measured=measured)
    fix = "remove what dead processes left in `/dev/shm`"
    if size < LEAST_SHARED_MEMORY_BYTES:
        fix = "start the container with `--shm-size=8g` or `--ipc=host`; till then `num_workers=0` in the loaders"
    said = f"{said}: the workers of a data loader die of it with a bus error"
    return Answer(question=question, status="not", detail=said, fix=fix, measured=measured)


def judge_open_files(readings: Readings) -> Answer:
    """Say whether a process may open as many files as data loaders take."""
    question, told = "open-files", value_at(readings.room, "openFiles")
    if unread_status(told) == "missing":
        return Answer(question=question, status="ok", detail="no limit here")
    limit = count_at(told, "limit")
    if limit is None:
        return unread_answer(question, told, _LOOK)
    measured: dict[str, Json] = {"limit": limit}
    if limit >= LEAST_OPEN_FILES:
        return Answer(question=question, status="ok", detail=f"a process may open {limit}", measured=measured)
    said = f"a process may open {limit}: a data loader fails with `Too many open files`"
    fix = "`ulimit -n 65536` before the training, or `torch.multiprocessing.set_sharing_strategy('file_system')`"
    return Answer(question=question, status="not", detail=said, fix=fix, measured=measured)


def _size(size_bytes: int) -> str:
    return gibibytes(size_bytes) if size_bytes >= GIBIBYTE else f"{size_bytes // MEBIBYTE} MiB"


def gibibytes(size_bytes: int) -> str:
    """Return a size in GiB, with one decimal below ten."""
    whole, rest = divmod(size_bytes, GIBIBYTE)
    return f"{whole} GiB" if whole >= 10 or not rest * 10 // GIBIBYTE else f"{whole}.{rest * 10 // GIBIBYTE} GiB"
