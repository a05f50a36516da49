"""`record -- COMMAND` and `verify -- COMMAND` from the command line, on real trainings of a few steps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reprocheck.workflows.verify import read_record
from tests.conftest import clean_environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here"),
]

TRAIN = """
import argparse, os, sys
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--crash-at", type=int, default=-1)
parser.add_argument("-o", "--token", default="")
options = parser.parse_args()
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)
print("training", flush=True)
for number in range(5):
    if number == options.crash_at:
        sys.exit("out of luck")
    loss = nn.functional.cross_entropy(model(torch.randn(4, 4)), torch.randint(2, (4,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
DDP = """
import os
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
torch.manual_seed(0)
model = DistributedDataParallel(nn.Linear(4, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torch.manual_seed(dist.get_rank() + int(os.environ.get("SHIFT", "0")))
for _ in range(3):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(torch.randn(4, 4)), torch.zeros(4, 2)).backward()
    optimizer.step()
dist.barrier()  # a rank that leaves early can abort the other within gloo
dist.destroy_process_group()
"""
QUIET = ("-W", "ignore")
TORCHRUN = (sys.executable, *QUIET, "-m", "torch.distributed.run", "--nproc-per-node=2")
Run = Callable[..., subprocess.CompletedProcess[str]]


def reprocheck(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = clean_environment({"OMP_NUM_THREADS": "1", **variables})
    command = [sys.executable, *QUIET, "-m", "reprocheck", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=240)


def train(*options: str) -> tuple[str, ...]:
    return ("--", sys.executable, *QUIET, "train.py", *options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("command")
    (made / "train.py").write_text(TRAIN, encoding="utf-8")
    (made / "ddp.py").write_text(DDP, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def recorded(folder: Path) -> Path:
    done = reprocheck(folder, "record", "--no-probes", *train("-o", "hf_SecretSecret1234"))
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "recorded train.py on cpu: 5 steps, 0 skipped, in reprocheck.json\n"
        "next: reprocheck verify reprocheck.json -- …\n",
        "training\n",
    )
    return folder / "reprocheck.json"


def verdict(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = reprocheck(folder, "verify", "--output-format", "json", *words)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_record_holds_the_run_and_the_python_but_no_word_of_the_command(recorded: Path) -> None:
    record = read_record(recorded)
    (run,) = record.runs
    assert run.program is not None
    assert (run.plan.name, len(run.steps), run.program.script, run.program.complete) == (
        "command:own",
        5,
        "train.py",
        True,
    )
    assert [tensor.name for tensor in run.tensors] == ["0.weight", "0.bias", "3.weight", "3.bias"]
    assert (record.device, record.threads, record.measured) == ("cpu", 1, None)
    told = json.loads(recorded.read_bytes())
    assert told["fingerprint"]["software"]["python"]["version"].startswith(f"3.{sys.version_info[1]}.")
    for secret in (b"SecretSecret", b"--lr", str(recorded.parent).encode(), str(Path(sys.executable).parent).encode()):
        assert secret not in recorded.read_bytes()


def test_the_same_training_is_bitwise(folder: Path, recorded: Path) -> None:
    code, told = verdict(folder, recorded.name, *train("-o", "another token"))
    assert (code, told["verdict"], told["checks"][-1]["detail"]) == (0, "bitwise", "5 steps bitwise")


def test_another_learning_rate_is_caught_in_the_first_step(folder: Path, recorded: Path) -> None:
    code, told = verdict(folder, recorded.name, *train("--lr", "0.01001"))
    found = next(check["first_divergence"] for check in told["checks"] if check["name"] == "train.py")
    assert (code, told["verdict"], found["step"], found["phase"]) == (1, "not-reproduced", 0, "optimizer")
    assert "lr" in told["causes"][0]["evidence"][0]


def test_the_first_steps_alone_can_be_recorded_and_verified(folder: Path) -> None:
    done = reprocheck(folder, "record", "-q", "--no-probes", "--steps", "2", "-o", "two.json", *train())
    assert (done.returncode, done.stdout) == (0, "")
    code, told = verdict(folder, "two.json", *train("--crash-at", "3"))
    assert (code, told["verdict"], told["checks"][-1]["detail"]) == (0, "bitwise", "2 steps bitwise")


def test_a_crash_leaves_the_earlier_record_and_names_the_last_step(folder: Path, recorded: Path) -> None:
    before = recorded.read_bytes()
    done = reprocheck(folder, "record", "--no-probes", *train("--crash-at", "3"))
    assert (done.returncode, done.stderr.splitlines()) == (
        3,
        [
            "training",
            "out of luck",
            "error: the command ended with exit code 1; the last optimizer step was step 2",
            "  where: train.py",
            "  why:   expected it to end by itself with exit code 0",
            "  how:   see what it printed, or start it without reprocheck",
        ],
    )
    assert recorded.read_bytes() == before


def test_a_verify_that_crashed_is_undecided_where_nothing_parted(folder: Path, recorded: Path) -> None:
    code, told = verdict(folder, recorded.name, *train("--crash-at", "3"))
    assert (code, told["verdict"]) == (3, "undecided")


def test_a_verify_that_crashed_behind_a_difference_is_not_reproduced(folder: Path, recorded: Path) -> None:
    code, told = verdict(folder, recorded.name, *train("--crash-at", "3", "--lr", "0.1"))
    assert (code, told["verdict"]) == (1, "not-reproduced")


def test_one_process_that_trains_twice_is_no_single_training(folder: Path) -> None:
    (folder / "two.sh").write_text(f"{sys.executable} train.py\n" * 2, encoding="utf-8")
    done = reprocheck(folder, "record", "-o", "x.json", "--", "sh", "two.sh", PYTHONWARNINGS="ignore")
    assert done.returncode == 3
    assert "error: 2 processes trained as rank 0\n" in done.stderr
    assert not (folder / "x.json").exists()


def test_a_command_behind_a_shell_is_recorded_with_the_python_that_ran(folder: Path) -> None:
    (folder / "one.sh").write_text(f"exec {sys.executable} -W ignore train.py\n", encoding="utf-8")
    done = reprocheck(folder, "record", "-q", "--no-probes", "-o", "sh.json", "--", "sh", "one.sh")
    assert (done.returncode, done.stderr) == (0, "training\n")
    assert json.loads((folder / "sh.json").read_bytes())["fingerprint"]["software"]["torch"]["version"]


@pytest.mark.ddp
def test_ranks_of_torchrun_are_one_record(folder: Path) -> None:
    done = reprocheck(folder, "record", "--no-probes", "-o", "ddp.json", "--", *TORCHRUN, "ddp.py")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        "recorded ddp.py on cpu on 2 ranks: 3 steps, 0 skipped, in ddp.json",
    )
    code, told = verdict(folder, "ddp.json", "--", *TORCHRUN, "ddp.py")
    assert (code, told["verdict"], told["checks"][-1]["detail"]) == (0, "bitwise", "3 steps bitwise on 2 ranks")
    alone = (sys.executable, *QUIET, "-m", "torch.distributed.run", "ddp.py")
    code, told = verdict(folder, "ddp.json", "--", *alone)
    assert (code, told["checks"][-1]["detail"]) == (3, "the record was made on 2 ranks, and this run on 1 rank")
