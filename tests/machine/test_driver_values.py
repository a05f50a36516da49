"""One value at a time: of the right type and within reason, or the status of what is wrong with it."""

from __future__ import annotations

import pytest

from reprocheck.machine.driver_values import (
    Reader,
    compute_capability,
    cuda_release,
    driver_version,
    memory_bytes,
    mig_mode,
    model_name,
    read_value,
    slice_profile,
    status_of,
    told,
)


@pytest.mark.parametrize(
    ("reader", "value", "read"),
    [
        (driver_version, "470.57.02", "470.57.02"),
        (driver_version, "96.43", "96.43"),
        (compute_capability, "12.0", "12.0"),
        (memory_bytes, 85_899_345_920, 85_899_345_920),
        (mig_mode, "enabled", "enabled"),
        (cuda_release, 12040, "12.4"),
        (cuda_release, 9020, "9.2"),
        (slice_profile, "1g.10gb+me", "1g.10gb+me"),
        (model_name, "NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"),
        (model_name, "GPU at /home/alice", "GPU at <path>"),
    ],
)
def test_a_good_value_passes(reader: Reader, value: object, read: object) -> None:
    assert reader(value) == read


@pytest.mark.parametrize(
    ("reader", "values", "complaint"),
    [
        (
            driver_version,
            ["470", "470.57.02 ", "v470.57", 470.57, None, "1" * 500 + ".1"],
            "the driver version is none",
        ),
        (compute_capability, ["9", "9.0.0", "sm_90", 9.0, "٩.٠"], "the compute capability is none"),
        (memory_bytes, [0, -1, True, 2**53, 1.5, "80"], "memory is no number"),
        (mig_mode, ["Enabled", "", None, 1, []], "no mode of MIG"),
        (cuda_release, [True, 12, 10**30, "12040", 12.4], "the CUDA version is none"),
        (slice_profile, ["", "MIG", "1g.10gb\n"], "the profile of the slice is none"),
        (model_name, ["", " ", "x" * 101, "a\x1b[31mb", "a\u202eb", None, 7], "the name is none"),
    ],
)
def test_a_bad_value_is_an_error(reader: Reader, values: list[object], complaint: str) -> None:
    for value in values:
        assert reader(value) == {"status": "error", "detail": complaint}, value


def test_a_value_may_be_missing_or_a_status() -> None:
    denied = {"status": "denied", "detail": "insufficient permissions"}
    assert read_value({}, "mig", mig_mode) == {"status": "missing", "detail": "not told"}
    assert read_value({"mig": denied}, "mig", mig_mode) == denied
    assert read_value({"mig": "disabled"}, "mig", mig_mode) == "disabled"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"status": "ok"}, {"status": "error"}),
        ({"status": "missing", "detail": 7}, {"status": "missing"}),
        ({"status": "denied", "detail": "x" * 500}, {"status": "denied", "detail": "x" * 200}),
        ({"status": "error", "detail": "a\n b", "more": 1}, {"status": "error", "detail": "a b"}),
        ({"status": 7}, None),
        ({}, None),
        ("missing", None),
    ],
)
def test_a_status_is_one_of_ours_and_its_detail_a_short_line(value: object, status: object) -> None:
    assert status_of(value) == status


@pytest.mark.parametrize(
    "identity",
    [
        "GPU-1a2b3c4d-0000-0000-0000-00000000cafe",
        "MIG-1a2b3c4d-0000-0000-0000-00000000cafe",
        "MIG-GPU-1a2b3c4d-0000-0000-0000-00000000cafe/1/0",
    ],
)
def test_the_identity_of_a_gpu_is_never_told(identity: str) -> None:
    assert told(f"no {identity} here") == "no <id> here"


def test_the_number_of_a_gpu_is_no_identity() -> None:
    assert told("GPU1: 0000:34:00.0: Unknown Error") == "GPU1: 0000:34:00.0: Unknown Error"
