"""torch itself, the loss scale, two processes that sum, and the OpenMP runtimes that are loaded."""

from __future__ import annotations

from collections import Counter

from reprocheck.facts.cuda_versions import dotted
from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import one_line, unread_status, value_at
from reprocheck.model.json_documents import Json, entries
from reprocheck.workflows.doctoring.readings import (
    KERNELS_FAIL,
    Readings,
    count_at,
    hindrance,
    reason,
    text_at,
    torch_of,
    unknown,
    unread_answer,
)

_REINSTALL = "install torch anew in that environment; `python -c 'import torch'` there shows all it says"
_OTHER_PYTHON = "install torch there, or name the environment that has it: `--python`, `--prefix` or `-n`"
_ONE_SIDE = "take all packages that compute from conda, or all from PyPI; `reprocheck audit` names those that mix"
_REFUSING = ("libomp", "libiomp5")  # one family, which ends the process at the second copy: `OMP: Error #15`


def judge_torch(readings: Readings) -> Answer:
    """Say whether torch can be loaded."""
    told, torch = readings.of("torch"), torch_of(readings)
    if unread_status(told) == "missing":
        return Answer(question="torch", status="not", detail=reason(told), fix=_OTHER_PYTHON)
    if torch is None:
        return unread_answer("torch", told, _REINSTALL)
    built = f"for CUDA {dotted(torch.cuda)}" if torch.cuda else f"for ROCm {torch.hip}" if torch.hip else "without CUDA"
    python = f", Python {torch.python}" if torch.python else ""
    measured = {"version": torch.version, "python": torch.python}
    return Answer(question="torch", status="ok", detail=f"{torch.version}, built {built}{python}", measured=measured)


def judge_grad_scaler(readings: Readings) -> Answer:
    """Say whether a good step was taken, and an overflow skipped the next and halved the scale."""
    told = readings.of("grad-scaler")
    device = "GPU" if text_at(told, "device") == "cuda" else "CPU"
    if torch_of(readings) is None:
        return unknown("grad-scaler", "torch could not be asked")
    if unread_status(told):
        fails = unread_status(told) == "raises" and hindrance(readings) == KERNELS_FAIL
        return unknown("grad-scaler", KERNELS_FAIL) if fails else unread_answer("grad-scaler", told, _REINSTALL)
    duties = {
        "stepped": "a good step was not taken",
        "skipped": "an overflow did not skip the step",
        "halved": "an overflow did not halve the scale",
    }
    broken = [words for key, words in duties.items() if value_at(told, key) is not True]
    if broken:
        said = f"{', '.join(broken)} (on the {device})"
        return Answer(question="grad-scaler", status="not", detail=said, fix=_REINSTALL)
    said = f"steps, and an overflow skips the step and halves the scale (on the {device})"
    return Answer(question="grad-scaler", status="ok", detail=said)


def judge_ddp(readings: Readings) -> Answer:
    """Say whether two processes of this machine summed a tensor."""
    told = readings.of("ddp")
    fix = "look at what a firewall or container does to the loopback interface, and at `/dev/shm`"
    if unread_status(readings.of("torch")) in ("missing", "error"):
        return unknown("ddp", "torch could not be asked")
    if unread_status(told):
        return unread_answer("ddp", told, fix)
    backend, gpus = one_line(text_at(told, "backend")), count_at(told, "gpus") or 0
    if value_at(told, "right") is not True:
        said = f"the sum of two processes over {backend} is wrong"
        return Answer(question="ddp", status="not", detail=said, fix=fix)
    alone = " (NCCL needs two GPUs)" if gpus == 1 else ""
    said = f"two processes summed over {backend} {'on two GPUs' if backend == 'nccl' else 'on loopback'}{alone}"
    return Answer(question="ddp", status="ok", detail=said, measured={"backend": backend, "gpus": gpus})


def judge_openmp(readings: Readings) -> Answer:
    """Say whether runtimes that do not bear each other were loaded by torch and numpy."""
    told = readings.of("openmp")
    if torch_of(readings) is None:
        return unknown("openmp", "torch could not be asked")
    if unread_status(told):
        return unread_answer("openmp", told, _ONE_SIDE)
    counts = Counter(one_line(name) for name in entries(value_at(told, "families")) if isinstance(name, str))
    beside = "torch and numpy" if text_at(told, "numpy") == "loaded" else "torch"
    said = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in sorted(counts.items()))
    measured: dict[str, Json] = dict(sorted(counts.items()))
    clash = _clash(counts)
    if clash:
        detail = f"{beside} loaded {said}: {clash}"
        return Answer(question="openmp", status="not", detail=detail, fix=_ONE_SIDE, measured=measured)
    numpy = value_at(told, "numpy")
    if unread_status(numpy) not in (None, "missing"):
        return unknown("openmp", f"{said or 'no runtime'} with torch; numpy: {reason(numpy)}")
    loaded = f"{beside} loaded {said}" if said else f"{beside} loaded no OpenMP runtime of their own"
    return Answer(question="openmp", status="ok", detail=loaded, measured=measured)


def _clash(counts: Counter[str]) -> str:
    """Return why these runtimes do not go together; copies of libgomp, which nearly every set of wheels has, do."""
    refusing = sum(counts[name] for name in _REFUSING)
    if refusing > 1:
        return "a second runtime of that family ends the process (`OMP: Error #15`)"
    if refusing and counts["libgomp"]:
        return "they may hang together, and their threads compete for the same cores"
    if max(counts["libmkl_rt"], counts["libmkl_core"]) > 1:
        return "two copies of MKL, each with settings of its own"
    return ""
