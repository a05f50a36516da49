"""The job `probe`: run fixed micro-operations and tell their bits.

Before each family a line `{"family": …, "state": "begin"}`, so that the launcher knows where a process hung or died;
then one line a probe, on disk as soon as it is known. An operation that this torch lacks is a status, not an error.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterable, List, Tuple

from .lines import Emit
from .readings import describe_error, load, unread

# What torch and CUDA say, in small letters (CUDA Runtime API, `cudaError`: after these a process can use no device).
LOST_DEVICE = (
    *("device-side assert", "unspecified launch failure", "illegal memory access", "illegal instruction"),
    *("misaligned address", "hardware stack error", "uncorrectable ecc error", "device not ready"),
    *("no cuda-capable device", "busy or unavailable", "device lost", "launch timed out", "invalid program counter"),
    *("global/shared address space", "uncorrectable nvlink error"),
)
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")
CROWD, CROWDED_RUNS = 4, 12
NOT_THERE = (
    *("not implemented for", "not supported", "unsupported", "only support", "does not support", "not available"),
    *("no kernel image", "no available kernel", "no viable backend", "status_arch_mismatch"),
    *("not compiled with", "requires compiling pytorch with"),
)
# What lacks an attribute: only torch may, anything else is a fault of ours.
OF_TORCH = ("module 'torch", "object 'torch", "'tensor' object", "'_opnamespace'", "unknown attribute")


def probe(job: Dict[str, Any], emit: Emit) -> None:
    """Emit a line for every probe that the job asks for.

    Keys of the job: `device`; `families` and `only`, names of probes, where absent or empty means all; `skip`,
    families; `repeats`; `apply`, switches that are set in process.
    """
    torch, failure = load("torch")
    if failure:
        emit({"probe": "torch", **failure})
        return
    device = torch.device(job["device"])
    if device.type == "cuda" and not torch.cuda.is_available():
        emit({"probe": "cuda", "device": "cuda", **unread("missing", "torch sees no CUDA device")})
        return
    from .probes.registry import FAMILIES
    from .settled import settled_torch

    with settled_torch(torch, job.get("apply")):
        tell_families(FAMILIES, device, job, emit)


def tell_families(families: Iterable[Any], device: Any, job: Dict[str, Any], emit: Emit) -> None:
    """Emit the lines of those of `families` that the job asks for; a device that is lost is not called again."""
    wanted, only, skip = job.get("families") or [], set(job.get("only") or []), set(job.get("skip") or [])
    lost: Dict[str, str] = {}
    for family in families:
        if family.FAMILY in skip or (wanted and family.FAMILY not in wanted):
            continue
        chosen = [item for item in family.probes() if device.type in item.devices and (not only or item.name in only)]
        if chosen:
            emit({"family": family.FAMILY, "state": "begin"})
        for item in chosen:
            line = {**_head(item, device), **lost} if lost else measured(item, device, job.get("repeats", 2))
            if line.get("status") == "lost-device":
                lost = {"status": line["status"], "detail": line["detail"]}
            emit(line)


def measured(item: Any, device: Any, repeats: int) -> Dict[str, Any]:
    """Run one probe and return its line."""
    try:
        return {**_head(item, device), **_bits(item, device, repeats)}
    except Exception as error:  # an operation may raise anything, and the others are still to be run
        failure = failure_of(error)
    if failure["status"] == "out-of-memory" and device.type == "cuda":
        import torch

        torch.cuda.empty_cache()  # so that the next one has room
    return {**_head(item, device), **failure}


def _head(item: Any, device: Any) -> Dict[str, Any]:
    return {
        "probe": item.name,
        "family": item.family,
        "operation": item.operation,
        "dtype": item.dtype,
        "device": device.type,
    }


def _bits(item: Any, device: Any, repeats: int) -> Dict[str, Any]:
    from .bit_digests import bits_digest, coarse_digest, first_values
    from .probes.probe import Bench, as_list

    case = item.make(Bench(device, item.dtype))
    digests: List[str] = []
    times: List[int] = []
    for turn in range(repeats):
        begin = time.perf_counter_ns()
        outputs = as_list(case.run())
        _finish(device)
        times.append(time.perf_counter_ns() - begin)
        digests.append(bits_digest(outputs))
        if turn == 0:
            kept = outputs
            seen = {"first": first_values(kept), "coarse": coarse_digest(kept, case.scale)}
    if case.races and device.type == "cpu":
        digests += _crowded(case)
    return {
        **seen,
        "shape": list(kept[0].shape),
        "digest": digests[0],
        "ns": min(times),
        "repeats": len(digests),
        "differing": sum(digest != digests[0] for digest in digests),
    }


def _crowded(case: Any) -> List[str]:
    """Return the digests of runs that are in each other's way: four threads at once, each with threads of its own.

    Of 50 fingerprints 24 saw a racing operation give the same bits three times, and not those that the others saw;
    crowded, it showed in each of 8 processes.
    """
    from .bit_digests import bits_digest
    from .probes.probe import as_list

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(lambda _: bits_digest(as_list(case.run())), range(CROWDED_RUNS)))


def _finish(device: Any) -> None:
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)


def failure_of(error: BaseException) -> Dict[str, str]:
    """Return the status of an operation that raised."""
    text = str(error).lower()

    def says(phrases: Tuple[str, ...]) -> bool:
        return any(phrase in text for phrase in phrases)

    if isinstance(error, MemoryError) or says(NO_MEMORY):
        return unread("out-of-memory", describe_error(error))
    if says(LOST_DEVICE):
        return unread("lost-device", describe_error(error))
    is_lacking = isinstance(error, NotImplementedError) or (isinstance(error, AttributeError) and says(OF_TORCH))
    if is_lacking or says(NOT_THERE):
        return unread("unsupported", describe_error(error))
    return unread("raises", describe_error(error))
