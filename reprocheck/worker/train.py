"""The job `train`: run the reference workloads and tell every step of every rank.

One process serves all runs of one world size. Each run builds its model and data anew, draws no number from
torch's generators and uses no state of the run before it; tests hold that the bits do not depend on what ran earlier.
"""

from __future__ import annotations

from typing import Any, Dict

from .lines import Emit


def train(job: Dict[str, Any], emit: Emit) -> None:
    """Run `job["runs"]` in order; a run that this torch cannot do is told as unsupported, with the reason."""
    try:
        import torch
    except ImportError as error:
        emit({"kind": "no-torch", "reason": str(error)})
        return
    if job["device"] == "auto":
        job = {**job, "device": "cuda" if torch.cuda.is_available() else "cpu"}
    if job["device"] == "cuda" and not torch.cuda.is_available():
        emit({"kind": "no-device", "reason": "torch {} sees no CUDA device".format(torch.__version__)})
        return
    _run_all(job, emit)


def _run_all(job: Dict[str, Any], emit: Emit) -> None:
    from .placement import device_name, joined_ranks
    from .settings import settle

    emit({"kind": "settings", "device": device_name(job["device"]), **settle(job["threads"])})
    with joined_ranks(job["device"]) as place:
        for index, run in enumerate(job["runs"]):
            _run_one(run, place, _labelled(emit, index, place.rank))


def _labelled(emit: Emit, run: int, rank: int) -> Emit:
    return lambda line: emit({**line, "run": run, "rank": rank})


def _run_one(run: Dict[str, Any], place: Any, emit: Emit) -> None:
    from .precision import Unsupported
    from .run import perform

    try:
        perform(run, place, emit)
    except Unsupported as missing:
        emit({"kind": "unsupported", "reason": str(missing)})
