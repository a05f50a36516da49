"""The job `describe`, in a fresh process of the running interpreter with a torch that is played where it must fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reprocheck.worker.describe import describe, describe_python

PARTS = ["environment", "python", "packages", "torch", "settings", "switches"]

IN_A_FRESH_PROCESS = """
import json, sys
from reprocheck.worker.describe import describe
describe({job}, lambda line: print(json.dumps(line, sort_keys=True, allow_nan=False), flush=True))
"""


def described(folder: Path, torch: str, job: str = "{}") -> list[tuple[str, Any]]:
    """Return the parts that a process tells whose torch consists of the source `torch`."""
    (folder / "torch.py").write_text(torch)
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(root)])}
    command = [sys.executable, "-c", IN_A_FRESH_PROCESS.format(job=job)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60, env=env)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [(line["part"], line["value"]) for line in lines]


def test_a_missing_torch_is_a_status(tmp_path: Path) -> None:
    parts = described(tmp_path, "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    missing = {"status": "missing", "detail": "torch is not installed"}
    assert [name for name, _ in parts] == PARTS
    assert parts[3:] == [("torch", missing), ("settings", missing), ("switches", missing)]


def test_a_torch_that_lacks_a_module_of_its_own_is_broken_and_not_missing(tmp_path: Path) -> None:
    parts = described(tmp_path, "import a_module_that_nobody_has")
    detail = "ModuleNotFoundError: No module named 'a_module_that_nobody_has'"
    assert dict(parts)["torch"] == {"status": "error", "detail": detail}


def test_a_torch_whose_library_is_missing_says_which_without_its_path(tmp_path: Path) -> None:
    parts = described(tmp_path, "raise OSError('libcudnn.so.9: cannot open /home/alice/lib/libcudnn.so.9')")
    detail = "OSError: libcudnn.so.9: cannot open <path>"
    assert dict(parts)["torch"] == {"status": "error", "detail": detail}


def test_a_torch_that_crashes_comes_after_all_else_was_said(tmp_path: Path) -> None:
    assert [name for name, _ in described(tmp_path, "import os; os._exit(3)")] == PARTS[:3]


def test_an_empty_torch_has_a_status_for_everything(tmp_path: Path) -> None:
    parts = dict(described(tmp_path, ""))
    assert parts["torch"]["version"] == {"status": "missing", "detail": "not in this torch"}
    assert parts["settings"]["threads"]["intraOp"] == {"status": "missing", "detail": "not in this torch"}
    assert parts["switches"]["threads"] == {"status": "missing", "detail": "not in this torch"}
    assert parts["switches"]["aten-cpu-capability"] == {"status": "missing", "detail": "not told by this torch"}
    assert parts["switches"]["flush-denormal"]["status"] == "raises"


def test_variables_that_torch_sets_itself_are_not_the_users(tmp_path: Path) -> None:
    parts = dict(described(tmp_path, "import os; os.environ['CUDA_MODULE_LOADING'] = 'LAZY'"))
    assert "CUDA_MODULE_LOADING" not in parts["environment"]


def test_without_torch_the_job_stops_before_it() -> None:
    lines: list[dict[str, Any]] = []
    describe({"torch": False}, lines.append)
    assert [line["part"] for line in lines] == PARTS[:3]


def test_this_python_is_described() -> None:
    python = describe_python()
    assert python["version"] == ".".join(map(str, sys.version_info[:3]))
    assert python["environment"] in {"conda", "venv", "system"}


@pytest.mark.parametrize("folder", ["conda-meta", "nothing"])
def test_a_prefix_with_conda_records_is_a_conda_environment(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert describe_python()["environment"] == ("conda" if folder == "conda-meta" else "venv")
