"""The optimizer on hashed numbers, and what the comparison of two such updates reads out of a difference."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)

from reprocheck.model.optimizer_updates import RunUpdates, UpdateSample, bits_of
from reprocheck.numerics.update_comparison import Comparison, comparison_of, look
from reprocheck.worker.optimizer_replay import replayed_updates

ROOT = Path(__file__).resolve().parents[2]
KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Adam": (torch.optim.Adam, {"lr": 2.0**-8}),
    "AdamW": (torch.optim.AdamW, {"lr": 2.0**-8, "weight_decay": 0.01}),
    "small AdamW": (torch.optim.AdamW, {"lr": 1e-5, "weight_decay": 0.01}),
    "SGD": (torch.optim.SGD, {"lr": 2.0**-5, "momentum": 0.9, "weight_decay": 1e-4}),
}
ELSEWHERE = """
import sys, warnings
sys.path.insert(0, {root!r})
warnings.simplefilter("ignore")
import torch
from tests.worker.test_optimizer_replay import KINDS, updated
torch.set_num_threads({threads})
for kind in sorted(KINDS):
    print(updated(kind)["after"])
"""


def updated(kind: str, taken: int = 10, **changed: Any) -> dict[str, Any]:
    """Return the update of an optimizer that has taken so many steps, with some settings changed."""
    make, settings = KINDS[kind]
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = make([parameter], **{**settings, **changed})
    for _ in range(taken):
        parameter.grad = torch.full((3,), 0.25)
        optimizer.step()
    (update,) = replayed_updates(optimizer)
    return update


def compared(recorded: dict[str, Any], observed: dict[str, Any]) -> Comparison:
    assert (recorded["before"], recorded["gradient"]) == (observed["before"], observed["gradient"])
    start = RunUpdates(before=bits_of(recorded["before"]), gradient=bits_of(recorded["gradient"]), samples=())
    left, right = (UpdateSample(step=0, group=0, optimizer="", after=bits_of(u["after"])) for u in (recorded, observed))
    return comparison_of(start, left, right)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("factor", [0.99, 0.999, 1.001, 1.01])
def test_another_learning_rate_is_one_factor_for_all(kind: str, factor: float) -> None:
    rate = KINDS[kind][1]["lr"]
    comparison = compared(updated(kind), updated(kind, lr=rate * factor))
    assert comparison.worst > 25.0
    what, setting = look(comparison, {})
    assert (what.partition(" times ")[2], setting) == ("as large: learning rate", "the learning rate")
    assert float(what.split()[3]) == pytest.approx(factor, rel=2e-5)


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "small AdamW"])
@pytest.mark.parametrize("taken", [1, 4, 10, 200])
def test_another_eps_shows_where_gradients_are_small(kind: str, taken: int) -> None:
    comparison = compared(updated(kind, taken), updated(kind, taken, eps=1e-6))
    assert look(comparison, {}) == ("the update differs the more, the smaller the gradient is: eps", "eps")


@pytest.mark.parametrize(("kind", "decay"), [("AdamW", 0.0), ("AdamW", 0.011), ("AdamW", 0.1), ("SGD", 0.0)])
def test_another_decoupled_weight_decay_is_a_share_of_the_values(kind: str, decay: float) -> None:
    what, setting = look(compared(updated(kind), updated(kind, weight_decay=decay)), {})
    assert (what.rpartition(" of itself more: ")[2], setting) == ("weight decay", "the weight decay")


def test_the_weight_decay_of_adam_shows_where_values_outgrow_gradients() -> None:
    comparison = compared(updated("Adam"), updated("Adam", weight_decay=0.01))
    assert look(comparison, {})[1] == "weight decay"


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("Adam", {"betas": (0.9, 0.99)}),
        ("Adam", {"betas": (0.91, 0.999)}),
        ("AdamW", {"betas": (0.9, 0.9995)}),
        ("AdamW", {"amsgrad": True}),
        ("SGD", {"momentum": 0.91}),
        ("SGD", {"nesterov": True}),
    ],
)
def test_another_mixing_of_old_and_new_is_seen_and_not_taken_for_a_rate(kind: str, changed: dict[str, Any]) -> None:
    comparison = compared(updated(kind), updated(kind, **changed))
    assert comparison.worst > 100.0
    what = "old and new are mixed otherwise: betas, momentum, count of steps or weight decay"
    assert look(comparison, {}) == (what, "betas and momentum")


def test_a_count_of_steps_that_was_lost_is_seen() -> None:
    """As after a resumption without the state of the optimizer."""
    assert compared(updated("AdamW", 10), updated("AdamW", 1)).worst > 100.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("taken", [0, 1, 10])
def test_the_three_implementations_of_torch_are_one(kind: str, taken: int) -> None:
    recorded = updated(kind, taken)
    for changed in ({"foreach": True}, {"foreach": False}, {"fused": True}):
        try:
            observed = updated(kind, taken, **changed)
        except (TypeError, RuntimeError):
            continue  # this torch has none for the CPU
        assert compared(recorded, observed).worst < 0.1


@pytest.mark.parametrize(("cap", "threads"), [("default", 1), ("avx2", 2)])
def test_other_instructions_and_threads_are_no_difference(cap: str, threads: int) -> None:
    env = {**os.environ, "ATEN_CPU_CAPABILITY": cap, "PYTHONPATH": str(ROOT)}
    source = ELSEWHERE.format(root=str(ROOT), threads=threads)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", source],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for kind, after in zip(sorted(KINDS), done.stdout.split(), strict=True):
        here = updated(kind)
        assert compared(here, {**here, "after": after}).worst < 0.1


def test_what_a_run_holds_is_left_as_it_was() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([parameter], lr=0.5)
    parameter.grad = torch.ones(3)
    optimizer.step()
    before = (
        parameter.tolist(),
        parameter.grad.tolist(),
        {k: v.tolist() for k, v in optimizer.state[parameter].items()},
    )
    replayed_updates(optimizer)
    after = (
        parameter.tolist(),
        parameter.grad.tolist(),
        {k: v.tolist() for k, v in optimizer.state[parameter].items()},
    )
    assert before == after


def test_each_parameter_group_has_its_update() -> None:
    groups = [
        {"params": [torch.nn.Parameter(torch.ones(2))]},
        {"params": [torch.nn.Parameter(torch.ones(2))], "lr": 1.0},
    ]
    first, second = replayed_updates(torch.optim.SGD(groups, lr=0.5))
    assert (first["group"], second["group"], first["optimizer"]) == (0, 1, "SGD")
    assert look(compared(first, second), {}) == ("the update is 2 times as large: learning rate", "the learning rate")
