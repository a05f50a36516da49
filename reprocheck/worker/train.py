"""The jobs `train` and `replay`: run the reference workloads and tell every step of every rank, or their operations.

One process serves all runs of one world size. Each run builds its model and data anew, draws no number from
torch's generators and uses no state of the run before it; tests hold that the bits do not depend on what ran earlier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Sequence

from .lines import Emit
from .readings import describe_error

if TYPE_CHECKING:
    from .placement import Place

    Part = Callable[[Dict[str, Any], Place, Emit], None]


def train(job: Dict[str, Any], emit: Emit) -> None:
    """Run `job["runs"]` in order; a run that this torch cannot do is told as unsupported, with the reason.

    With `job["replay"]` their operations follow, see `operations.job`.
    """
    _begin(job, emit, (_train_all, _replay_all) if "replay" in job else (_train_all,))


def replay(job: Dict[str, Any], emit: Emit) -> None:
    """Trace `job["runs"]` and replay the operations of `job["replay"]`, without training."""
    _begin(job, emit, (_replay_all,))


def _begin(job: Dict[str, Any], emit: Emit, parts: Sequence[Part]) -> None:
    try:
        import torch
    except ImportError as error:
        emit({"kind": "no-torch", "reason": describe_error(error)})
        return
    if job["device"] == "auto":
        job = {**job, "device": "cuda" if torch.cuda.is_available() else "cpu"}
    if job["device"] == "cuda" and not torch.cuda.is_available():
        emit({"kind": "no-device", "reason": "torch {} sees no CUDA device".format(torch.__version__)})
        return
    _do_all(job, emit, parts)


def _do_all(job: Dict[str, Any], emit: Emit, parts: Sequence[Part]) -> None:
    from .placement import device_name, joined_ranks
    from .settings import settle

    emit({"kind": "settings", "device": device_name(job["device"]), **settle(job["threads"])})
    if job.get("apply"):
        import torch

        from .switches.applied import apply

        apply(torch, job["apply"])
    with joined_ranks(job["device"]) as place:
        for part in parts:
            part(job, place, emit)


def _train_all(job: Dict[str, Any], place: Place, emit: Emit) -> None:
    for index, run in enumerate(job["runs"]):
        _run_one(run, place, _labelled(emit, index, place.rank))


def _replay_all(job: Dict[str, Any], place: Place, emit: Emit) -> None:
    from .operations.job import tell_operations

    # A sketch is no part of training.
    tell_operations({**job, "runs": [{**run, "sketch": False} for run in job["runs"]]}, place, emit)


def _labelled(emit: Emit, run: int, rank: int) -> Emit:
    return lambda line: emit({**line, "run": run, "rank": rank})


def _run_one(run: Dict[str, Any], place: Place, emit: Emit) -> None:
    from .precision import Unsupported
    from .run import perform

    try:
        perform(run, place, emit)
        if run.get("times"):
            from .timing import timed

            emit({"kind": "timed", **timed(run, place)})
    except Unsupported as missing:
        emit({"kind": "unsupported", "reason": str(missing)})
