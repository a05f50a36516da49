"""GPU names as people and drivers write them give the compute capability; unknown ones give nothing."""

from __future__ import annotations

import pytest

from reprocheck.facts.cuda_versions import numbers
from reprocheck.facts.gpu_arch import (
    GpuKind,
    architecture_of,
    architectures,
    compute_capability_of,
    gpu_names,
    is_tegra,
    is_within_reach,
    kind_of,
    newest_known_gpu,
)
from reprocheck.facts.tables import rows_of


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("sm_70", "7.0"),
        ("SM90", "9.0"),
        ("sm_90a", "9.0"),
        ("8.6", "8.6"),
        ("sm_120", "12.0"),
        ("V100", "7.0"),
        ("Tesla V100-SXM2-16GB", "7.0"),
        ("NVIDIA A100-SXM4-80GB", "8.0"),
        ("NVIDIA H200", "9.0"),
        ("NVIDIA GeForce RTX 2080 Ti", "7.5"),
        ("NVIDIA GeForce RTX 3090", "8.6"),
        ("Quadro RTX 6000", "7.5"),
        ("NVIDIA RTX 6000 Ada Generation", "8.9"),
        ("L40S", "8.9"),
        ("L4", "8.9"),
        ("T4", "7.5"),
        ("NVIDIA A100 80GB PCIe", "8.0"),
        ("NVIDIA H100 80GB HBM3", "9.0"),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "9.0"),
        ("NVIDIA A100-SXM4-40GB MIG 3g.20gb+me", "8.0"),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "8.9"),
        ("GTX 780 Ti", "3.5"),
        ("RTX4090", "8.9"),
        ("rtx-5090", "12.0"),
    ],
)
def test_a_known_gpu_has_its_capability(name: str, capability: str) -> None:
    assert compute_capability_of(name) == capability


@pytest.mark.parametrize(("name", "capability"), [("sm_130", "13.0"), ("13.0", "13.0"), ("compute_122", "12.2")])
def test_a_capability_newer_than_the_table_passes(name: str, capability: str) -> None:
    assert numbers(capability) > newest_known_gpu()
    assert compute_capability_of(name) == capability


@pytest.mark.parametrize("name", ["sm_99", "sm_999999", "A1000X", "Radeon VII", "9.7", "", "T400000", "GPU"])
def test_an_unknown_gpu_is_not_guessed(name: str) -> None:
    assert compute_capability_of(name) is None


def test_names_are_offered_sorted_and_without_slashes_inside() -> None:
    names = gpu_names()
    assert names == sorted(set(names))
    assert all(compute_capability_of(name) for name in names)
    assert not any("/" in name for name in names)
    assert {"sm_90", "RTX 2060", "RTX 2080", "RTX A4000", "V100"} <= set(names)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NVIDIA GeForce RTX 4090", "consumer"),
        ("RTX 4070 Ti SUPER", "consumer"),
        ("NVIDIA A100-SXM4-80GB", "datacenter"),
        ("RTX A6000", "workstation"),
        ("NVIDIA RTX 6000 Ada Generation", "workstation"),
        ("Jetson AGX Orin", "tegra"),
        ("sm_86", None),  # an A10 or an RTX 3090
        ("Radeon VII", None),
    ],
)
def test_what_a_product_is_made_for(name: str, kind: GpuKind | None) -> None:
    assert kind_of(name) == kind


def test_an_architecture_knows_its_range_of_cuda_and_drivers() -> None:
    volta, hopper = architecture_of((7, 0)), architecture_of((9, 0))
    assert volta is not None
    assert hopper is not None
    assert (volta.first_cuda, volta.last_cuda, volta.last_driver_branch) == ((9, 0), (12, 9), 580)
    assert (hopper.first_cuda, hopper.last_cuda, hopper.last_driver_branch) == ((11, 8), None, None)
    assert architecture_of((99, 0)) is None


def test_products_of_a_kind_are_products() -> None:
    rows = rows_of("gpu_arch", "architectures")
    assert all(set(row["workstation"]) | set(row["consumer"]) <= set(row["products"]) for row in rows)
    assert [is_tegra(known.compute_capability) for known in architectures() if "Jetson" in known.products[0]] == [
        True
    ] * 6


def test_a_cuda_reaches_a_gpu_by_way_of_an_older_one_of_its_major() -> None:
    assert is_within_reach((8, 9), (11, 2))  # sm_80 and sm_86 code runs on it
    assert not is_within_reach((9, 0), (11, 7))
    assert not is_within_reach((8, 9), (10, 2))
