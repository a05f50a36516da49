"""What watching costs a training: a transformer of ten million parameters on two threads, watched and not, in turns.

Usage: python tests/benchmarks/watch_cost.py [--rounds N] [--block STEPS] [--batch N] [--length N] [--threads N]

One process trains one model; blocks of steps with the watch on and off alternate, and change places from round to
round. `ratio` is that of the median step times of the two blocks of a round, told as the median over the rounds with
its quartiles; it holds what the machine does meanwhile. `inside` is the time between the entry of a hook of ours and
its end, as a share of the watched step: less than the whole cost, but undisturbed. `digests` is the time of the two
lists of digests alone, alone on the machine as it is. `written` is the file, in bytes for each tensor and step; what is
held in memory is the affair of `watch_memory.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    import torch
    from torch import nn

    from reprocheck.worker.exact_digests import digests
    from reprocheck.worker.watching.begin import Watch

WIDTH, HEADS, LAYERS, VOCABULARY = 256, 8, 12, 1000
DENSE = (0, 1, 10, 100)
WARM_UP = 3
TARGET = 0.03


class Transformer(nn.Module):
    """A language model of 10.0 million parameters."""

    def __init__(self, length: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0.1, batch_first=True, norm_first=True)
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(length, WIDTH)
        self.blocks = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return logits for each token."""
        hidden = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
        found: torch.Tensor = self.head(self.blocks(hidden))
        return found


@dataclass
class Training:
    """A model, its optimizer, and the time that hooks took since it was last asked for."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    data: torch.Tensor
    watch: Any
    inside: list[float] = field(default_factory=lambda: [0.0])

    def step(self) -> float:
        """Train a step and return its seconds."""
        begin = time.perf_counter()
        self.optimizer.zero_grad()
        logits = self.model(self.data[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), self.data[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return time.perf_counter() - begin


def timed(hold: Callable[..., Any], inside: list[float]) -> Callable[..., Any]:
    """Return `hold` with the seconds of its outermost calls added to `inside`."""
    depth = [0]

    def timed_hold(*args: Any) -> Any:
        depth[0] += 1
        begin = time.perf_counter()
        try:
            return hold(*args)
        finally:
            depth[0] -= 1
            if depth[0] == 0:
                inside[0] += time.perf_counter() - begin

    return timed_hold


def begun(options: argparse.Namespace, folder: Path) -> Training:
    """Return the training with its watch installed."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    (folder / "answers").mkdir()
    watch: Any = Watch(torch, {"job": "watch", "answers": str(folder / "answers"), "dense": list(DENSE)})
    inside = [0.0]
    watch._guard.hold = timed(watch._guard.hold, inside)
    watch.install()
    model = Transformer(options.length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    data = torch.randint(VOCABULARY, (options.batch, options.length + 1))
    return Training(model, optimizer, data, watch, inside)


@dataclass
class Block:
    """Median step and time within hooks, each per step, of one block."""

    seconds: float
    inside: float


def block(training: Training, steps: int, is_watched: bool) -> Block:
    """Train a block of steps."""
    training.watch._guard.is_on = is_watched
    training.inside[0] = 0.0
    seconds = [training.step() for _ in range(steps)]
    return Block(statistics.median(seconds), training.inside[0] / steps)


def spread(values: Sequence[float], form: str) -> str:
    """Return the median and the quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def digest_ms(training: Training) -> float:
    """Return the least milliseconds that the digests of all parameters and gradients took in twenty tries."""
    parameters = list(training.model.parameters())
    gradients = [one.grad for one in parameters if one.grad is not None]
    least = float("inf")
    for _ in range(20):
        begin = time.perf_counter()
        digests(parameters)
        digests(gradients)
        least = min(least, time.perf_counter() - begin)
    return 1000 * least


def measured(training: Training, options: argparse.Namespace) -> list[tuple[Block, Block]]:
    """Return the watched and the unwatched block of each round."""
    found = []
    for number in range(options.rounds):
        order = (True, False) if number % 2 else (False, True)
        blocks = {is_watched: block(training, options.block, is_watched) for is_watched in order}
        found.append((blocks[True], blocks[False]))
    return found


def report(
    training: Training, rounds: Sequence[tuple[Block, Block]], options: argparse.Namespace, written: int
) -> None:
    """Print the figures."""
    count = sum(1 for _ in training.model.parameters())
    elements = sum(one.numel() for one in training.model.parameters())
    on, off = ([pair[place] for pair in rounds] for place in (0, 1))
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    print(f"{elements / 1e6:.1f} million parameters in {count} tensors, {options.batch * options.length} tokens a step")
    for name, some in (("unwatched", off), ("watched", on)):
        print(f"{name:10} {1000 * statistics.median(one.seconds for one in some):8.1f} ms a step (median)")
    ratios = [one.seconds / other.seconds for one, other in rounds]
    print(f"ratio      {spread(ratios, '.4f')} over {len(ratios)} rounds")
    print(f"inside     {spread([100 * one.inside / one.seconds for one in on], '.2f')} % of a watched step")
    print(f"digests    {digest_ms(training):8.1f} ms a step (least)")
    steps = training.watch._steps.count
    print(f"written    {written / count / steps:8.1f} bytes for each tensor and step")
    verdict = "met" if statistics.median(ratios) < 1 + TARGET else "missed"
    print(f"target     below {1 + TARGET}: {verdict}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("rounds", 10), ("block", 5), ("batch", 16), ("length", 128), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        training = begun(options, Path(folder))
        for _ in range(WARM_UP):
            training.step()
        rounds = measured(training, options)
        files = list((Path(folder) / "answers").iterdir())
        lines = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
        faults = [line for line in lines if line["kind"] == "fault"]
        if faults or len(lines) != 1 + training.watch._steps.count:
            print(f"the watch failed: {faults}", file=sys.stderr)
            return 1
        written = sum(path.stat().st_size for path in files)
        report(training, rounds, options, written)
        training.watch._guard.is_on = False
    return 0


if __name__ == "__main__":
    sys.exit(main())
