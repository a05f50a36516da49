"""The job `replay`, which `train` does too when it is asked: tell the operations of runs, and their digests.

A run is traced until two steps in a row, with an optimizer step in each, bring nothing new. For a record its last step
is traced too: what tensors hold grows and shrinks while a run learns. Then the first steps are taken again without the
trace: only a trace that left loss, scale and gradient norm as they are has seen the run.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List

import torch
from torch import distributed

from ..digests import Marker
from ..lines import Emit
from ..placement import Place
from ..precision import Unsupported
from ..readings import describe_error

QUIET_STEPS = 2
MOST_STEPS = 12
COMPARED = ("loss", "loss_scale", "gradient_norm", "skipped")
TRACED = "traced"


def tell_operations(job: Dict[str, Any], place: Place, emit: Emit) -> None:
    """Trace `job["runs"]`, then replay `job["replay"]`: a list of operations, or `traced` for those that were seen."""
    found: List[str] = []
    for index, run in enumerate(job["runs"]):
        told = _told(run, place, to_end=job["replay"] == TRACED)
        emit({"kind": TRACED, "run": index, "rank": place.rank, **told})
        found += told["operations"]
    wanted = job["replay"]
    texts = _those_of_first_rank(found, place) if wanted == TRACED else wanted
    if texts and not place.shortage:
        from .replaying import replayed

        emit({"kind": "replayed", "rank": place.rank, "outcomes": replayed(texts, place.device)})


def _told(run: Dict[str, Any], place: Place, *, to_end: bool) -> Dict[str, Any]:
    detail = place.shortage
    if not detail:
        try:
            return traced(run, place, to_end=to_end)
        except Unsupported as missing:
            detail = "not possible here: {}".format(missing)
        except Exception as error:  # whatever a run or an old torch raises, the other runs are still to be traced
            detail = describe_error(error)
    return {"operations": [], "steps": 0, "complete": False, "detail": detail}


def traced(run: Dict[str, Any], place: Place, *, to_end: bool) -> Dict[str, Any]:
    """Return the operations of the run, after how many steps, and whether a longer look would bring no more.

    With `to_end` the last step is looked at too, and must ask for none that is new.

    Raises:
        Unsupported: this torch cannot do the run.
        ImportError: this torch shows nobody its operations.
    """
    from .tracing import OperationTrace

    trace, quiet = OperationTrace(), 0
    shown: List[Dict[str, Any]] = []
    steps = _Steps(run, place)
    while quiet < QUIET_STEPS and len(shown) < min(run["steps"], MOST_STEPS):
        before = len(trace)
        with trace:
            shown.append(steps.take())
        quiet = quiet + 1 if len(trace) == before and not shown[-1]["skipped"] else 0
    known = len(trace)
    if to_end and len(shown) < run["steps"]:
        steps.skip_to(run["steps"] - 1)
        trace.look_anew()
        with trace:
            steps.take()
    control = _Steps(run, place)
    is_true = all(control.take() == told for told in shown)
    detail = "" if is_true else "the trace changed the numbers of the run"
    is_quiet = quiet == QUIET_STEPS and len(trace) == known
    complete = is_true and (is_quiet or len(shown) == run["steps"])
    return {"operations": trace.texts(), "steps": len(shown), "complete": complete, "detail": detail}


class _Steps:
    """The steps of a run from its beginning, one after the other, without marks of tensors."""

    def __init__(self, run: Dict[str, Any], place: Place) -> None:
        from ..run import build

        self._training = build(run, place)
        self._training.marker = _NoMarker()
        self._step = 0

    def skip_to(self, step: int) -> None:
        """Take the steps before `step`."""
        while self._step < step:
            self.take()

    def take(self) -> Dict[str, Any]:
        """Take one step, and return its numbers."""
        from ..run import take_step

        told = take_step(self._training, self._step)
        self._step += 1
        return {key: told[key] for key in COMPARED}


class _NoMarker(Marker):
    """Marks nothing: a mark copies and gathers, which is no part of training."""

    def mark(self, name: str, tensor: torch.Tensor, *, is_sampled: bool = True) -> str:  # noqa: ARG002 -- as `Marker` has it
        """Return nothing."""
        return ""


def _those_of_first_rank(texts: List[str], place: Place) -> List[str]:
    """Return the first rank's texts on every rank: sums over ranks need all of them to ask for the same."""
    if place.world_size == 1 or place.shortage:
        return texts
    data = json.dumps(texts).encode("ascii")
    length = torch.tensor([len(data)], device=place.device)
    distributed.broadcast(length, 0)
    own = list(data) if place.rank == 0 else [0] * int(length)
    shared = torch.tensor(own, dtype=torch.uint8, device=place.device)
    distributed.broadcast(shared, 0)
    found: List[str] = json.loads(bytes(shared.tolist()))
    return found
