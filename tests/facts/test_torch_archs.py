"""Kernels of torch builds against GPUs: what is known to run, what needs PTX, and what does not run."""

from __future__ import annotations

import pytest

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.torch_archs import (
    Archs,
    Build,
    Coverage,
    archs_of,
    coverage,
    covering_conda_forge,
    covering_wheel,
    cubin_runs,
    ptx_compiles,
    shown,
)


def wheel(torch: str, cuda: str, platform: str = "linux-64") -> Build:
    return Build("wheel", numbers(torch), numbers(cuda), platform)


def forge(cuda: str, platform: str = "linux-64", variant: str | None = None) -> Build:
    return Build("conda-forge", (2, 8, 0), numbers(cuda), platform, variant)


@pytest.mark.parametrize(
    ("build", "capability", "reached"),
    [
        (wheel("1.13.1", "11.7"), (8, 9), "cubin"),  # an RTX 4090 runs the sm_86 code
        (wheel("1.13.1", "11.7"), (9, 0), "none"),
        (wheel("1.13.1", "11.7", "win-64"), (9, 0), "ptx"),
        (Build("pytorch", (1, 13, 1), (11, 7), "linux-64"), (9, 0), "ptx"),
        (Build("pytorch", (2, 5, 1), (12, 4), "linux-64"), (12, 0), "none"),
        (wheel("2.11.0", "13.0"), (7, 0), "none"),  # the default of 2.11 left the V100
        (wheel("2.11.0", "12.6"), (7, 0), "cubin"),
        (wheel("2.11.0", "12.8"), (7, 0), "none"),
        (wheel("2.10.0", "12.8"), (7, 0), "cubin"),
        (wheel("2.6.0", "12.4"), (12, 0), "none"),  # an RTX 5090 takes 2.7 for CUDA 12.8
        (wheel("2.7.0", "12.8"), (12, 0), "cubin"),
        (wheel("2.9.0", "12.8", "linux-aarch64"), (8, 7), "tegra"),
        (forge("12.9", "linux-aarch64", "tegra"), (8, 7), "cubin"),
        (forge("12.9", "linux-aarch64", "tegra"), (8, 0), "none"),
        (forge("13.0", "linux-aarch64"), (8, 7), "cubin"),
        (forge("11.8"), (9, 0), "ptx"),
        (forge("12.8", "win-64"), (12, 0), "cubin"),
    ],
)
def test_how_a_build_reaches_a_gpu(build: Build, capability: Numbers, reached: Coverage) -> None:
    archs = archs_of(build)
    assert archs is not None
    assert coverage(archs, capability) == reached


@pytest.mark.parametrize(
    "build",
    [
        wheel("99.0", "12.6"),
        wheel("2.10.0", "12.9"),  # partly published, list not written down
        wheel("2.6.0", "12.4", "osx-arm64"),
        forge("12.8"),  # Windows only
        Build("pytorch", (2, 6, 0), (12, 4), "linux-64"),  # the channel ends at 2.5.1
    ],
)
def test_a_build_that_nobody_wrote_down_has_no_list(build: Build) -> None:
    assert archs_of(build) is None


def test_a_list_that_is_assumed_is_not_firm() -> None:
    assumed, known = archs_of(wheel("2.15.0", "13.2")), archs_of(wheel("2.14.0", "13.2"))
    assert assumed is not None
    assert known is not None
    assert (assumed.firm, known.firm) == (False, True)


@pytest.mark.parametrize(
    ("sm", "capability", "runs"),
    [
        ("86", (8, 9), True),
        ("86", (8, 0), False),  # never downwards
        ("90", (10, 0), False),  # never across a major
        ("90a", (9, 0), True),
        ("100a", (10, 3), False),  # `a` is that very GPU
        ("100f", (10, 3), True),  # `f` is its family
        ("100f", (12, 0), False),
        ("80", (8, 7), False),  # desktop and Tegra share none
        ("87", (8, 9), False),
        ("87", (8, 7), True),
    ],
)
def test_when_machine_code_runs(sm: str, capability: Numbers, *, runs: bool) -> None:
    assert cubin_runs(sm, capability) is runs


@pytest.mark.parametrize(
    ("ptx", "capability", "compiles"),
    [
        ("37", (12, 0), True),
        ("120", (9, 0), False),
        ("90", (9, 0), True),
        ("90a", (10, 0), False),
        ("100f", (10, 3), True),
        ("100f", (12, 0), False),
    ],
)
def test_when_ptx_can_be_compiled(ptx: str, capability: Numbers, *, compiles: bool) -> None:
    assert ptx_compiles(ptx, capability) is compiles


def test_a_list_is_shown_as_people_read_it() -> None:
    assert shown(Archs(("75", "90a"), "120", firm=True)) == "kernels for sm_75, sm_90a and PTX for 12.0"
    assert shown(Archs(("80",), None, firm=True)) == "kernels for sm_80 and no PTX"


@pytest.mark.parametrize(
    ("build", "capability", "nearest"),
    [
        (wheel("2.6.0", "12.4"), (12, 0), ("2.7.0", "12.8")),  # no build of 2.6 has it: the next release
        (wheel("2.11.0", "13.0"), (7, 0), ("2.11.0", "12.6")),  # another build of the same release
        (wheel("2.13.0", "12.6"), (12, 0), ("2.13.0", "13.0")),  # what PyPI serves, though 13.2 fits as well
        (wheel("2.15.0", "13.2"), (7, 0), ("2.14.1", "12.6")),  # dropped for good: the last that had it
        (wheel("1.13.1", "11.7"), (9, 0), ("2.0.0", "11.8")),
        (wheel("2.6", "12.4"), (3, 7), ("2.6.0", "11.8")),
        (wheel("2.6.0", "12.4"), (3, 0), None),
    ],
)
def test_the_nearest_wheel_with_machine_code(
    build: Build, capability: Numbers, nearest: tuple[str, str] | None
) -> None:
    assert covering_wheel(build, capability) == nearest


@pytest.mark.parametrize(
    ("build", "capability", "nearest"),
    [
        (forge("12.6"), (12, 0), ("12.9", "2.7")),
        (forge("12.6", "win-64"), (12, 0), ("12.8", "2.7")),
        (forge("13.0"), (7, 0), ("12.9", "2.7")),
        (forge("12.6"), (3, 7), ("11.8", "2.5")),
        (forge("12.6"), (3, 0), None),
    ],
)
def test_the_nearest_build_of_conda_forge(build: Build, capability: Numbers, nearest: tuple[str, str] | None) -> None:
    assert covering_conda_forge(build, capability) == nearest
