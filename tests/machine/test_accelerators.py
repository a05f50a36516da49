"""Accelerators through small programs that play NVML and nvidia-smi; their words are modelled on public logs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reprocheck.machine.accelerators import ABSENT, AcceleratorReading, AcceleratorSources, read_accelerators
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
        nvml: Json, smi: str | None = None, module: str | None = None, deadline_s: float = 20.0
    ) -> AcceleratorReading:
        if module is not None:
            (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
            (tmp_path / "proc/driver/nvidia/version").write_text(module)
        program = tmp_path / "nvidia-smi"
        if smi is not None:
            program.write_text(f"#!/bin/sh\n{smi}\n")
            program.chmod(0o755)
        command: Sequence[str] = [sys.executable, "-c", f"print({json.dumps(nvml)!r})"]
        return read_accelerators(
            AcceleratorSources(nvml_command=command, nvidia_smi=str(program), root=tmp_path, deadline_s=deadline_s)
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
    assert reading.driver == {"version": unknown, "cudaUserMax": unknown, "kernelModule": "580.65.06"}


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
        ("print('not json')", {"status": "error", "detail": "the NVML child spoke no JSON"}),
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
        nvml_command=[sys.executable, "-c", script], nvidia_smi=str(tmp_path / "none"), root=tmp_path
    )
    reading = read_accelerators(sources)
    assert reading.accelerators == failure


def test_this_machine_answers_whatever_it_has() -> None:
    reading = read_accelerators()
    assert {entry["source"] for entry in reading.collection} >= {"nvml", "nvidia-kernel-module"}
    assert set(reading.driver) == {"version", "cudaUserMax", "kernelModule"}
