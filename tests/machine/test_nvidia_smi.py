"""What nvidia-smi prints. The texts are modelled on public logs of both generations of its banner."""

from __future__ import annotations

import pytest

from reprocheck.machine.nvidia_smi import QUERY_FIELDS, parse_banner, parse_query, query_command

OLD_BANNER = """\
Wed Jul 21 19:00:09 2021
+-----------------------------------------------------------------------------+
| NVIDIA-SMI 470.57.02    Driver Version: 470.57.02    CUDA Version: 11.4     |
|-------------------------------+----------------------+----------------------+
"""
NEW_BANNER = """\
Sun Jun  7 08:16:57 2026
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 610.43.02              KMD Version: 610.43.02     CUDA UMD Version: 13.3     |
+-----------------------------------------+------------------------+----------------------+
"""
MISSING_VERSION = {"status": "missing", "detail": "nvidia-smi prints no driver version"}
MISSING_CUDA = {"status": "missing", "detail": "nvidia-smi prints no CUDA version"}
NOT_SUPPORTED = {"status": "missing", "detail": "not supported"}


@pytest.mark.parametrize(
    ("text", "version", "cuda"),
    [(OLD_BANNER, "470.57.02", "11.4"), (NEW_BANNER, "610.43.02", "13.3")],
    ids=["driver and cuda", "kmd and cuda umd"],
)
def test_both_generations_of_the_banner_are_read(text: str, version: str, cuda: str) -> None:
    assert parse_banner(text) == {"version": version, "cudaUserMax": cuda}


def test_a_banner_before_cuda_was_printed_has_a_driver_only() -> None:
    text = "| NVIDIA-SMI 331.62     Driver Version: 331.62         |"
    assert parse_banner(text) == {"version": "331.62", "cudaUserMax": MISSING_CUDA}


def test_cuda_that_is_not_available_is_missing() -> None:
    text = OLD_BANNER.replace("11.4", "N/A ")
    assert parse_banner(text)["cudaUserMax"] == MISSING_CUDA


def test_the_number_after_the_name_of_the_tool_is_no_driver() -> None:
    assert parse_banner("| NVIDIA-SMI 470.57.02 |") == {"version": MISSING_VERSION, "cudaUserMax": MISSING_CUDA}


def test_each_gpu_is_one_line() -> None:
    text = "NVIDIA A100-SXM4-80GB, 81920, Disabled, 535.161.08, 8.0\nTesla V100, 16160, [N/A], 535.161.08, 7.0\n"
    assert parse_query(text) == [
        {
            "name": "NVIDIA A100-SXM4-80GB",
            "memoryBytes": 81920 * 2**20,
            "mig": "disabled",
            "driver": "535.161.08",
            "computeCapability": "8.0",
        },
        {
            "name": "Tesla V100",
            "memoryBytes": 16160 * 2**20,
            "mig": NOT_SUPPORTED,
            "driver": "535.161.08",
            "computeCapability": "7.0",
        },
    ]


def test_a_mig_slice_that_may_not_tell_its_memory_is_denied() -> None:
    (device,) = parse_query("NVIDIA A100, [Insufficient Permissions], Enabled, 535.161.08, 8.0")
    assert device["memoryBytes"] == {"status": "denied", "detail": "insufficient permissions"}
    assert device["mig"] == "enabled"


@pytest.mark.parametrize("cell", ["[Unknown Error]", "[GPU requires reset]"])
def test_any_other_excuse_is_an_error(cell: str) -> None:
    (device,) = parse_query(f"{cell}, 1, N/A, 535.161.08, 8.0")
    assert device["name"] == {"status": "error", "detail": cell.strip("[]").lower()}


def test_a_driver_that_does_not_know_compute_capabilities_says_so() -> None:
    (device,) = parse_query("Tesla K80, 11441, [Not Supported], 450.80.02", QUERY_FIELDS[:-1])
    assert device["computeCapability"] == {
        "status": "missing",
        "detail": "this driver's nvidia-smi does not tell it",
    }


def test_memory_that_is_no_number_is_an_error() -> None:
    (device,) = parse_query("GPU, many, N/A, 535.161.08, 8.0")
    assert device["memoryBytes"] == {"status": "error", "detail": "memory is no number"}


def test_warnings_between_the_lines_are_left_out() -> None:
    assert parse_query("WARNING: infoROM is corrupted at gpu 0000:01:00.0\n\n") == []


def test_the_query_asks_for_no_identity() -> None:
    command = query_command("nvidia-smi", QUERY_FIELDS)
    assert command == [
        "nvidia-smi",
        "--query-gpu=name,memory.total,mig.mode.current,driver_version,compute_cap",
        "--format=csv,noheader,nounits",
    ]
