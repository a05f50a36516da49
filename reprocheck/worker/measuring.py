"""The job `measure`: everything that a machine computes, part by part, device by device, in one process.

What is begun is said before it is tried, so that the launcher knows behind what a process hung or died; it starts a new
one with the names of all that was begun in `skip`, as `device:kind:name`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from .lines import Emit
from .readings import describe_error, load, unread

# What a line that begins something calls it.
KINDS = ("family", "part", "tree")


def measure(job: Dict[str, Any], emit: Emit) -> None:
    """Do `job["parts"]` (probe, arithmetic, trees) on `job["devices"]`, by default on the CPU and on CUDA if it is."""
    torch, failure = load("torch")
    if failure:
        emit({"source": "torch", **failure})
        return
    for device in job.get("devices") or devices_of(torch):
        for part in job["parts"]:
            _part(part, {**job, "device": device}, _marked(emit, device))


def devices_of(torch: Any) -> List[str]:
    """Return the kinds of devices that torch sees."""
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _marked(emit: Emit, device: str) -> Emit:
    return lambda line: emit({**line, "device": device})


def _part(part: str, job: Dict[str, Any], emit: Emit) -> None:
    beginning = "{}:{}:".format(job["device"], {"probe": "family", "trees": "tree", "arithmetic": "part"}[part])
    skip = [key[len(beginning) :] for key in job.get("skip") or [] if key.startswith(beginning)]
    try:
        _job_of(part)({**job, "skip": skip}, emit)
    except Exception as error:  # a part that breaks must not cost the others
        emit({"source": part, **unread("error", describe_error(error))})


def _job_of(part: str) -> Callable[[Dict[str, Any], Emit], None]:
    from .jobs import JOBS

    return JOBS[part]
