"""Whether torch sees the GPUs that the driver tells of, and brings code that runs on them."""

from __future__ import annotations

from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.facts.gpu_arch import sm_name
from reprocheck.facts.torch_archs import Archs, Build, coverage, covering_wheel, shown
from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import one_line, unread_status
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import Gpu
from reprocheck.workflows.doctoring.driver import judge_cuda_runtime
from reprocheck.workflows.doctoring.readings import (
    NO_GPU,
    Readings,
    Torch,
    count_at,
    driver_gpus,
    hindrance,
    kernel_results,
    reason,
    text_at,
    torch_gpus,
    torch_of,
    unknown,
    unread_answer,
)

SEEN, KERNELS = "gpu-seen", "gpu-kernels"

_ASK_TORCH = "run `python -c 'import torch; torch.cuda.init()'` in that environment to see what CUDA says"
_UNHIDE = "unset `CUDA_VISIBLE_DEVICES`, or name a GPU in it"


def judge_gpu_seen(readings: Readings) -> Answer:
    """Say whether torch sees a GPU where the driver has one."""
    told, torch = readings.of(SEEN), torch_of(readings)
    if torch is None or unread_status(told):
        return unknown(SEEN, "torch could not be asked") if torch is None else unread_answer(SEEN, told, _ASK_TORCH)
    seen = torch_gpus(readings)
    if not seen:
        return _unseen(readings, torch, told)
    count = count_at(told, "count") or len(seen)
    names = ", ".join(dict.fromkeys(gpu.name for gpu in seen))
    said = f"{count} x {names}" if count > 1 else names
    measured: dict[str, Json] = {"count": count, "names": [gpu.name for gpu in seen]}
    choice = f" ({readings.hidden})" if readings.hidden else ""
    return Answer(question=SEEN, status="ok", detail=f"{said}{choice}", measured=measured)


def _unseen(readings: Readings, torch: Torch, told: Json) -> Answer:
    there = driver_gpus(readings)
    if not (torch.cuda or torch.hip):
        return unknown(SEEN, f"{torch.said} is built without CUDA" if there else NO_GPU)
    if not there:
        nothing = NO_GPU if readings.accelerators == [] else reason(readings.accelerators)
        return unknown(SEEN, readings.hidden or nothing)
    why, runtime = one_line(text_at(told, "said")).partition(". ")[0].rstrip("."), judge_cuda_runtime(readings)
    fix = runtime.fix if runtime.status == "not" else _ASK_TORCH
    if readings.hidden and runtime.status != "not":
        why, fix = readings.hidden, _UNHIDE
    said = f"torch does not see {there[0].name}{f': {why}' if why else ''}"
    return Answer(question=SEEN, status="not", detail=said, fix=fix)


def judge_gpu_kernels(readings: Readings) -> Answer:
    """Say whether torch brings code for each GPU; a kernel that ran there proves it."""
    torch, gpus = torch_of(readings), torch_gpus(readings) or driver_gpus(readings)
    if torch is None or not gpus or not (torch.cuda or torch.hip):
        return unknown(KERNELS, hindrance(readings) or NO_GPU)
    results = kernel_results(readings)
    wrong = next((number for number, result in enumerate(results) if result != "ok"), None)
    if wrong is not None and wrong < len(gpus):
        return _failed(readings, torch, gpus[wrong], results[wrong])
    missing = next((gpu for gpu in gpus if torch.archs and _coverage(torch.archs, gpu) == "none"), None)
    if missing and not results:
        said = f"{torch.said} holds {shown(torch.archs)}" if torch.archs else torch.said
        return Answer(
            question=KERNELS,
            status="not",
            detail=f"{said}: none of these runs on {_named(missing)}",
            fix=_covering(readings, torch, missing),
        )
    if not results:
        return unread_answer(KERNELS, readings.of(KERNELS), _ASK_TORCH)
    return _ran(torch, gpus)


def _coverage(archs: Archs, gpu: Gpu) -> str:
    return coverage(archs, numbers(gpu.compute_capability)) if gpu.compute_capability else "unknown"


def _named(gpu: Gpu) -> str:
    return f"{gpu.name} ({sm_name(gpu.compute_capability)})" if gpu.compute_capability else gpu.name


def _failed(readings: Readings, torch: Torch, gpu: Gpu, result: Json) -> Answer:
    told = reason(result) if unread_status(result) else one_line(str(result))
    if torch.archs and _coverage(torch.archs, gpu) in ("none", "tegra"):
        said = f"no kernel of {torch.said} runs on {_named(gpu)}: it holds {shown(torch.archs)}"
        return Answer(question=KERNELS, status="not", detail=said, fix=_covering(readings, torch, gpu))
    said = f"a kernel failed on {_named(gpu)}: {told}"
    return Answer(question=KERNELS, status="not", detail=said, fix="look into `dmesg` for an `Xid` error of that GPU")


def _covering(readings: Readings, torch: Torch, gpu: Gpu) -> str:
    """Return which build to take in the place of this one."""
    build = Build("wheel", numbers(torch.version), torch.cuda, readings.platform)
    found = covering_wheel(build, numbers(gpu.compute_capability or ""))
    if found:
        return f"install torch {found[0]} for CUDA {found[1]}, whose wheel holds kernels for that GPU"
    return "install a build of torch that holds kernels for that GPU"


def _ran(torch: Torch, gpus: tuple[Gpu, ...]) -> Answer:
    by_ptx = next((gpu for gpu in gpus if torch.archs and _coverage(torch.archs, gpu) == "ptx"), None)
    if by_ptx:
        said = f"a kernel ran on {_named(by_ptx)} from PTX alone: the driver compiles it, which takes minutes at first"
    else:
        said = f"a kernel ran on {', '.join(dict.fromkeys(map(_named, gpus)))}"
    listed: list[Json] = [f"sm_{sm}" for sm in torch.archs.sm] if torch.archs else []
    measured: dict[str, Json] = {"architectures": listed, "cuda": dotted(torch.cuda)}
    return Answer(question=KERNELS, status="ok", detail=said, measured=measured)
