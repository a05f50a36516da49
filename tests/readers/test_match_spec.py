"""MatchSpec strings are taken apart as conda takes them apart."""

from __future__ import annotations

import pytest

from reprocheck.readers.match_spec import split_match_spec

CASES = {
    "numpy": ("numpy", None, None, None),
    "NumPy": ("numpy", None, None, None),
    "_libgcc_mutex": ("_libgcc_mutex", None, None, None),
    "numpy=1.26": ("numpy", "=1.26", None, None),
    "numpy==1.26.4": ("numpy", "==1.26.4", None, None),
    "numpy=1.26=py311_0": ("numpy", "=1.26", "py311_0", None),
    "numpy==1.26.4=py3*": ("numpy", "==1.26.4", "py3*", None),
    "numpy>=1.26,<2": ("numpy", ">=1.26,<2", None, None),
    "numpy >= 1.26 , < 2": ("numpy", ">=1.26,<2", None, None),
    "numpy 1.26.* py311*": ("numpy", "1.26.*", "py311*", None),
    "numpy 1.26": ("numpy", "1.26", None, None),
    "python >=3.11 <3.12": ("python", ">=3.11", "<3.12", None),
    "x >=1.0=py3_0": ("x", ">=1.0", "py3_0", None),
    "x !=1.0": ("x", "!=1.0", None, None),
    "x ~=1.2": ("x", "~=1.2", None, None),
    "x 1.*|2.*": ("x", "1.*|2.*", None, None),
    "libblas=*=*mkl": ("libblas", "=*", "*mkl", None),
    "blas * mkl": ("blas", "*", "mkl", None),
    "conda-forge::numpy=1.26": ("numpy", "=1.26", None, "conda-forge"),
    "nvidia/label/cuda-11.8.0::cuda-nvcc": ("cuda-nvcc", None, None, "nvidia/label/cuda-11.8.0"),
    "defaults/linux-64::numpy==1.24.3=py38_1": ("numpy", "==1.24.3", "py38_1", "defaults"),
    "conda-forge/noarch::six": ("six", None, None, "conda-forge"),
    "pytorch[version='>=2,<3', build=*cuda*]": ("pytorch", ">=2,<3", "*cuda*", None),
    'pytorch[channel="conda-forge",version="2.*"]': ("pytorch", "2.*", None, "conda-forge"),
    "jaxlib[build=*cuda*]": ("jaxlib", None, "*cuda*", None),
}


@pytest.mark.parametrize(("text", "parts"), CASES.items(), ids=CASES)
def test_a_spec_comes_apart_as_conda_reads_it(text: str, parts: tuple[str | None, ...]) -> None:
    found = split_match_spec(text)
    assert found is not None
    assert (found.name, found.version, found.build, found.channel) == parts


@pytest.mark.parametrize("text", ["", "  ", ">=1.0", "=1.0", "::", "[version=1]", "@VERSION@"])
def test_a_spec_without_a_name_is_none(text: str) -> None:
    assert split_match_spec(text) is None
