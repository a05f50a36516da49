"""The driver, and whether it runs the CUDA that torch was built for.

Sources: the tables behind `facts/cuda_drivers.py`; NVIDIA CUDA Driver API, CUresult, for what a driver refuses with.
"""

from __future__ import annotations

from reprocheck.facts.cuda_drivers import (
    FIRST_MAJOR_WITH_MINOR_COMPATIBILITY,
    is_older,
    newest_cuda,
    newest_runnable,
    oldest_driver,
)
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.workflows.doctoring.readings import (
    NO_GPU,
    PATIENT_STATUSES,
    Readings,
    Torch,
    driver_gpus,
    hindrance,
    reason,
    text_at,
    torch_gpus,
    torch_of,
    unknown,
)

DRIVER, RUNTIME = "driver", "cuda-runtime"

_HUNG = "look into `dmesg` for an `Xid` error; a driver that hangs takes a restart, one that is slow `--timeout 60`"
_NO_DRIVER = "install the driver, start the container with its GPUs (`--gpus all`), or ask about the CPU only: `--cpu`"
_BY_HAND = "run `nvidia-smi` to see what the driver says"
_REMEDIES = {
    "mismatch": "restart the machine: the driver was updated under a running kernel module",
    "not-ready": "start the fabric manager of the driver's own release: `systemctl start nvidia-fabricmanager`",
    "stub": "take the toolkit's `stubs` folder out of `LD_LIBRARY_PATH`",
    "compat": "take the folder of cuda-compat out of `LD_LIBRARY_PATH`",
    "unknown": "load the module `nvidia-uvm`, or restart the machine",
}


def judge_driver(readings: Readings) -> Answer:
    """Say whether NVIDIA's driver answers."""
    version, module = text_at(readings.driver, "version"), text_at(readings.driver, "kernelModule")
    refused = next((found for found in readings.refusals if found[0] in _REMEDIES), None)
    if refused:
        return Answer(question=DRIVER, status="not", detail=refused[1], fix=_REMEDIES[refused[0]])
    if not version:
        return _without_driver(readings)
    if module and module != version:
        said = f"the kernel module is of release {module}, the libraries are of {version}"
        return Answer(question=DRIVER, status="not", detail=said, fix=_REMEDIES["mismatch"])
    brings = brought_cuda(readings)
    said = f"{version}, brings CUDA {dotted(brings)}" if brings else version
    measured = {"version": version, **({"cuda": dotted(brings)} if brings else {})}
    return Answer(question=DRIVER, status="ok", detail=said, measured=measured)


def _without_driver(readings: Readings) -> Answer:
    told, torch = value_at(readings.driver, "version"), torch_of(readings)
    status = unread_status(told)
    if status in PATIENT_STATUSES:
        return unknown(DRIVER, f"the driver gave {reason(told)}", _HUNG)
    if status not in ("missing", "denied"):
        return Answer(question=DRIVER, status="not", detail=reason(told), fix=_BY_HAND)
    if torch and torch.cuda:
        said = f"{reason(told)}, and {torch.said} is built for CUDA {dotted(torch.cuda)}"
        return Answer(question=DRIVER, status="not", detail=said, fix=_NO_DRIVER)
    return unknown(DRIVER, NO_GPU if readings.accelerators == [] else reason(told))


def brought_cuda(readings: Readings) -> Numbers:
    """Return the newest CUDA that the driver brings, by its own word, else by the table; () where nobody knows."""
    told = numbers(text_at(readings.driver, "cudaUserMax"))
    return told or newest_cuda(text_at(readings.driver, "version")) or ()


def judge_cuda_runtime(readings: Readings) -> Answer:
    """Say whether the driver runs the CUDA of torch."""
    torch = torch_of(readings)
    if torch is None:
        return unknown(RUNTIME, "torch could not be asked")
    if torch.hip:
        return unknown(RUNTIME, f"{torch.said} is built for ROCm {torch.hip}, and only NVIDIA's driver is asked here")
    if not torch.cuda:
        return _without_cuda(readings, torch)
    driver = text_at(readings.driver, "version")
    if not driver:
        return unknown(RUNTIME, f"CUDA {dotted(torch.cuda)} of torch, and no driver to compare it with")
    return _against_driver(readings, torch, driver)


def _without_cuda(readings: Readings, torch: Torch) -> Answer:
    gpus = driver_gpus(readings)
    if not gpus:
        return unknown(RUNTIME, f"{hindrance(readings)}; torch is built without CUDA")
    brings = brought_cuda(readings)
    said = f"{torch.said} is built without CUDA, and {gpus[0].name} is here"
    which = f"for CUDA {dotted(brings)} or older" if brings else "for CUDA"
    return Answer(question=RUNTIME, status="not", detail=said, fix=f"install a build of torch {which}")


def _against_driver(readings: Readings, torch: Torch, driver: str) -> Answer:
    cuda, brings = torch.cuda, brought_cuda(readings)
    floor = oldest_driver(cuda, windows=readings.is_windows)
    measured = {"cuda": dotted(cuda), "driver": driver}
    if (floor and is_older(driver, floor.driver)) or _is_of_older_major(cuda, brings, floor is None):
        if torch_gpus(readings):
            said = f"CUDA {dotted(cuda)} runs on driver {driver}, which is too old for it, by cuda-compat"
            return Answer(question=RUNTIME, status="ok", detail=said, measured=measured)
        takes = f"driver {floor.driver} or newer" if floor else "a newer driver"
        said = f"CUDA {dotted(cuda)} of torch takes {takes}, and here is {driver}"
        return Answer(question=RUNTIME, status="not", detail=said, fix=_newer_driver(readings, driver, takes))
    if floor is None and not brings:
        return unknown(RUNTIME, f"CUDA {dotted(cuda)} is newer than the table of drivers")
    said = f"CUDA {dotted(cuda)} of torch runs on driver {driver}{_limits(cuda, brings)}"
    return Answer(question=RUNTIME, status="ok", detail=said, measured=measured)


def _is_of_older_major(cuda: Numbers, brings: Numbers, is_newer_than_table: bool) -> bool:
    return is_newer_than_table and bool(brings) and brings[:1] < cuda[:1]


def _newer_driver(readings: Readings, driver: str, takes: str) -> str:
    runs = newest_runnable(driver, windows=readings.is_windows)
    other = (
        f", or install a build of torch for CUDA {dotted(runs)}{' or older' if len(runs) > 1 else ''}" if runs else ""
    )
    return f"install {takes}{other}"


def _limits(cuda: Numbers, brings: Numbers) -> str:
    """Return what minor-version compatibility leaves out, "" where the driver brings that CUDA or a newer one."""
    if not brings or cuda[:2] <= brings or cuda[0] < FIRST_MAJOR_WITH_MINOR_COMPATIBILITY:
        return ""
    return (
        f", which brings CUDA {dotted(brings)}, by minor-version compatibility: machine code runs, what is compiled "
        "on the way (PTX, Triton) may not"
    )
