"""What names and versions of NVIDIA's wheels say about CUDA."""

from __future__ import annotations

import pytest

from reprocheck.facts.cuda_versions import Numbers, from_tag
from reprocheck.facts.nvidia_wheels import library_cuda, library_of, name_for, suffix_cuda
from reprocheck.facts.tables import rows_of, text
from reprocheck.facts.torch_conda import channel_builds, pytorch_cuda_versions
from reprocheck.facts.torch_requires import cuda_of_library, required_by_torch
from reprocheck.facts.torch_wheels import pypi_cuda


@pytest.mark.parametrize(
    ("digits", "cuda"), [("12", (12,)), ("92", (9, 2)), ("75", (7, 5)), ("110", (11, 0)), ("11.3", (11, 3))]
)
def test_a_tag_of_two_digits_is_a_major_from_cuda_10_on(digits: str, cuda: Numbers) -> None:
    assert from_tag(digits) == cuda


@pytest.mark.parametrize(
    ("name", "cuda"),
    [
        ("cupy-cuda12x", (12,)),
        ("cupy-cuda111", (11, 1)),
        ("dgl-cu110", (11, 0)),
        ("dgl-cuda11.3", (11, 3)),
        ("faiss-gpu-cu12", (12,)),
        ("mxnet-cu92", (9, 2)),
        ("nvidia-cublas-cu12", (12,)),
        ("nvidia-cublas", None),
        ("libcusparse", None),
        ("my-cute", None),
    ],
)
def test_a_name_may_end_in_the_cuda_that_it_is_for(name: str, cuda: Numbers | None) -> None:
    assert suffix_cuda(name) == cuda


def test_only_known_libraries_of_nvidia_are_libraries() -> None:
    assert library_of("nvidia-cudnn-cu12") == "cudnn"
    assert library_of("nvidia-cuda-runtime") == "cuda-runtime"
    assert library_of("nvidia-ml-py") is None
    assert library_of("nvidia-dali-cuda120") is None
    assert library_of("cupy-cuda12x") is None


@pytest.mark.parametrize(
    ("name", "version", "cuda"),
    [
        ("nvidia-cublas", "13.1.0.3", (13,)),
        ("nvidia-cublas", "", (13,)),
        ("nvidia-cufft", "12.0.0.61", (13,)),  # the version of a library is not that of its CUDA
        ("nvidia-cusolver", "12.0.4.66", (13,)),
        ("nvidia-cuda-runtime", "13.5.37", (13,)),
        ("nvidia-cuda-runtime", "14.0.1", (14,)),
        ("nvidia-cublas", "14.0.0.1", None),  # newer than what is known
        ("nvidia-cufft-cu12", "11.2.1.3", (12,)),
        ("nvidia-cudnn", "9.1.0.70", None),
        ("nvidia-cudnn-cu13", "9.19.0.56", (13,)),
        ("einops", "0.8.1", None),
    ],
)
def test_the_major_comes_from_the_suffix_else_from_the_library(name: str, version: str, cuda: Numbers | None) -> None:
    assert library_cuda(name, version) == cuda


def test_libraries_lose_their_suffix_with_cuda_13_but_for_four() -> None:
    assert name_for("cublas", 12) == "nvidia-cublas-cu12"
    assert name_for("cublas", 13) == "nvidia-cublas"
    assert name_for("cudnn", 13) == "nvidia-cudnn-cu13"


def test_torch_requires_the_libraries_of_its_toolkit_and_its_own() -> None:
    required = required_by_torch("2.5.1")
    assert required["nvidia-cublas-cu12"] == "12.4.5.8"
    assert required["nvidia-cudnn-cu12"] == "9.1.0.70"
    assert "nvidia-nvjitlink-cu12" not in required_by_torch("2.4.1")
    assert "nvidia-cublas" not in required_by_torch("2.12.0")  # in a range
    assert required_by_torch("1.13.1")["nvidia-cuda-runtime-cu11"] == "11.7.99"
    assert required_by_torch("99.0") == {}


def test_a_version_between_two_toolkits_is_of_one_of_them() -> None:
    assert cuda_of_library("nvidia-cusparse-cu12", "12.3.1.170") == ((12, 4), (12, 4))
    assert cuda_of_library("nvidia-cufft-cu12", "11.2.0.44") == ((12, 3), (12, 4))
    assert cuda_of_library("nvidia-cublas-cu11", "11.10.3.66") == (None, (11, 8))
    assert cuda_of_library("nvidia-cublas-cu11", "12.0") == ((11, 8), None)
    assert cuda_of_library("nvidia-cudnn-cu12", "9.1.0.70") == (None, None)


def test_builds_of_the_pytorch_channel_add_up_over_the_releases_of_a_pin() -> None:
    assert channel_builds((1, 11)) == (((10, 2), (11, 1), (11, 3), (11, 5)), True)
    assert channel_builds((2, 0, 1)) == (((11, 7), (11, 8)), True)
    assert channel_builds((1, 4)) == (((9, 2), (10, 1)), False)
    assert channel_builds((2, 6)) == ((), True)
    assert channel_builds(()) == ((), True)


def test_the_last_pytorch_cuda_is_12_4() -> None:
    assert pytorch_cuda_versions() == ((11, 6), (11, 7), (11, 8), (12, 1), (12, 4))


@pytest.mark.parametrize(
    ("torch", "cuda"), [("1.2.0", (10, 0)), ("1.4.0", (10, 1)), ("1.7.1", (10, 2)), ("2.0", (11, 7)), ("1.3.1", None)]
)
def test_old_wheels_of_pypi_have_their_cuda_too(torch: str, cuda: Numbers | None) -> None:
    assert pypi_cuda(torch, "linux-64") == cuda


def test_own_libraries_of_torch_are_not_those_of_its_toolkit() -> None:
    toolkits = {text(row, "toolkit"): row["libraries"] for row in rows_of("torch_requires", "toolkits")}
    for row in rows_of("torch_requires", "releases"):
        shared = set(row["own"]) & set(toolkits.get(text(row, "toolkit"), []))
        assert not shared, text(row, "torch")
