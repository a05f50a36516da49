"""Which wheels bring native runtimes, and where conda has its own.

Source: the table `native_runtimes.yaml`, whose rows name theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from reprocheck.facts.tables import firm_rows, text

# The names that the table speaks of, known without reading it: most locks hold none of them.
PREFIX_WRITERS: Final = frozenset({"intel-openmp", "mkl", "tbb"})
CONDA_OPENMP: Final = ("intel-openmp", "llvm-openmp")
OPENMP_WHEELS: Final = ("torch", "scikit-learn", "faiss-cpu", "ctranslate2", "xgboost")
BLAS_WHEELS: Final = ("numpy", "scipy")

Section = Literal["openmp", "blas"]


def written_beside(wheel: str) -> Mapping[str, str]:
    """Return the conda packages whose libraries a wheel writes over, and the name that the libraries share."""
    rows = (row for row in firm_rows("native_runtimes", "prefix_writers") if text(row, "pip") == wheel)
    return {name: text(row, "library") for row in rows for name in row["conda"]}


def runtimes_on(section: Section, platform: str, manager: str) -> Mapping[str, str]:
    """Return who brings which library on a platform: conda packages, or wheels with a copy inside."""
    system = platform.partition("-")[0]
    return {
        text(row, "provider"): text(row, "library")
        for row in firm_rows("native_runtimes", section)
        if text(row, "manager") == manager and system in row["platforms"]
    }
