"""What a run trains: a model with its data and optimizer, and the pieces that its name adds to the training loop.

A workload is named MODEL or MODEL-PIECE-PIECE…: `transformer`, `convnet-adam-loader`. Each piece changes one thing, so
that any of them go together: `adam` the optimizer, `accumulate` the number of backward passes a step, `unclipped` the
clipping, `loader` where batches are made, `resume` stops after five steps and goes on from a checkpoint.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Tuple

import torch
from torch import nn

from .data import Samples, image_samples, token_samples
from .models import ConvNet, Transformer

SAMPLES = 48
PIECES = ("adam", "accumulate", "unclipped", "loader", "resume")


def parted(workload: str) -> Tuple[str, FrozenSet[str]]:
    """Return the model and the pieces that the name of a workload is made of."""
    model, *pieces = workload.split("-")
    return model, frozenset(pieces)


def samples_and_model(workload: str, seed: int) -> Tuple[Samples, nn.Module]:
    """Return the data set, and the model as torch begins it."""
    if parted(workload)[0] == "transformer":
        return token_samples(SAMPLES, seed), Transformer()
    return image_samples(SAMPLES, seed), ConvNet()


def optimizer_of(workload: str, bare: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Return the optimizer of the workload: AdamW for the transformer and SGD for the net, or Adam for either."""
    model, pieces = parted(workload)
    parameters: List[Any] = list(bare.parameters())
    if "adam" in pieces:
        return torch.optim.Adam(parameters, lr=rate)
    if model == "transformer":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    return torch.optim.SGD(parameters, lr=rate, momentum=0.9)


def micro_batches(run: Dict[str, Any]) -> int:
    """Return how many backward passes make one step."""
    return 2 if "accumulate" in parted(run["workload"])[1] else 1
