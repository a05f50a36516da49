"""The data sets: hashed, learnable, the same bits on every platform.

Legend: S samples, T time, C channels, Y and X image rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .hashing import hashed_below, hashed_floats, key_of
from .models import CLASSES, IMAGE_CHANNELS, IMAGE_SIDE, TIME, VOCABULARY


@dataclass(frozen=True)
class Samples:
    """Inputs and targets with the samples along the first axis; one target per output row of the model."""

    inputs: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.inputs)


def token_samples(count: int, seed: int) -> Samples:
    """Return sequences where the next token is 3x + 1 + (0 or 1) modulo the vocabulary."""
    first_S = hashed_below(key_of(seed, "tokens"), count, VOCABULARY)
    coin_ST = hashed_below(key_of(seed, "coins"), count * TIME, 2).view(count, TIME)
    columns = [first_S]
    for time in range(TIME):
        columns.append((3 * columns[-1] + 1 + coin_ST[:, time]) % VOCABULARY)
    tokens_ST = torch.stack(columns, dim=1)
    return Samples(tokens_ST[:, :-1].contiguous(), tokens_ST[:, 1:].contiguous())


def image_samples(count: int, seed: int) -> Samples:
    """Return noisy copies of one hashed picture a class."""
    shape = (IMAGE_CHANNELS, IMAGE_SIDE, IMAGE_SIDE)
    size = IMAGE_CHANNELS * IMAGE_SIDE * IMAGE_SIDE
    classes_S = hashed_below(key_of(seed, "classes"), count, CLASSES)
    pictures = hashed_floats(key_of(seed, "pictures"), CLASSES * size).view(CLASSES, *shape)
    noise_SCYX = hashed_floats(key_of(seed, "noise"), count * size).view(count, *shape)
    return Samples(pictures[classes_S] + noise_SCYX, classes_S)
