"""cuDNN and NCCL: the library that is loaded, against the one that torch was built for, and how it worked."""

from __future__ import annotations

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.cudnn import first_for, oldest_gpu
from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import one_line, unread_status, value_at
from reprocheck.model.json_documents import Json, entries
from reprocheck.workflows.doctoring.readings import (
    NO_GPU,
    Readings,
    count_at,
    driver_gpus,
    hindrance,
    reason,
    text_at,
    torch_gpus,
    torch_of,
    unknown,
    unread_answer,
)

CUDNN, NCCL = "cudnn", "nccl"

_OWN_CUDNN = "install torch and its cuDNN together, and take folders with another cuDNN out of `LD_LIBRARY_PATH`"
_OWN_NCCL = "install torch and its NCCL together, and take folders with another NCCL out of `LD_LIBRARY_PATH`"
_NO_NCCL = "use the backend `gloo`, or run under Linux (WSL2 on Windows)"
_SHOW_NCCL = "run the training with `NCCL_DEBUG=INFO` to see what NCCL says"
_TRIALS = {CUDNN: ("a convolution", _OWN_CUDNN), NCCL: ("a sum over one process", _SHOW_NCCL)}
_CUDNN_9 = 90_000  # cuDNN counts 8907 for 8.9.7, and from 9 on 90100 for 9.1.0: cudnn_version.h


def judge_cudnn(readings: Readings) -> Answer:
    """Say whether the cuDNN that is loaded fits torch and the GPU, and computed a convolution."""
    told = readings.of(CUDNN)
    hindered = _without_library(CUDNN, readings, told)
    if hindered:
        return hindered
    loaded, built = value_at(told, "loaded"), numbers(".".join(map(str, entries(value_at(told, "built")))))
    if unread_status(loaded):
        return unread_answer(CUDNN, loaded, _OWN_CUDNN)
    code = count_at(told, "loaded")
    if code is None:
        return unknown(CUDNN, "this build of torch has no cuDNN")
    version = cudnn_version(code)
    if built and (version[0] != built[0] or version[:2] < built[:2]):
        said = f"{dotted(version)} is loaded, and torch was built for {dotted(built)}"
        return Answer(question=CUDNN, status="not", detail=said, fix=_OWN_CUDNN)
    measured: dict[str, Json] = {"loaded": dotted(version), **({"built": dotted(built)} if built else {})}
    tried = _tried(CUDNN, readings, f"{dotted(version)} is loaded", measured)
    return tried if tried.status == "ok" else _misfit(readings, version) or tried


def cudnn_version(code: int) -> Numbers:
    """Return the version that cuDNN counts as one number."""
    major, rest = divmod(code, 10_000 if code >= _CUDNN_9 else 1_000)
    return (major, rest // 100, rest % 100)


def _misfit(readings: Readings, version: Numbers) -> Answer | None:
    """Return that a GPU is too old or too new for a cuDNN."""
    oldest = oldest_gpu(version)
    for gpu in torch_gpus(readings) or driver_gpus(readings):
        mine = numbers(gpu.compute_capability or "")
        first = first_for(mine) if mine else None
        if mine and oldest and mine < oldest:
            said = (
                f"{dotted(version)} runs on compute capability {dotted(oldest)} or newer, {gpu.name} has {dotted(mine)}"
            )
            fix = f"install a build of torch with a cuDNN before {dotted(version[:2])}, for an older CUDA"
            return Answer(question=CUDNN, status="not", detail=said, fix=fix)
        if first and version < numbers(first):
            said = f"{dotted(version)} is older than {gpu.name}, for which cuDNN {first} is the first"
            return Answer(question=CUDNN, status="not", detail=said, fix="install a newer build of torch")
    return None


def judge_nccl(readings: Readings) -> Answer:
    """Say whether the NCCL that is loaded is that of torch, and summed a tensor."""
    told = readings.of(NCCL)
    hindered = _without_library(NCCL, readings, told)
    if hindered:
        return hindered
    built, loaded = text_at(told, "built"), text_at(told, "loaded")
    if numbers(loaded) and numbers(built) and numbers(loaded) < numbers(built):
        said = f"{loaded} is loaded, and torch was built with {built}"
        return Answer(question=NCCL, status="not", detail=said, fix=_OWN_NCCL)
    differs = f", torch was built with {built}" if numbers(loaded) and numbers(built) and loaded != built else ""
    version = loaded if numbers(loaded) else built
    if not numbers(version):
        return unread_answer(NCCL, value_at(told, "built"), _SHOW_NCCL)
    measured: dict[str, Json] = {name: told for name, told in (("loaded", loaded), ("built", built)) if told}
    return _tried(NCCL, readings, f"{one_line(version)} is loaded{differs}", measured)


def _without_library(question: str, readings: Readings, told: Json) -> Answer | None:
    """Return the answer where the library is not there, or nobody could ask."""
    torch = torch_of(readings)
    if torch is None or not (torch.cuda or torch.hip):
        return unknown(question, hindrance(readings) or NO_GPU)
    if torch.hip and question == CUDNN:
        return unknown(CUDNN, f"{torch.said} is built for ROCm {torch.hip}, which computes with MIOpen")
    if unread_status(told) == "missing" and question == NCCL:
        return Answer(question=NCCL, status="not", detail="this build of torch has no NCCL", fix=_NO_NCCL)
    if unread_status(told) or not isinstance(told, dict):
        return unread_answer(question, told, _TRIALS[question][1])
    return None


def _tried(question: str, readings: Readings, loaded: str, measured: dict[str, Json]) -> Answer:
    """Return how it went when the library was put to work."""
    result, hindered = value_at(readings.of(question), "tried"), hindrance(readings)
    what, fix = _TRIALS[question]
    if result == "ok":
        return Answer(question=question, status="ok", detail=f"{loaded}, {what} came out right", measured=measured)
    if hindered or unread_status(result) == "missing":
        return unknown(question, f"{loaded}; {hindered or 'no GPU to try it on'}")
    why = reason(result) if unread_status(result) else one_line(str(result))
    return Answer(question=question, status="not", detail=f"{loaded}, {what} failed: {why}", fix=fix)
