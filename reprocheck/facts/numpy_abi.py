"""Which releases of compiled packages run beside NumPy 2.

Sources: NumPy documentation, "For downstream package authors"; release notes and METADATA, row by row in the table.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import firm_rows, optional_text, text

FIRST_PYTHON_WITH_NUMPY_2: Final = (3, 9)
# All packages of the table, so that it is read only where one of them is there.
COMPILED: Final = (
    "boost-histogram",
    "contourpy",
    "h5py",
    "iminuit",
    "jaxlib",
    "matplotlib",
    "netcdf4",
    "numba",
    "onnxruntime",
    "onnxruntime-gpu",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
    "opencv-python",
    "opencv-python-headless",
    "pandas",
    "pywavelets",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "shapely",
    "statsmodels",
    "tensorflow",
    "tensorflow-cpu",
)


class NumpyFloor(NamedTuple):
    """The first release beside NumPy 2, since when it matters, and whether earlier ones may keep NumPy 2 away."""

    first: Numbers
    since: Numbers
    bounded: bool


def torch_with_numpy_2(platform: str) -> Numbers:
    """Return the first torch that runs beside NumPy 2 on a conda platform."""
    known = {text(row, "platform"): numbers(text(row, "first")) for row in firm_rows("numpy_abi", "torch")}
    return known.get(platform.partition("-")[0], known.get("any", ()))


@cache
def numpy_floors() -> dict[str, NumpyFloor]:
    """Return the floors of all compiled packages, by PyPI project; rows of low confidence stay out."""
    return {
        text(row, "package"): NumpyFloor(
            first=numbers(text(row, "first")),
            since=numbers(optional_text(row, "since") or ""),
            bounded=text(row, "bounded") == "yes",
        )
        for row in firm_rows("numpy_abi", "packages")
    }
