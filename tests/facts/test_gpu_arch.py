"""GPU names as people and drivers write them give the compute capability; unknown ones give nothing."""

from __future__ import annotations

import pytest

from reprocheck.facts.gpu_arch import compute_capability_of, gpu_names


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
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "8.9"),
        ("GTX 780 Ti", "3.5"),
    ],
)
def test_a_known_gpu_has_its_capability(name: str, capability: str) -> None:
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
