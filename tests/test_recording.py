"""`reprocheck.recording()` in a script of its own: alone, and under `verify --`."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reprocheck import recording
from reprocheck.errors import UndecidedError, UsageError
from reprocheck.workflows.record_block import require_alone
from tests.conftest import ROOT, clean_environment

SCRIPT = """
import sys
import torch
from torch import nn
import reprocheck

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(4, 4)).sum().backward()
        optimizer.step()

{body}
"""
AROUND = """
train(2)
with reprocheck.recording("block.json"):
    train(3)
train(1)
print("done")
"""


def run(folder: Path, body: str, *before: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(SCRIPT.format(body=body), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", *before, "script.py"]
    env = clean_environment({"OMP_NUM_THREADS": "1"})
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=240)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")
def test_a_block_is_recorded_alone_and_verified_by_the_whole_command(tmp_path: Path) -> None:
    done = run(tmp_path, AROUND)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    (recorded,) = json.loads((tmp_path / "block.json").read_bytes())["runs"]
    assert (recorded["step_count"], recorded["program"]["script"]) == (3, "script.py")
    verify = ("-m", "reprocheck", "verify", "block.json", "--output-format", "json", "--", sys.executable)
    told: dict[str, Any] = json.loads(run(tmp_path, AROUND, *verify).stdout)
    assert (told["verdict"], told["checks"][-1]["detail"]) == ("bitwise", "3 steps bitwise")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")
@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("with reprocheck.recording('r.json'):\n    train(1)\n    raise SystemExit(7)", 7, ""),
        (
            "import warnings\nwarnings.simplefilter('always')\nwith reprocheck.recording('r.json'):\n    pass",
            0,
            "no record was written: no optimizer step was seen",
        ),
    ],
)
def test_a_block_that_does_not_end_well_leaves_the_record(tmp_path: Path, body: str, code: int, said: str) -> None:
    (tmp_path / "r.json").write_text("old")
    done = run(tmp_path, body)
    assert (done.returncode, said in done.stderr) == (code, True)
    assert (tmp_path / "r.json").read_text() == "old"


def test_a_place_that_cannot_be_written_is_found_before_the_training(tmp_path: Path) -> None:
    program = f"""
import reprocheck
try:
    with reprocheck.recording({str(tmp_path / "no" / "r.json")!r}):
        print("trained")
except Exception as error:
    print(type(error).__name__, error.why)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{UndecidedError.__name__} no such folder\n"


def test_an_error_says_in_its_traceback_what_to_do(tmp_path: Path) -> None:
    program = f"import reprocheck\nwith reprocheck.recording({str(tmp_path / 'no' / 'r.json')!r}):\n    pass"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-4:] == [
        f"reprocheck.errors.UndecidedError: cannot write `{(tmp_path / 'no' / 'r.json').as_posix()}`",
        f"  where: {(tmp_path / 'no').as_posix()}",
        "  why:   no such folder",
        "  how:   choose a folder that exists and is writable",
    ]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")
def test_a_block_that_changes_the_folder_is_recorded_where_it_began(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    body = "import os\nwith reprocheck.recording('r.json'):\n    os.chdir('elsewhere')\n    train(1)"
    done = run(tmp_path, body)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "r.json").is_file()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_rank_among_others_is_told_what_to_type() -> None:
    with pytest.raises(UsageError) as caught:
        require_alone({"WORLD_SIZE": "2"}, [])
    assert caught.value.lines() == [
        "error: a block of one rank is no record of the job",
        "  where: reprocheck.recording()",
        "  why:   this process is one of 2 ranks, and a record holds all of them",
        "  how:   leave the line as it is, and start the job by `reprocheck record -- torchrun …`",
    ]


def test_a_second_block_of_one_process_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        require_alone({"WORLD_SIZE": "1"}, [Path("r.json")])
    assert caught.value.what == "a second block of one process cannot be recorded"


def test_a_block_under_a_watch_without_torch_does_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REPROCHECK_WATCH", str(tmp_path / "job.json"))
    with recording(tmp_path / "no" / "r.json"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_importing_reprocheck_loads_nothing_heavy() -> None:
    heavy = ["torch", "click", "subprocess", "tempfile", "reprocheck.errors"]
    program = f"import reprocheck, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
