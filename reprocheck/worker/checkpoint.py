"""Stop and resume: all that a run needs in order to go on as if it had never stopped, through the bytes of a file.

Model, optimizer and loss scaler, the position of the feed, the masks of dropout, and the states of the generators. A
resumed run gives the bits of one that was not interrupted, unless torch keeps something that no checkpoint holds.
"""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING, Any, Dict

import torch

from .models import HashedDropout

if TYPE_CHECKING:
    from .run import Training


# The loss scale of fp16 has found its place by then. It depends on no length: the first steps of a long run are those
# of a short one.
STOP_BEFORE_STEP = 5


def saved(training: Training) -> bytes:
    """Return the file that a run writes before it stops."""
    file = io.BytesIO()
    state = {
        "model": training.bare.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "scaler": training.precision.state(),
        "feed": training.feed.position(),
        "dropout": {name: module.position for name, module in _dropouts(training).items()},
        "generators": _generators(training),
    }
    torch.save(state, file)
    return file.getvalue()


def restore(training: Training, data: bytes) -> None:
    """Bring a training that was built anew to where the other one stopped."""
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    training.bare.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.precision.restore(state["scaler"])
    for name, module in _dropouts(training).items():
        module.position = state["dropout"][name]
    training.feed.go_on_from(state["feed"])
    _set_generators(state["generators"])


def _dropouts(training: Training) -> Dict[str, HashedDropout]:
    return {name: part for name, part in training.bare.named_modules() if isinstance(part, HashedDropout)}


def _generators(training: Training) -> Dict[str, Any]:
    version, words, gauss = random.getstate()
    cuda = [torch.cuda.get_rng_state()] if training.place.device.type == "cuda" else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "python": [version, list(words), gauss]}


def _set_generators(states: Dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    for state in states["cuda"]:
        torch.cuda.set_rng_state(state)
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
