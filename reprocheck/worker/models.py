"""The two reference models: small, but made of the operations that real training runs depend on.

Legend: B batch, T time, D width, H heads, V vocabulary, C channels, Y and X image rows and columns.
"""

from __future__ import annotations

from typing import List, Tuple

import torch
from torch import nn
from torch.nn import functional

from .hashing import hashed_below, hashed_floats, key_of
from .placement import Place

VOCABULARY = 64
TIME = 32
WIDTH = 64
HEADS = 4
LAYERS = 2
DROPPED_OF_8 = 1
CLASSES = 10
IMAGE_CHANNELS = 3
IMAGE_SIDE = 16


class HashedDropout(nn.Module):
    """Dropout whose mask comes from our hash: torch's differs between MKL, other CPUs, GPU models and versions.

    Two machines then part by their arithmetic only, never by another draw.
    """

    def __init__(self) -> None:
        super().__init__()
        self._streams: List[Tuple[object, ...]] = [()]
        self._share = slice(None)
        self.position = 0  # in the streams: a checkpoint holds it

    def start(self, streams: List[Tuple[object, ...]], share: slice) -> None:
        """Name the streams of masks and begin at their first; the samples take turns, and `share` of them are here."""
        self._streams, self._share, self.position = streams, share, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return `x` with one element in eight dropped and the others scaled up."""
        shape = (-1, *x.shape[1:])
        samples = x.shape[0] * (self._share.step or 1)
        count = samples // len(self._streams) * x[0].numel()
        masks = [hashed_below(key_of(*stream, self.position), count, 8).view(shape) for stream in self._streams]
        kept = torch.stack(masks, dim=1).view(shape)[self._share] >= DROPPED_OF_8
        self.position += 1
        mask = kept.to(dtype=x.dtype, device=x.device) * (8 / (8 - DROPPED_OF_8))
        return x * mask


class Block(nn.Module):
    """Pre-norm attention and GELU layers with residual dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(WIDTH)
        self.to_qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.from_heads = nn.Linear(WIDTH, WIDTH)
        self.norm_2 = nn.LayerNorm(WIDTH)
        self.widen = nn.Linear(WIDTH, 4 * WIDTH)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH)
        self.dropout = HashedDropout()

    def forward(self, x_BTD: torch.Tensor) -> torch.Tensor:
        """Return the block's output, of the same shape."""
        x_BTD = x_BTD + self.dropout(self._attend(self.norm_1(x_BTD)))
        h_BTD = self.narrow(functional.gelu(self.widen(self.norm_2(x_BTD))))
        out_BTD: torch.Tensor = x_BTD + self.dropout(h_BTD)
        return out_BTD

    def _attend(self, x_BTD: torch.Tensor) -> torch.Tensor:
        batch, time, width = x_BTD.shape
        heads = [part.view(batch, time, HEADS, width // HEADS).transpose(1, 2) for part in self._qkv(x_BTD)]
        out_BHTD = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], is_causal=True)
        out: torch.Tensor = self.from_heads(out_BHTD.transpose(1, 2).reshape(batch, time, width))
        return out

    def _qkv(self, x_BTD: torch.Tensor) -> "tuple[torch.Tensor, ...]":
        return self.to_qkv(x_BTD).split(WIDTH, dim=2)  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """A language model of two blocks; the loss is the cross-entropy of the next token."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(TIME, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, x_BT: torch.Tensor) -> torch.Tensor:
        """Return one row of logits a token."""
        h_BTD = self.tokens(x_BT) + self.places(torch.arange(TIME, device=x_BT.device))
        for block in self.blocks:
            h_BTD = block(h_BTD)
        logits_BTV: torch.Tensor = self.head(self.norm(h_BTD))
        return logits_BTV.flatten(0, 1)


class ConvNet(nn.Module):
    """Two convolutions with batch norm, max pooling and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(IMAGE_CHANNELS, 16, 3, padding=1)
        self.norm_1 = nn.BatchNorm2d(16)
        self.conv_2 = nn.Conv2d(16, 32, 3, padding=1)
        self.norm_2 = nn.BatchNorm2d(32)
        self.head = nn.Linear(32 * (IMAGE_SIDE // 4) ** 2, CLASSES)

    def forward(self, x_BCYX: torch.Tensor) -> torch.Tensor:
        """Return one row of logits an image."""
        h_BCYX = functional.max_pool2d(functional.relu(self.norm_1(self.conv_1(x_BCYX))), 2)
        h_BCYX = functional.max_pool2d(functional.relu(self.norm_2(self.conv_2(h_BCYX))), 2)
        out: torch.Tensor = self.head(h_BCYX.flatten(1))
        return out


def start_dropout(model: nn.Module, seed: int, place: Place, recorded_ranks: int = 0) -> None:
    """Give each dropout of `model` its own stream of masks, other ones on every rank.

    Where a run of `recorded_ranks` is repeated on another number of ranks, each sample keeps its mask of there.
    """
    for name, module in model.named_modules():
        if isinstance(module, HashedDropout) and recorded_ranks:
            streams: List[Tuple[object, ...]] = [(seed, "dropout", name, rank) for rank in range(recorded_ranks)]
            module.start(streams, slice(place.rank, None, place.world_size))
        elif isinstance(module, HashedDropout):
            module.start([(seed, "dropout", name, place.rank)], slice(None))


def fill_from_hash(model: nn.Module, seed: int) -> None:
    """Give every parameter its first value: hashed weights of size about 1/sqrt(fan-in), norms 1, biases 0.

    The size is a power of two, so that the values have the same bits everywhere. No parameter keeps what
    torch's own generator gave it.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(_first_value(name, parameter, seed))


def _first_value(name: str, parameter: torch.Tensor, seed: int) -> torch.Tensor:
    if parameter.dim() < 2:
        return torch.full(parameter.shape, 0.0 if name.endswith("bias") else 1.0)
    fan_in = parameter.shape[1:].numel()
    values_N = hashed_floats(key_of(seed, "weights", name), parameter.numel())
    return (values_N * 2.0 ** -(fan_in.bit_length() // 2)).view(parameter.shape)
