"""Channels under their plain names."""

from __future__ import annotations

import pytest

from reprocheck.rules.channels import plain_name

NAMES = {
    "conda-forge": "conda-forge",
    "conda-forge/": "conda-forge",
    "conda-forge/label/rust_dev": "conda-forge",
    "https://conda.anaconda.org/conda-forge": "conda-forge",
    "https://conda.anaconda.org/t/<token>/conda-forge/label/main": "conda-forge",
    "https://mirrors.invalid/anaconda/cloud/pytorch/": "pytorch",
    "nvidia/label/cuda-12.4.1": "nvidia",
    "defaults": "defaults",
    "default": "defaults",
    "main": "defaults",
    "anaconda": "defaults",
    "pkgs/r": "defaults",
    "https://packages.invalid/pkgs/main": "defaults",
    "https://mirrors.invalid/anaconda/pkgs/free/": "defaults",
    "https://conda.anaconda.org/main": "defaults",
    "https://conda.invalid/group": "https://conda.invalid/group",
    "pytorch3d": "pytorch3d",
    "file:///data/channel": "file:///data/channel",
}


@pytest.mark.parametrize(("channel", "name"), NAMES.items(), ids=NAMES)
def test_a_channel_has_one_name_whatever_leads_to_it(channel: str, name: str) -> None:
    assert plain_name(channel) == name
