"""Whether a conda package holds compiled code, as far as names, addresses and dependencies tell.

A `noarch` package holds none. A compiled one needs a compiler's runtime (`libgcc`, `libcxx`, `vc`) or another native
library; the metadata of one platform's pure Python package names none. Where nothing is known of a package but its
name, only those whose every build was seen to be compiled count.

Sources: docs.conda.io "Noarch packages"; `depends` of all linux-64 builds in the repodata of conda-forge, defaults and
pytorch, and conda packages of public locks, both read 2026-11-20 (the list of names).
"""

from __future__ import annotations

import re

from reprocheck.model.locks import LockedPackage

_NAMES = (
    "aiohttp bcrypt contourpy cryptography cupy cupy-core debugpy fiona flash-attn frozenlist gdal gevent gmpy2 "
    "greenlet h5py jaxlib kiwisolver lightgbm lxml lz4 matplotlib-base mkl_fft mkl_random ml_dtypes msgpack-python "
    "numba numcodecs numpy numpy-base orjson pandas pillow propcache protobuf psutil py-opencv pyarrow-core "
    "pycocotools pycryptodome pydantic-core pyfftw pynacl pyproj pyqt pytorch pyzmq regex rpds-py safetensors "
    "scikit-image scikit-learn scikit-sparse scipy shapely sqlalchemy statsmodels tokenizers torchaudio torchtriton "
    "torchvision triton ujson uvloop vtk-base wrapt zstandard"
)
_ALWAYS = frozenset(_NAMES.split())
_NATIVE = re.compile(r"^(?:lib|vc$|vc14_runtime$|vs20\d\d_runtime$|ucrt$|_openmp_mutex$|llvm-openmp$|__glibc$)")


def is_compiled(package: LockedPackage) -> bool:
    """Say whether a locked conda package holds compiled code."""
    if "/noarch/" in package.url:
        return False
    return package.name in _ALWAYS or any(_NATIVE.match(name) for name, _ in package.dependencies)


def is_always_compiled(name: str) -> bool:
    """Say whether every build of a conda package holds compiled code, for specs that only name it."""
    return name in _ALWAYS
