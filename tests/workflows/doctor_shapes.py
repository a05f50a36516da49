"""Readings in the shape that the sources give on machines with GPUs. None was taken from a GPU.

What the worker says where torch sees no GPU was seen with torch 2.0.1 for CUDA 11.7 and 2.6.0 for CUDA 12.4, on a
machine without a driver; the rest was made.

Names, compute capabilities and architecture lists are those of public logs and of the tables under `facts`; the times
are made up from data sheets so that their ratios are plausible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json
from reprocheck.workflows.doctor import judged
from reprocheck.workflows.doctoring.readings import Readings

CU118 = "sm_50 sm_60 sm_70 sm_75 sm_80 sm_86 sm_37 sm_90"
CU121 = "sm_50 sm_60 sm_70 sm_75 sm_80 sm_86 sm_90"
CU128 = "sm_75 sm_80 sm_86 sm_90 sm_100 sm_120 compute_120"
NO_GPU = unread("missing", "torch sees no GPU")
ABSENT = unread("missing", "no NVIDIA driver on this machine")
MODULE = unread("missing", "the nvidia module is not loaded")

# name, compute capability, times in nanoseconds of one product in fp32, fp16, bf16, tf32 and fp8
T4 = ("Tesla T4", "7.5", 18_000_000, 4_400_000, 40_000_000, 18_000_000, None)
V100 = ("Tesla V100-SXM2-16GB", "7.0", 9_700_000, 1_500_000, 14_000_000, 9_700_000, None)
A100 = ("NVIDIA A100-SXM4-40GB", "8.0", 7_400_000, 560_000, 560_000, 1_100_000, None)
A100_SLICE = ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "8.0", 52_000_000, 3_900_000, 3_900_000, 7_700_000, None)
H100 = ("NVIDIA H100 80GB HBM3", "9.0", 2_700_000, 200_000, 200_000, 370_000, 120_000)
RTX_4090 = ("NVIDIA GeForce RTX 4090", "8.9", 2_500_000, 850_000, 850_000, 1_700_000, 430_000)
RTX_3090 = ("NVIDIA GeForce RTX 3090", "8.6", 5_000_000, 2_000_000, 2_000_000, 4_700_000, None)
RTX_5090 = ("NVIDIA GeForce RTX 5090", "12.0", 2_100_000, 700_000, 700_000, 1_400_000, 350_000)
GTX_1080 = ("NVIDIA GeForce GTX 1080", "6.1", 19_000_000, 21_000_000, 60_000_000, 19_000_000, None)
GTX_1660 = ("NVIDIA GeForce GTX 1660 Ti", "7.5", 28_000_000, 25_000_000, 60_000_000, 28_000_000, None)
B200 = ("NVIDIA B200", "10.0", 2_000_000, 95_000, 95_000, 190_000, 60_000)

Shape = tuple[str, str, int, int, int, int, int | None]


def driver(gpu: Shape | None, version: str, cuda: str, count: int = 1, mig: str = "disabled") -> dict[str, Any]:
    """Return what `read_accelerators` tells of a machine with `count` GPUs of one kind."""
    device = {"vendor": "nvidia", "computeCapability": gpu[1], "mig": mig, "memoryBytes": 2**34} if gpu else {}
    named = {**device, "model": gpu[0].partition(" MIG")[0], "count": count} if gpu else {}
    return {
        "driver": {"version": version, "cudaUserMax": cuda, "kernelModule": version},
        "accelerators": [named] if gpu else [],
    }


NO_DRIVER: dict[str, Any] = {
    "driver": {"version": ABSENT, "cudaUserMax": ABSENT, "kernelModule": MODULE},
    "accelerators": [],
}


def torch(version: str, cuda: str, archs: str) -> Mapping[str, Json]:
    return {
        "python": "3.11.9",
        "system": "linux",
        "machine": "x86_64",
        "version": version,
        "cuda": cuda,
        "hip": "unset",
        "architectures": archs.split() or unread("missing", "a build without GPU code"),
    }


CPU_TORCH = torch("2.5.1+cpu", "unset", "")
TORCH_CU118 = torch("2.5.1+cu118", "11.8", CU118)
TORCH_CU121 = torch("2.5.1+cu121", "12.1", CU121)
TORCH_CU128 = torch("2.7.0+cu128", "12.8", CU128)
SCALER: dict[str, Json] = {"device": "cuda", "stepped": True, "skipped": True, "halved": True}
DDP: dict[str, Json] = {"backend": "gloo", "gpus": 1, "right": True}


def seen(gpu: Shape, count: int = 1) -> dict[str, Json]:
    device: Json = {"name": gpu[0], "computeCapability": gpu[1]}
    return {"available": True, "count": count, "devices": [device] * count, "said": ""}


def speeds(gpu: Shape) -> dict[str, Json]:
    times = dict(zip(("fp16", "bf16", "tf32", "fp8"), gpu[3:], strict=True))
    shape: dict[str, Json] = {"fp32Ns": gpu[2], "side": 4096, "rounds": 12}
    told: dict[str, Json] = {name: {**shape, "ns": ns} for name, ns in times.items() if ns is not None}
    told["bf16"] = {**shape, "ns": gpu[4], "claimed": True}
    if gpu[6] is None:
        detail = (
            "RuntimeError: torch._scaled_mm is only supported on CUDA devices with compute capability >= 9.0 or 8.9"
        )
        told["fp8"] = unread("raises", detail)
    return told


def working(gpu: Shape, loaded: Mapping[str, Json], cudnn: int = 90100, count: int = 1) -> dict[str, Json]:
    """Return what the worker says where all works."""
    built = [cudnn // 10_000, cudnn % 10_000 // 100, cudnn % 100]
    return {
        "torch": loaded,
        "gpu-seen": seen(gpu, count),
        "gpu-kernels": ["ok"] * count,
        "cudnn": {"loaded": cudnn, "built": built, "tried": "ok"},
        "nccl": {"built": "2.21.5", "loaded": "2.21.5", "tried": "ok"},
        **speeds(gpu),
        "grad-scaler": SCALER,
        "openmp": {"families": ["libgomp"], "numpy": "loaded"},
        "ddp": {**DDP, "gpus": count},
    }


def blind(loaded: Mapping[str, Json], said: str = "") -> dict[str, Json]:
    """Return what the worker says where torch sees no GPU."""
    unseen: Json = {"available": False, "count": 0, "devices": [], "said": said}
    return {
        "torch": loaded,
        "gpu-seen": unseen,
        **dict.fromkeys(("gpu-kernels", "fp16", "bf16", "tf32", "fp8"), NO_GPU),
        "cudnn": {"loaded": 90100, "built": [9, 1, 0], "tried": unread("missing", "no GPU to try it on")},
        "nccl": {"built": "2.21.5", "loaded": "2.21.5", "tried": unread("missing", "no GPU")},
        "grad-scaler": {**SCALER, "device": "cpu"},
        "openmp": {"families": ["libgomp"], "numpy": unread("missing", "numpy is not installed")},
        "ddp": {**DDP, "gpus": 0},
    }


ROOM: Json = {
    "disk": {"here": 80 * 2**30, "temporary": 80 * 2**30},
    "sharedMemory": {"free": 2**33, "size": 2**33},
    "openFiles": {"limit": 65536},
}


def readings(answers: Mapping[str, Json], machine: Mapping[str, Any] = NO_DRIVER, **more: Any) -> Readings:
    return Readings(**{"answers": answers, "room": ROOM, **machine, **more})


def answer(question: str, told: Readings) -> Answer:
    """Return the answer to one question."""
    return judged(told, (question,))[0]


def said(question: str, told: Readings) -> tuple[str, str, str]:
    """Return status, detail and fix of the answer to one question."""
    found = answer(question, told)
    return found.status, found.detail, found.fix
