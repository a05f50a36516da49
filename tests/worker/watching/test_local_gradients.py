from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="the gradients are torch's", exc_type=ImportError)

from torch import nn

from reprocheck.worker.watching.local_gradients import LocalGradients

ROOT = Path(__file__).resolve().parents[3]


def must_not(error: Exception) -> None:
    raise error


def model_of(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def watched(model: Any) -> LocalGradients:
    return LocalGradients(torch, model.named_parameters(), must_not)


def backward(model: Any, factor: float = 1.0) -> None:
    (model(torch.ones(5, 3)).pow(2).sum() * factor).backward()


def test_equal_gradients_have_equal_digests_and_nothing_is_left() -> None:
    first, second = model_of(), model_of()
    one, two = watched(first), watched(second)
    assert one.take() == ""
    backward(first)
    backward(second)
    assert one.take() == two.take() != ""
    assert one.take() == ""


def test_another_gradient_has_another_digest() -> None:
    model = model_of()
    local = watched(model)
    backward(model)
    before = local.take()
    backward(model, factor=1 + 2**-20)
    assert local.take() != before


def test_backward_passes_add_up() -> None:
    model = model_of()
    local = watched(model)
    backward(model)
    first = int(local.collect() or 0)
    backward(model, 3.0)
    second = int(local.collect() or 0)
    backward(model)
    backward(model, 3.0)
    both = int(local.collect() or 0)
    assert (first + second - both) % (1 << 64) == 0


def test_gradients_that_change_places_are_seen() -> None:
    first, second = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))

    def taken(a: float, b: float) -> str:
        local = LocalGradients(torch, [("a", first), ("b", second)], must_not)
        total: Any = (first * a + second * b).sum()
        total.backward()
        local.remove()
        return local.take()

    assert taken(1.0, 2.0) != taken(2.0, 1.0)
    assert taken(1.0, 2.0) == taken(1.0, 2.0)


def test_frozen_parameters_have_no_hook() -> None:
    model = model_of()
    model[0].requires_grad_(False)
    local = watched(model)
    backward(model)
    assert len(local.take()) == 16


def test_hooks_change_no_gradient_and_go_away() -> None:
    plain, hooked = model_of(), model_of()
    local = watched(hooked)
    backward(plain)
    backward(hooked)
    pairs = zip(plain.parameters(), hooked.parameters(), strict=True)
    assert all(torch.equal(a.grad, b.grad) for a, b in pairs if a.grad is not None and b.grad is not None)
    local.take()
    local.remove()
    backward(hooked)
    assert local.take() == ""


def test_a_fault_is_told_once_and_the_gradients_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from reprocheck.worker.watching import local_gradients

    def broken(_tensor: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(local_gradients, "digest", broken)
    faults: list[Exception] = []
    model = model_of()
    local = LocalGradients(torch, model.named_parameters(), faults.append)
    backward(model)
    assert all(parameter.grad is not None for parameter in model.parameters())
    backward(model)
    assert {str(fault) for fault in faults} == {"broken"}
    assert len(faults) == 1
    assert local.take() == ""


TWO_RANKS = """
import os, sys, warnings
warnings.simplefilter("ignore")
import torch, torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from reprocheck.worker.exact_digests import digest, to_hex
from reprocheck.worker.watching.local_gradients import LocalGradients

def model_of():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))

def trained(watch, ddp, **how):
    model = model_of()
    outer = DistributedDataParallel(model, **how) if ddp else model
    local = LocalGradients(torch, model.named_parameters()) if watch else None
    torch.manual_seed(10 + dist.get_rank())
    outer(torch.randn(4, 3)).pow(2).mean().backward()
    return (local.take() if local else ""), [to_hex(int(digest(p.grad))) for p in model.parameters()]

dist.init_process_group("gloo")
for how in ({}, {"gradient_as_bucket_view": True}, {"static_graph": True}, {"bucket_cap_mb": 1e-4}):
    alone, own = trained(True, False)
    hooked, reduced = trained(True, True, **how)
    _, unwatched = trained(False, True, **how)
    found = (hooked == alone, reduced != own, reduced == unwatched, hooked)
    with open(os.path.join(sys.argv[1], str(dist.get_rank())), "a") as told:
        told.write("local {} reduced {} as unwatched {} {}\\n".format(*found))
dist.barrier()
os._exit(0)  # a rank that leaves early can abort the other within gloo
"""


@pytest.mark.ddp
@pytest.mark.slow
def test_each_rank_sees_its_own_gradients_before_ddp_sums_them(tmp_path: Path) -> None:
    if not torch.distributed.is_available():
        pytest.skip("this torch has no distributed package")
    script = tmp_path / "two_ranks.py"
    script.write_text(TWO_RANKS, encoding="utf-8")
    loopback = {"darwin": "lo0"}.get(sys.platform, "lo")
    settings = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": loopback}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    done = subprocess.run(
        [*command, "--nproc_per_node=2", str(script), str(tmp_path)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [(tmp_path / str(rank)).read_text(encoding="utf-8").splitlines() for rank in (0, 1)]
    assert [re.sub(r" \w+$", "", line) for rank in told for line in rank] == [
        "local True reduced True as unwatched True"
    ] * 8
    assert told[0] != told[1]
