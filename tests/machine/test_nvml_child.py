"""The NVML child, run as it is run: a script, beside a small module that plays `pynvml`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import reprocheck.machine.accelerators as accelerators
from reprocheck.machine.child_process import run_child
from reprocheck.machine.nvml_answer import parse_nvml
from reprocheck.model.json_documents import Json

SCRIPT = Path(accelerators.__file__).with_name("nvml_child.py")

# Names and numbers as in nvml.h; what one GPU answers is modelled on public logs of a MIG slice in a container.
PYNVML = """
class NVMLError(Exception):
    def __init__(self, value): self.value = value
    def __str__(self): return {4: "Insufficient Permissions", 3: "Not Supported", 9: "Driver Not Loaded",
                               12: "NVML Shared Library Not Found", 6: "Not Found",
                               18: "RM has detected an NVML/RM version mismatch.",
                               15: "GPU is lost"}[self.value]
NVML_ERROR_NO_PERMISSION, NVML_ERROR_NOT_SUPPORTED = 4, 3
NVML_ERROR_DRIVER_NOT_LOADED, NVML_ERROR_LIBRARY_NOT_FOUND = 9, 12
class Memory: total = 85899345920
def fail(code): raise NVMLError(code)
def nvmlInit(): INIT
def nvmlDeviceGetCount(): return 3
def nvmlSystemGetDriverVersion(): return b"535.161.08"
def nvmlSystemGetCudaDriverVersion_v2(): return 12020
def nvmlDeviceGetHandleByIndex(index): return index if index < 2 else fail(15)
def nvmlDeviceGetName(handle): return "NVIDIA A100"
def nvmlDeviceGetMemoryInfo(handle): return Memory if handle == 0 else fail(4)
def nvmlDeviceGetCudaComputeCapability(handle): return [8, 0]
"""


def ask(tmp_path: Path, init: str = "return None", more: str = "") -> Json:
    (tmp_path / "pynvml.py").write_text(PYNVML.replace("INIT", init) + more)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    outcome = run_child([sys.executable, str(SCRIPT)], deadline_s=20.0, env=env)
    assert (outcome.status, outcome.stderr) == ("ok", "")
    answer: Json = json.loads(outcome.stdout)
    return answer


def test_every_value_is_read_on_its_own(tmp_path: Path) -> None:
    lost = {"status": "error", "detail": "gpu is lost"}
    no_mig = {"status": "missing", "detail": "this nvidia-ml-py cannot ask it"}
    denied = {"status": "denied", "detail": "insufficient permissions"}
    first = {"name": "NVIDIA A100", "memoryBytes": 85899345920, "computeCapability": "8.0", "mig": no_mig}
    assert ask(tmp_path) == {
        "driver": "535.161.08",
        "cuda": 12020,
        "devices": [
            first,
            {**first, "memoryBytes": denied},
            {"name": lost, "memoryBytes": lost, "computeCapability": lost, "mig": lost},
        ],
    }


def test_the_mode_of_mig_is_told(tmp_path: Path) -> None:
    answer = ask(tmp_path, more="def nvmlDeviceGetMigMode(handle): return [1, 1] if handle == 0 else fail(3)\n")
    assert isinstance(answer, dict)
    modes = [device["mig"] for device in answer["devices"][:2]]
    assert modes == ["enabled", {"status": "missing", "detail": "not supported"}]


SLICES = """
NVML_ERROR_NOT_FOUND = 6
def nvmlDeviceGetMigMode(handle): return [1, 1]
def nvmlDeviceGetMaxMigDeviceCount(handle): return 3
def nvmlDeviceGetMigDeviceHandleByIndex(handle, index): return ("slice", index) if index != 1 else fail(6)
def nvmlDeviceGetName(handle): return "NVIDIA A100 MIG 1g.10gb" if handle == ("slice", 0) else "NVIDIA A100 MIG 2g.20gb"
"""


def test_the_slices_of_mig_are_told_by_their_profiles(tmp_path: Path) -> None:
    answer = ask(tmp_path, more=SLICES)
    assert isinstance(answer, dict)
    assert answer["devices"][0]["slices"] == ["1g.10gb", "2g.20gb"]
    read: Any = parse_nvml(json.dumps(answer))
    assert read["devices"][0]["slices"] == ["1g.10gb", "2g.20gb"]


def test_slices_that_may_not_be_read_are_denied(tmp_path: Path) -> None:
    answer = ask(tmp_path, more=SLICES.replace("else fail(6)", "else fail(4)"))
    assert isinstance(answer, dict)
    assert answer["devices"][0]["slices"] == {"status": "denied", "detail": "insufficient permissions"}


def test_a_library_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert ask(tmp_path, "fail(12)") == {"status": "missing", "detail": "nvml shared library not found"}


def test_a_mismatch_of_driver_and_library_is_an_error(tmp_path: Path) -> None:
    expected = {"status": "error", "detail": "rm has detected an nvml/rm version mismatch."}
    assert ask(tmp_path, "fail(18)") == expected


def test_a_count_that_is_denied_stands_for_the_devices(tmp_path: Path) -> None:
    answer = ask(tmp_path, more="def nvmlDeviceGetCount(): fail(4)\n")
    assert isinstance(answer, dict)
    assert answer["devices"] == {"status": "denied", "detail": "insufficient permissions"}


def test_without_nvidia_ml_py_the_child_says_so(tmp_path: Path) -> None:
    (tmp_path / "pynvml.py").write_text("raise ImportError('not here')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    outcome = run_child([sys.executable, str(SCRIPT)], deadline_s=20.0, env=env)
    assert json.loads(outcome.stdout) == {"status": "missing", "detail": "nvidia-ml-py is not installed"}
