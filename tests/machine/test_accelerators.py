"""Accelerators through small programs that play NVML and nvidia-smi; their words are modelled on public logs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reprocheck.machine.accelerators import ABSENT, AcceleratorReading, read_accelerators
from reprocheck.machine.driver_questions import AcceleratorSources
from reprocheck.model.json_documents import Json

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX shell scripts play the programs")

BANNER = "| NVIDIA-SMI 470.57.02    Driver Version: 470.57.02    CUDA Version: 11.4     |"
ROW = "Tesla V100-SXM2-16GB, 16160, [N/A], 470.57.02, 7.0"
V100 = {
    "vendor": "nvidia",
    "model": "Tesla V100-SXM2-16GB",
    "count": 1,
    "memoryBytes": 16160 * 2**20,
    "computeCapability": "7.0",
    "mig": {"status": "missing", "detail": "not supported"},
}
NO_LIBCUDA: Json = {"status": "missing", "detail": "there is no libcuda"}
NO_NVML = {"status": "missing", "detail": "nvidia-ml-py is not installed"}
KERNEL_MODULE = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021\nGCC version:\n"
)
OPEN_KERNEL_MODULE = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (builder)\n"

Read = Callable[..., AcceleratorReading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read accelerators from what the two programs are made to say; None leaves a program out."""

    def reading(
        nvml: Json,
        smi: str | None = None,
        module: str | None = None,
        deadline_s: float = 20.0,
        cuda: Sequence[Json] = (NO_LIBCUDA,),
    ) -> AcceleratorReading:
        if module is not None:
            (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
            (tmp_path / "proc/driver/nvidia/version").write_text(module)
        program = tmp_path / "nvidia-smi"
        if smi is not None:
            program.write_text(f"#!/bin/sh\n{smi}\n")
            program.chmod(0o755)
        command: Sequence[str] = [sys.executable, "-c", f"print({json.dumps(nvml)!r})"]
        libcuda = [sys.executable, "-c", "\n".join(f"print({json.dumps(line)!r})" for line in cuda)]
        return read_accelerators(
            AcceleratorSources(
                nvml_command=command,
                cuda_command=libcuda,
                nvidia_smi=str(program),
                root=tmp_path,
                deadline_s=deadline_s,
            )
        )

    return reading


def smi(banner: str, query: str) -> str:
    return f"if [ $# = 0 ]; then\n{banner}\nelse\n{query}\nfi"


def test_nvml_is_enough_and_equal_gpus_are_counted(read: Read) -> None:
    gpu = {"name": "NVIDIA H100", "memoryBytes": 85_520_809_984, "computeCapability": "9.0", "mig": "disabled"}
    reading = read({"driver": "550.54.15", "cuda": 12040, "devices": [gpu, gpu]}, module=KERNEL_MODULE)
    assert reading.accelerators == [
        {
            "vendor": "nvidia",
            "model": "NVIDIA H100",
            "count": 2,
            "memoryBytes": 85_520_809_984,
            "computeCapability": "9.0",
            "mig": "disabled",
        }
    ]
    assert reading.driver == {"version": "550.54.15", "cudaUserMax": "12.4", "kernelModule": "470.57.02"}
    assert reading.collection == (
        {"source": "nvml", "status": "ok"},
        {"source": "cuda-driver", "status": "missing", "detail": "there is no libcuda"},
        {"source": "nvidia-kernel-module", "status": "ok"},
    )


def test_a_value_that_nvml_denies_keeps_its_status(read: Read) -> None:
    denied = {"status": "denied", "detail": "insufficient permissions"}
    gpu = {"name": "NVIDIA A100", "memoryBytes": denied, "computeCapability": "8.0", "mig": "enabled"}
    reading = read({"driver": "535.161.08", "cuda": denied, "devices": [gpu]})
    assert isinstance(reading.accelerators, list)
    assert reading.accelerators[0]["memoryBytes"] == denied
    assert reading.driver["cudaUserMax"] == denied


def test_without_nvml_nvidia_smi_tells(read: Read) -> None:
    reading = read(NO_NVML, smi(f"echo '{BANNER}'", f"echo '{ROW}'"))
    assert reading.accelerators == [V100]
    assert reading.driver == {
        "version": "470.57.02",
        "cudaUserMax": "11.4",
        "kernelModule": {"status": "missing", "detail": "the nvidia module is not loaded"},
    }
    assert reading.collection[:2] == (
        {"source": "nvml", **NO_NVML},
        {"source": "nvidia-smi", "status": "ok"},
    )


def test_an_old_driver_is_asked_again_without_the_field_it_does_not_know(read: Read) -> None:
    query = (
        'case "$1" in\n*compute_cap*) echo \'Field "compute_cap" is not a valid field to query.\'; exit 2;;\n'
        f"*) echo '{ROW.rpartition(',')[0]}';;\nesac"
    )
    reading = read(NO_NVML, smi(f"echo '{BANNER}'", query))
    unknown = {"status": "missing", "detail": "this driver's nvidia-smi does not tell it"}
    assert reading.accelerators == [{**V100, "computeCapability": unknown}]


def test_a_banner_without_a_driver_takes_it_from_the_query(read: Read) -> None:
    assert read(NO_NVML, smi("echo hello", f"echo '{ROW}'")).driver["version"] == "470.57.02"


def test_a_driver_without_gpus_is_an_empty_list(read: Read) -> None:
    words = "echo 'No devices were found'; exit 6"
    reading = read(NO_NVML, smi(words, words), KERNEL_MODULE)
    assert reading.accelerators == []
    assert reading.driver["kernelModule"] == "470.57.02"


def test_a_query_that_fails_leaves_the_gpus_unknown(read: Read) -> None:
    reading = read(NO_NVML, smi(f"echo '{BANNER}'", "echo 'Unable to determine the device handle'; exit 15"))
    assert reading.accelerators == {"status": "exit-15", "detail": "Unable to determine the device handle"}
    assert reading.driver["version"] == "470.57.02"


def test_no_driver_at_all_is_said_to_be_none(read: Read) -> None:
    reading = read(NO_NVML)
    assert reading.accelerators == []
    assert reading.driver["version"] == ABSENT == {"status": "missing", "detail": "no NVIDIA driver on this machine"}


def test_a_loaded_module_that_nobody_can_ask_is_not_none(read: Read) -> None:
    unknown = {"status": "missing", "detail": "the nvidia module is loaded, but neither NVML nor nvidia-smi is here"}
    reading = read(NO_NVML, module=OPEN_KERNEL_MODULE)
    assert reading.accelerators == unknown
    assert reading.driver == {"version": "580.65.06", "cudaUserMax": unknown, "kernelModule": "580.65.06"}


def test_a_driver_that_does_not_match_its_library_is_told_in_its_words(read: Read) -> None:
    words = "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18"
    reading = read({"status": "error", "detail": "driver/library version mismatch"}, words)
    assert reading.accelerators == {"status": "error", "detail": "driver/library version mismatch"}
    assert reading.collection[1] == {
        "source": "nvidia-smi",
        "status": "exit-18",
        "detail": "Failed to initialize NVML: Driver/library version mismatch",
    }


def test_nvidia_smi_that_hangs_is_a_timeout_and_not_a_missing_driver(read: Read) -> None:
    reading = read(NO_NVML, "trap '' TERM; sleep 60", deadline_s=1.0)
    assert reading.accelerators == {"status": "timeout", "detail": "no answer within 1 s"}


def test_a_kernel_module_in_unknown_words_is_an_error(read: Read) -> None:
    expected = {"status": "error", "detail": "no version in /proc/driver/nvidia/version"}
    assert read(NO_NVML, module="something else\n").driver["kernelModule"] == expected


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("print('not json')", {"status": "error", "detail": "the NVML child spoke no JSON object"}),
        ("print('[]')", {"status": "error", "detail": "the NVML child spoke no JSON object"}),
        ("import os; os.abort()", {"status": "exit-134"}),
        (
            "raise RuntimeError('broken at /home/alice/x')",
            {"status": "exit-1", "detail": "RuntimeError: broken at <path>"},
        ),
    ],
    ids=["no json", "no object", "crash", "traceback"],
)
def test_an_nvml_child_that_breaks_is_told(tmp_path: Path, script: str, failure: Json) -> None:
    sources = AcceleratorSources(
        nvml_command=[sys.executable, "-c", script],
        cuda_command=[str(tmp_path / "none")],
        nvidia_smi=str(tmp_path / "none"),
        root=tmp_path,
    )
    reading = read_accelerators(sources)
    assert reading.accelerators == failure


