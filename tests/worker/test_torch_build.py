"""Reading a build: the texts are modelled on what public bug reports show of CUDA and CPU builds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from reprocheck.worker.torch_build import (
    architectures,
    build_settings,
    library_versions,
    mapped_files,
    nccl_version,
    nccl_versions,
    torch_build,
)

CUDA_BUILD = """\
PyTorch built with:
  - GCC 9.3
  - C++ Version: 201703
  - Intel(R) oneAPI Math Kernel Library Version 2022.1-Product Build 20220311 for Intel(R) 64 architecture applications
  - Intel(R) MKL-DNN v3.4.2 (Git Hash 1137e04ec0b5251ca2b4400a4fd3c667ce843d67)
  - OpenMP 201511 (a.k.a. OpenMP 4.5)
  - LAPACK is enabled (usually provided by MKL)
  - CPU capability usage: AVX512
  - CUDA Runtime 12.4
  - NVCC architecture flags: -gencode;arch=compute_80,code=sm_80;-gencode;arch=compute_100,code=sm_100
  - CuDNN 90.1
  - Magma 2.6.1
  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, CUDA_VERSION=12.4, CXX_FLAGS= -I/home/alice/include -O2, \
LAPACK_INFO=mkl, PERF_WITH_AVX=1, USE_CUDA=ON, USE_NCCL=1, USE_MPI=,
"""
OLD_MKL = "  - Intel(R) Math Kernel Library Version 2020.0.0 Product Build 20191122 for Intel(R) 64\n"
MISSING = {"status": "missing", "detail": "not in this build"}


def test_libraries_are_told_with_their_versions() -> None:
    assert library_versions(CUDA_BUILD) == {
        "mkl": "2022.1 build 20220311",
        "onednn": "3.4.2",
        "openmp": "201511",
        "compiler": "GCC 9.3",
        "cudaRuntime": "12.4",
        "magma": "2.6.1",
    }


def test_the_older_words_of_mkl_are_read_too() -> None:
    assert library_versions(OLD_MKL)["mkl"] == "2020.0.0 build 20191122"


def test_libraries_that_are_not_there_are_missing() -> None:
    assert set(map(str, library_versions("").values())) == {str(MISSING)}


def test_settings_name_libraries_and_hold_no_compiler_flags() -> None:
    assert build_settings(CUDA_BUILD) == {
        "BLAS_INFO": "mkl",
        "BUILD_TYPE": "Release",
        "LAPACK_INFO": "mkl",
        "PERF_WITH_AVX": "1",
        "USE_CUDA": "ON",
        "USE_NCCL": "1",
    }


def test_targets_come_from_the_flags_of_the_build_without_a_gpu() -> None:
    torch = SimpleNamespace(_C=SimpleNamespace(_cuda_getArchFlags=lambda: "sm_90 sm_100 sm_80 compute_100"))
    assert architectures(torch, "") == ["sm_80", "sm_90", "sm_100", "compute_100"]


def test_targets_come_from_the_config_where_torch_has_no_flags() -> None:
    assert architectures(SimpleNamespace(), CUDA_BUILD) == ["sm_80", "sm_100"]


def test_a_build_without_gpu_code_says_so() -> None:
    assert architectures(SimpleNamespace(), "") == {"status": "missing", "detail": "a build without GPU code"}


def torch_with_nccl(version: Any) -> SimpleNamespace:
    return SimpleNamespace(
        _C=SimpleNamespace(_nccl_version=None), cuda=SimpleNamespace(nccl=SimpleNamespace(version=version))
    )


def test_nccl_that_no_library_holds_is_linked_into_torch() -> None:
    if any("libnccl.so" in path for path in mapped_files()):
        pytest.skip("this process has loaded a libnccl, with a CUDA build of torch")
    assert nccl_versions(torch_with_nccl(lambda: (2, 21, 5))) == {"built": "2.21.5", "loaded": "linked into torch"}


@pytest.mark.parametrize(("code", "version"), [(22105, "2.21.5"), (21005, "2.10.5"), (2804, "2.8.4")])
def test_the_number_of_nccl_is_read_in_both_of_its_codes(code: int, version: str) -> None:
    assert nccl_version(code) == version


def test_a_build_without_nccl_says_so() -> None:
    expected = {"status": "missing", "detail": "a build without NCCL"}
    assert nccl_versions(SimpleNamespace(_C=SimpleNamespace())) == expected


def test_a_torch_that_tells_nothing_has_a_status_in_every_place() -> None:
    build = torch_build(SimpleNamespace())
    not_here = {"status": "missing", "detail": "not in this torch"}
    assert {key for key, value in build.items() if value == not_here} == {
        *("version", "gitVersion", "debug", "cuda", "hip", "cudnn", "cxx11Abi")
    }
    assert build["settings"] == {}


def test_the_torch_of_this_environment_is_described() -> None:
    torch = pytest.importorskip("torch")
    build = torch_build(torch)
    assert build["version"] == torch.__version__
    assert build["gitVersion"] == torch.version.git_version
    assert build["libraries"]["openmp"] or build["libraries"]["compiler"]
