"""Run a script with and without the watch, and read the lines that it told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprocheck.machine.worker_process import handed_over

DENSE = (0, 1)
KEPT = ("PATH", "TMPDIR", "LANG", "HOME", "LD_LIBRARY_PATH")

# The bytes of models, and those of the generator: a watch that draws a number or changes a bit shows in them.
SHOW = """
import ctypes, hashlib
def show(*models):
    hasher = hashlib.sha256(bytes(torch.get_rng_state().tolist()))
    for tensor in [t.detach().contiguous() for m in models for t in m.state_dict().values()]:
        hasher.update(ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size()))
    print("bytes " + hasher.hexdigest() + "\\n", end="", flush=True)  # in one piece: ranks print at the same time
"""
BEGIN = """
import sys, torch
from torch import nn
from torch.nn import functional
def net():
    return nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
def batches(count=12):
    torch.manual_seed(7)
    data = torch.utils.data.TensorDataset(torch.randn(count, 6), torch.arange(count) % 3)
    return torch.utils.data.DataLoader(data, 4, shuffle=True)
"""


@dataclass(frozen=True)
class Told:
    """How a script ended, what it printed, and its lines file by file."""

    code: int
    out: str
    err: str
    files: tuple[tuple[Mapping[str, Any], ...], ...] = ()

    def lines(self, kind: str, optimizer: int | None = None) -> list[Mapping[str, Any]]:
        """Return the lines of a kind, of one optimizer or of all, from the only file."""
        (lines,) = self.files
        return [one for one in lines if one["kind"] == kind and optimizer in (None, one.get("optimizer"))]


def run(words: Sequence[str], environment: Mapping[str, str] | None = None) -> Told:
    """Run a Python with `words`, without the watch."""
    done = subprocess.run(
        [sys.executable, *words],
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def run_watched(
    words: Sequence[str], job: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Told:
    """Run a Python with `words` under the watch."""
    with handed_over({"job": "watch", "dense": DENSE, **(job or {})}, 300.0) as folder:
        entrance = folder / "reprocheck_worker" / "watching" / "entrance"
        paths = [str(entrance), str(folder), *filter(None, [(environment or {}).get("PYTHONPATH")])]
        watching = {"PYTHONPATH": os.pathsep.join(paths), "REPROCHECK_WATCH": str(folder / "job.json")}
        done = run(words, {**(environment or {}), **watching})
        files = tuple(_lines(path) for path in sorted((folder / "answers").glob("run-*.jsonl")))
        return Told(done.code, done.out, done.err, files)


def script(body: str) -> list[str]:
    """Return the words that run `body` behind what all scripts begin with."""
    return ["-c", BEGIN + SHOW + body]


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**own, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", **(extra or {})}


def _lines(path: Path) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(text) for text in path.read_text(encoding="utf-8").splitlines())
