"""What watching a training holds in memory: growth from step 500 to step 2500 of a model of a hundred small tensors.

Usage: python tests/benchmarks/watch_memory.py

Two processes train the same, one of them watched. What a watch kept of each step would grow with the steps; the model
is small, so that nothing else does. Lines go to a file as they are made.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    import torch
    from torch import nn

    from reprocheck.worker.watching.begin import Watch

LAYERS, FIRST, LAST = 50, 500, 2500
TARGET = 8.0  # bytes for each tensor and step


def growth(is_watched: bool, folder: Path) -> int:
    """Return by how many bytes the process grew between the two steps."""
    torch.set_num_threads(1)
    if is_watched:
        (folder / "answers").mkdir()
        watch: Any = Watch(torch, {"job": "watch", "answers": str(folder / "answers"), "dense": [0, 1, 10, 100]})
        watch.install()
    model = nn.Sequential(*(nn.Linear(8, 8) for _ in range(LAYERS)))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    data = torch.randn(4, 8)
    sizes = []
    for step in range(LAST + 1):
        optimizer.zero_grad()
        model(data).square().mean().backward()
        optimizer.step()
        if step in (FIRST, LAST):
            sizes.append(
                int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
            )
    return sizes[1] - sizes[0]


def child(is_watched: bool) -> int:
    """Return the growth of a process of its own."""
    words = [sys.executable, "-W", "ignore", __file__, "watched" if is_watched else "plain"]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Measure in children and print, or be one of them."""
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            print(growth(sys.argv[1] == "watched", Path(folder)))
        return 0
    watched, plain = child(is_watched=True), child(is_watched=False)
    share = (watched - plain) / (2 * LAYERS) / (LAST - FIRST)
    print(f"growth over {LAST - FIRST} steps of {2 * LAYERS} tensors: watched {watched} bytes, plain {plain} bytes")
    print(
        f"{share:.2f} bytes for each tensor and step; target below {TARGET:g}: {'met' if share < TARGET else 'missed'}"
    )
    return 0 if share < TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
