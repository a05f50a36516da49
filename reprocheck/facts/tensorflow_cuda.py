"""Which CUDA the wheel of a TensorFlow release was built for.

Source: TensorFlow documentation, "Tested build configurations"; release notes of 2.1 (`tensorflow` holds the GPU build
from there on) and of 2.12 (`tensorflow-gpu` ends).
"""

from __future__ import annotations

from typing import Final

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import firm_rows, text

GPU_WHEELS: Final = ("tensorflow", "tensorflow-gpu")

_FIRST_IN_TENSORFLOW = (2, 1)
_LAST_TENSORFLOW_GPU = (2, 11)


def tensorflow_cuda(project: str, release: Numbers) -> Numbers | None:
    """Return the CUDA of the wheel of a project; None for a CPU build, and for a release that is not known."""
    minor = release[:2]
    has_gpu = minor <= _LAST_TENSORFLOW_GPU if project == "tensorflow-gpu" else minor >= _FIRST_IN_TENSORFLOW
    rows = (row for row in firm_rows("tensorflow_cuda", "releases") if numbers(text(row, "release")) == minor)
    return next((numbers(text(row, "cuda")) for row in rows if has_gpu), None)
