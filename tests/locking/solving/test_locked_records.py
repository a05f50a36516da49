"""URLs and dependencies as a lock may hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.locking.solving.channels import CondaChannel, resolve_channels
from reprocheck.locking.solving.locked_records import merged_dependencies, owner_of, public_package_url

SECRET, LABEL, NVIDIA = resolve_channels(
    ["https://me:hush@h.invalid/t/tk-1/org", "nvidia/label/cuda-12", "nvidia"], "x", Path()
)
MIRROR = CondaChannel(name="org", public_base="https://conda.anaconda.org/org", base="https://m.invalid/org")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:hush@h.invalid/t/tk-1/org/noarch/a.conda", "https://h.invalid/t/<token>/org/noarch/a.conda"),
        ("https://h.invalid/t/********/org/noarch/a.conda", "https://h.invalid/t/<token>/org/noarch/a.conda"),
        ("https://m.invalid/org/noarch/a.conda", "https://conda.anaconda.org/org/noarch/a.conda"),
        ("https://u:p@elsewhere.invalid/noarch/a.conda", "https://elsewhere.invalid/noarch/a.conda"),
    ],
)
def test_a_package_is_shown_where_its_channel_is(url: str, expected: str) -> None:
    assert public_package_url(url, [SECRET, MIRROR]) == expected


def test_a_channel_inside_another_keeps_its_packages() -> None:
    url = "https://conda.anaconda.org/nvidia/label/cuda-12/linux-64/a.conda"
    assert owner_of(url, [NVIDIA, LABEL]) == LABEL


def test_two_constraints_on_one_name_are_joined_unless_one_names_a_build() -> None:
    assert merged_dependencies(["b >=1", "b <2", "a", "c 1.0 x_0", "c >=1"]) == (
        ("a", ""),
        ("b", ">=1,<2"),
        ("c", ">=1"),
    )
