"""Which phase a difference between two machines can touch."""

from __future__ import annotations

import pytest

from reprocheck.model.verdicts import Cause
from reprocheck.numerics.cause_reach import causes_in_reach, differences_in_reach, switch_reaches
from reprocheck.numerics.causes import Difference


def reaches(path: str, *phases: str, is_own: bool = True) -> bool:
    difference = Difference(path=path, recorded="a", observed="b")
    return bool(differences_in_reach([difference], phases, is_own=is_own))


@pytest.mark.parametrize(
    ("path", "touched", "untouched"),
    [
        ("software.torch.version", "data", "end"),
        ("host.cpu.isa", "backward", "data"),
        ("host.cpu.isa", "init", "all-reduce"),
        ("accelerators", "random", "data"),
        ("driver.version", "forward", "init"),
        ("software.torch.nccl", "all-reduce", "backward"),
        ("runtime.env.NCCL_ALGO", "all-reduce", "forward"),
        ("software.torch.libraries.mkl", "optimizer", "all-reduce"),
        ("software.packages.numpy (pypi).version", "data", "backward"),
        ("runtime.flags.precision.float32MatmulPrecision", "forward", "data"),
        ("host.architecture", "data", "end"),
    ],
)
def test_a_difference_reaches_some_phases_only(path: str, touched: str, untouched: str) -> None:
    assert reaches(path, touched)
    assert not reaches(path, untouched)


@pytest.mark.parametrize("path", ["host.cpu.isa", "accelerators", "software.packages.numpy (pypi).version"])
def test_hashed_weights_and_data_come_from_nothing_that_differs(path: str) -> None:
    assert not reaches(path, "init", is_own=False)
    assert not reaches(path, "data", is_own=False)


def test_a_key_that_decides_no_bits_reaches_nothing() -> None:
    assert not reaches("host.memoryBytes", "forward")
    assert not reaches("host.memoryBytes")


def test_one_of_several_phases_is_enough() -> None:
    assert reaches("host.cpu.isa", "data", "backward")


def test_where_no_phase_is_known_all_reach() -> None:
    assert reaches("host.cpu.isa")
    assert reaches("host.cpu.isa", "loss")


def test_causes_are_chosen_by_phase() -> None:
    causes = [Cause(what=what, evidence=(), fix="") for what in ("another number of threads", "another seed", "else")]
    assert [cause.what for cause in causes_in_reach(causes, {"data"}, is_own=True)] == ["another seed", "else"]


@pytest.mark.parametrize(
    ("name", "phase", "on_gpu", "touches"),
    [
        ("nccl-algo", "all-reduce", False, True),
        ("ddp-bucket-cap-mb", "all-reduce", False, True),
        ("flush-denormal", "all-reduce", False, False),
        ("loader-workers", "data", False, True),
        ("python-hash-seed", "data", False, True),
        ("flush-denormal", "data", False, False),
        ("nccl-algo", "forward", True, False),
        ("loader-workers", "forward", False, False),
        ("allow-tf32-cudnn", "forward", True, True),
        ("allow-tf32-cudnn", "forward", False, False),
        ("flush-denormal", "end", False, False),
        ("float32-matmul-precision", "forward", False, True),
        ("float32-matmul-precision", "optimizer", False, False),
        ("aten-cpu-capability", "optimizer", False, True),
        ("of-a-newer-release", "optimizer", False, True),
    ],
)
def test_a_switch_reaches_phases_by_where_it_acts(name: str, phase: str, on_gpu: bool, touches: bool) -> None:
    assert switch_reaches(name, phase, on_gpu=on_gpu) is touches
