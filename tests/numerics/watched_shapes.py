"""Lines as the hooks write them, made by hand: a small model, one optimizer or two, any number of ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reprocheck.model.records import Run
from reprocheck.numerics.watched_lines import ProcessLines, read_process
from reprocheck.numerics.watched_runs import WatchCommand, Watched, assemble

COMMAND = WatchCommand(words=("python", "train.py"))
ONE = "0x1.0000000000000p+0"
TENSORS: tuple[tuple[str, list[int], str], ...] = (
    ("first.weight", [2, 2], "parameter"),
    ("last.bias", [1], "parameter"),
    ("count", [], "buffer"),
)


def mark(digit: str, bits: str = "") -> str:
    return f"{digit * 16}:{bits}"


def tensors(*given: tuple[str, list[int], str]) -> list[dict[str, Any]]:
    return [{"name": name, "dtype": "torch.float32", "shape": shape, "role": role} for name, shape, role in given]


def start(rank: int = 0, world_size: int = 1, optimizer: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "kind": "start",
        "rank": rank,
        "world_size": world_size,
        "python": "/env/bin/python",
        "optimizer": optimizer,
        "device": "cpu",
        "torch": "2.13.0",
        "threads": 2,
        "deterministic_algorithms": False,
        "cudnn_benchmark": False,
        "type": "AdamW",
        "tensors": tensors(*TENSORS),
        "parameters": [mark("a", "3f800000.0"), mark("b", "0"), mark("c", "1")],
        "modules": [["", "Net()"], ["last", "Linear(2, 1)"]],
        "ddp": {},
        "switches": {"tf32": {"value": False, "origin": "default"}},
        "compiled": False,
        **more,
    }


def step(number: int, optimizer: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "kind": "step",
        "step": number,
        "optimizer": optimizer,
        "data": "d" * 16,
        "loss": ONE,
        "losses": [ONE],
        "loss_scale": ONE,
        "gradients": [mark("1"), mark("2"), "-"],
        "gradient_norm": ONE,
        "learning_rate": "0x1.0624dd2f1a9fcp-10",
        "skipped": False,
        "parameters": [mark("3"), mark("4"), mark("5")],
        "random": {"torch": "e" * 16},
        "events": "ZFBS",
        "local": "",
        "settings": {"0.lr": "0.001"} if number == 0 else {},
        "outputs": [["last", mark("6", "0.1")]] if number == 0 else [],
        **more,
    }


def end(steps: int) -> dict[str, Any]:
    return {"kind": "end", "steps": steps}


def told(*lines: Mapping[str, Any]) -> ProcessLines:
    return read_process(lines)


def assembled(*processes: Sequence[Mapping[str, Any]], status: str = "ok", **command: Any) -> Watched:
    return assemble(replace(COMMAND, **command), status, [read_process(lines) for lines in processes])


def run_of(*processes: Sequence[Mapping[str, Any]]) -> Run:
    watched = assembled(*processes)
    assert watched.fault is None
    assert watched.run is not None
    return watched.run


def two_ranks() -> Run:
    """Return a run of two steps on two ranks that see other data, and share their gradients but once."""
    ranks = [
        [
            start(rank, 2, ddp={"bucket_cap_mb": "25"}),
            step(0, data=f"{rank}" * 16, local=f"{rank + 7}" * 16),
            step(1, skipped=bool(rank), gradients=[mark("1"), mark(str(rank)), "-"], losses=[ONE, "nan"], loss="nan"),
            end(2),
        ]
        for rank in (0, 1)
    ]
    return run_of(*ranks)
