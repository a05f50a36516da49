"""Two environment files are told apart by what they ask for, not by how they are written."""

from __future__ import annotations

from reprocheck.locking.differences.environment_differences import environment_differences
from reprocheck.model.differences import Difference, HeadDifference
from reprocheck.readers.environment_yml import parse_environment

OLD = b"""\
name: x
channels:
- conda-forge
dependencies:
- python =3.11
- numpy
- scipy
- pytorch::torchvision
- pip:
  - timm>=1.0
  - ./own
"""
NEW = b"""\
# another layout
channels: [conda-forge, nvidia]
platforms: [linux-64]
dependencies:
- scipy
- numpy>=2  # [linux]
- numpy<3
- torchvision
- pip:
  - timm[extra]>=1.2; python_version < "3.12"
  - ./own
"""


def differ(old: bytes, new: bytes) -> Difference:
    return environment_differences(parse_environment(old, "a.yml"), parse_environment(new, "b.yml"))


def test_what_is_asked_for_is_compared_by_name() -> None:
    found = differ(OLD, NEW)
    assert [(p.change, p.manager, p.name, p.old, p.new) for p in found.packages] == [
        ("changed", "conda", "numpy", "", ">=2 on linux; <3"),
        ("removed", "conda", "python", "=3.11", None),
        ("changed", "pip", "timm", ">=1.0", '[extra] >=1.2 if python_version < "3.12"'),
        ("changed", "conda", "torchvision", "from pytorch", ""),
    ]
    assert (found.compared, found.old, found.new, found.platforms) == ("environments", "a.yml", "b.yml", ())


def test_name_channels_and_platforms_are_compared() -> None:
    assert differ(OLD, NEW).head == (
        HeadDifference(what="name", old="x", new=None),
        HeadDifference(what="channels", old="conda-forge", new="conda-forge, nvidia"),
        HeadDifference(what="platforms", old=None, new="linux-64"),
    )


def test_a_spec_that_came_is_told() -> None:
    assert [(p.change, p.name) for p in differ(b"dependencies: [a]", b"dependencies: [a, b=1=x]").packages] == [
        ("added", "b")
    ]


def test_order_and_layout_are_no_difference() -> None:
    assert differ(b"dependencies: [a, b]", b"dependencies:\n- b # why\n- a\n").is_empty
