"""What mixed precision brings on this GPU: native, emulated or absent by the table, and how fast by the clock."""

from __future__ import annotations

import re

from reprocheck.facts.cuda_versions import numbers
from reprocheck.facts.gpu_precision import lacking
from reprocheck.facts.tables import Row, text
from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import Gpu
from reprocheck.workflows.doctoring.readings import (
    MORE_TIME,
    PATIENT_STATUSES,
    Readings,
    count_at,
    hindrance,
    reason,
    torch_gpus,
    torch_of,
    unknown,
)

GAIN_PERMILLE = 1200  # below that the tensor cores do nothing: on every GPU that has them they are twice as fast

# They report 7.5 as others do that have tensor cores. Source: data sheets of the GPUs with a TU116 or TU117.
_WITHOUT_TENSOR_CORES = re.compile(r"\bGTX 16\d\d\b|\bT(?:400|500|550|600|1000|1200|2000)\b|\bMX[45]50\b")
_FULL_MEMORY = "OutOfMemoryError"
_LOOK = "look with `nvidia-smi` for another job on that GPU, a low power limit or low clocks"
_BY_HAND = "run the training in fp32, and look into `dmesg` for an `Xid` error of that GPU"


def judge_precision(name: str, readings: Readings) -> Answer:
    """Say whether the least able GPU computes a precision itself, and whether that pays."""
    torch, gpus, told = torch_of(readings), torch_gpus(readings), readings.of(name)
    hindered = hindrance(readings)
    if torch is None or hindered:
        return unknown(name, hindered)
    speed = speed_permille(told)
    gpu = min(gpus, key=lambda gpu: numbers(gpu.compute_capability or ""))
    if gpu.compute_capability is None:
        return unknown(name, f"what {gpu.name} has is not in the table{_as_fast(speed)}")
    shown = speed if gpu.compute_capability == gpus[0].compute_capability else None  # the first one was timed
    row = lacking(name, gpu.compute_capability)
    if row or (name == "fp16" and _WITHOUT_TENSOR_CORES.search(gpu.name)):
        return _not_native(name, gpu, row, told, shown)
    if speed is None:
        return _untimed(name, gpu, told)
    return _native(name, gpu, told, speed)


def speed_permille(told: Json) -> int | None:
    """Return how fast a precision is, in thousandths of the speed of fp32; None where it was not measured."""
    plain, tried = count_at(told, "fp32Ns"), count_at(told, "ns")
    return plain * 1000 // tried if plain and tried else None


def _as_fast(speed: int | None) -> str:
    return f", {_times(speed)} as fast as fp32" if speed is not None else ""


def _times(speed: int) -> str:
    """Return a ratio with one decimal, rounded half up."""
    tenths = (speed + 50) // 100
    return f"{tenths // 10}.{tenths % 10} times"


def _measured(told: Json, speed: int | None) -> dict[str, Json]:
    keys = ("fp32Ns", "ns", "side", "rounds")
    values = {key: count for key in keys if (count := count_at(told, key)) is not None}
    return {**values, **({"speedPermille": speed} if speed is not None else {})}


def _native(name: str, gpu: Gpu, told: Json, speed: int) -> Answer:
    measured = _measured(told, speed)
    said = f"native on {gpu.name}{_as_fast(speed)}"
    # On consumer GPUs the peak of TF32 is that of fp32: no gain is no fault there.
    if speed < GAIN_PERMILLE and name != "tf32":
        said = f"{said}: tensor cores are there, and something holds them back"
        return Answer(question=name, status="unknown", detail=said, fix=_LOOK, measured=measured)
    return Answer(question=name, status="ok", detail=said, measured=measured)


def _untimed(name: str, gpu: Gpu, told: Json) -> Answer:
    status, why = unread_status(told), reason(told)
    if status in PATIENT_STATUSES:
        return unknown(name, f"native on {gpu.name}, but the product gave {why}", MORE_TIME)
    if status == "raises" and _FULL_MEMORY in why:
        return unknown(name, f"native on {gpu.name}, but its memory is full", _LOOK)
    if status is None or status == "unanswered":
        return unknown(name, f"native on {gpu.name}, not measured: {why}")
    if status == "missing" or (status == "raises" and name == "fp8"):
        # The fp8 product of torch is private and changes; that it cannot be called says nothing of the GPU.
        return Answer(question=name, status="ok", detail=f"native on {gpu.name}, not measured: {why}")
    return Answer(question=name, status="not", detail=f"native on {gpu.name}, but it failed: {why}", fix=_BY_HAND)


def _not_native(name: str, gpu: Gpu, row: Row | None, told: Json, speed: int | None) -> Answer:
    where = f"{gpu.name} (compute capability {gpu.compute_capability})"
    said = {
        "fp16": f"{where} has no tensor cores: AMP saves memory there, but gains little or no time",
        "bf16": f"emulated on {where}{_claim(told)}",
        "tf32": f"absent on {where}: the switch does nothing, fp32 is computed in full",
        "fp8": f"absent on {where}",
    }[name]
    measured = _measured(told, speed)
    return Answer(
        question=name,
        status="not",
        detail=said + _as_fast(speed),
        fix=_instead(name, gpu, row),
        by_design=True,
        measured=measured,
    )


def _claim(told: Json) -> str:
    claims = value_at(told, "claimed") is True
    return ", though `torch.cuda.is_bf16_supported()` says True" if claims else ""


def _instead(name: str, gpu: Gpu, row: Row | None) -> str:
    """Return what this GPU does well in the place of a precision."""
    if name == "tf32" and row:
        return f"compare runs in {text(row, 'instead')}"
    capability = gpu.compute_capability or ""
    if _WITHOUT_TENSOR_CORES.search(gpu.name) or lacking("fp16", capability):
        return "train in fp32, or on a GPU with tensor cores (compute capability 7.0 or newer)"
    return "use fp16 with a GradScaler, or fp32" if lacking("bf16", capability) else "use bf16"
