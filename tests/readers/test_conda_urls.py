"""The URL of a conda package tells its build string and its channel."""

from __future__ import annotations

import pytest

from reprocheck.readers.conda_urls import read_conda_url


@pytest.mark.parametrize(
    ("url", "build", "channel"),
    [
        ("https://conda.anaconda.org/nvidia/label/cuda-11.8.0/linux-64/a-1-0.tar.bz2", "0", "nvidia/label/cuda-11.8.0"),
        ("https://repo.anaconda.com/pkgs/main/linux-64/a-b-1-py_0.conda", "py_0", "pkgs/main"),
        ("https://conda.anaconda.org/t/<token>/org/noarch/a-1-0.conda", "0", "org"),
        ("https://mirror.example/anaconda/cloud/conda-forge/noarch/a-1-0.conda", "0", "conda-forge"),
        ("https://mirror.example/anaconda/pkgs/main/noarch/a-1-0.conda", "0", "pkgs/main"),
        ("https://mirror.example/nvidia/label/x/noarch/a-1-0.conda", "0", "nvidia/label/x"),
        ("file:///home/me/my%20channel/noarch/a-1-b%2B1.conda#d41d8cd98f00b204e9800998ecf8427e", "b+1", "my channel"),
        ("https://host/a.whl", None, None),
        ("https://conda.anaconda.org/noarch/a-1-0.conda?x=1", "0", None),
        ("nothing", None, None),
        ("https://[::1/c/linux-64/a-1-0.conda", "0", None),
    ],
)
def test_build_and_channel_are_read_off_the_url(url: str, build: str | None, channel: str | None) -> None:
    assert read_conda_url(url) == (build, channel)