def test_this_machine_answers_whatever_it_has() -> None:
    reading = read_accelerators()
    assert {entry["source"] for entry in reading.collection} >= {"nvml", "nvidia-kernel-module"}
    assert set(reading.driver) == {"version", "cudaUserMax", "kernelModule"}


def test_a_version_file_that_may_not_be_read_is_no_missing_module(tmp_path: Path, read: Read) -> None:
    (tmp_path / "proc/driver/nvidia/version").mkdir(parents=True)
    assert read(NO_NVML).driver["kernelModule"] == {"status": "error", "detail": "is a directory"}


def test_slices_of_a_gpu_are_told_with_it(read: Read) -> None:
    gpu = {"name": "NVIDIA A100", "memoryBytes": 1, "computeCapability": "8.0", "mig": "enabled", "slices": ["2g.20gb"]}
    reading = read({"driver": "535.161.08", "cuda": 12020, "devices": [gpu, {**gpu, "slices": "all"}]})
    assert isinstance(reading.accelerators, list)
    wrong = {"status": "error", "detail": "the slices are no list"}
    assert [found["slices"] for found in reading.accelerators] == [["2g.20gb"], wrong]


def test_nvml_that_is_slow_is_waited_for_and_nvidia_smi_ended(tmp_path: Path) -> None:
    """A node that wakes up its GPUs first: nvidia-smi is asked beside it, and what NVML tells at last counts."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    slow = 'import time; time.sleep(2.5); print(\'{"driver": "535.161.08", "cuda": 12020, "devices": []}\')'
    sources = AcceleratorSources(
        nvml_command=[sys.executable, "-c", slow], cuda_command=["true"], nvidia_smi=str(program), root=tmp_path
    )
    started = time.monotonic()
    reading = read_accelerators(sources)
    assert time.monotonic() - started < 7
    assert reading.driver["version"] == "535.161.08"
    assert [entry["source"] for entry in reading.collection] == ["nvml", "cuda-driver", "nvidia-kernel-module"]


def test_all_sources_that_hang_share_one_deadline(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\ntrap '' TERM\nsleep 60\n")
    program.chmod(0o755)
    hanging = [str(program)]
    sources = AcceleratorSources(
        nvml_command=hanging, cuda_command=hanging, nvidia_smi=str(program), root=tmp_path, deadline_s=2.0
    )
    started = time.monotonic()
    reading = read_accelerators(sources)
    assert time.monotonic() - started < 6
    late = {"status": "timeout", "detail": "no answer within 2 s"}
    assert reading.accelerators == reading.driver["version"] == reading.driver["cudaUserMax"] == late
    assert [entry["status"] for entry in reading.collection] == ["timeout", "timeout", "timeout", "missing"]


def test_wsl_keeps_nvidia_smi_in_a_folder_of_its_own(tmp_path: Path, read: Read) -> None:
    program = tmp_path / "usr/lib/wsl/lib/nvidia-smi"
    program.parent.mkdir(parents=True)
    script = smi(f"echo '{BANNER}'", f"echo '{ROW}'")
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert read(NO_NVML).driver["version"] == "470.57.02"
