"""What MKL says of itself: torch has no getter, and the variable alone does not tell.

`MKL_CBWR=AVX2` gives AUTO on a processor that is not Intel's (measured: AMD Zen 4, MKL 2024.2). The functions are
MKL's own service calls, asked in the library that is mapped into this process (mkl_cbwr.h, mkl_service.h).
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Callable, Mapping, Optional, Tuple

from ..readings import reading_at, unread
from ..torch_build import mapped_files

# MKL_CBWR_BRANCH_OFF is 1; the flag of the strict mode is bit 16 (mkl_types.h).
BRANCHES = {
    **{1: "OFF", 2: "AUTO", 3: "COMPATIBLE", 4: "SSE2", 6: "SSSE3", 7: "SSE4_1", 8: "SSE4_2", 9: "AVX", 10: "AVX2"},
    **{11: "AVX512_MIC", 12: "AVX512", 13: "AVX512_MIC_E1", 14: "AVX512_E1"},
}
STRICT = 0x10000
ALL_PARTS = -1

LIBRARIES = ("libtorch_cpu", "libmkl_rt", "libmkl_core")


def mkl_branch(torch: Any, environ: Mapping[str, str]) -> Any:
    """Return the code branch in the words of `MKL_CBWR`, `OFF` where MKL chooses by the processor."""
    return _asked(torch, ("mkl_serv_cbwr_get", "MKL_CBWR_Get"), branch_name, (environ.get("MKL_CBWR") or "OFF").upper())


def mkl_dynamic(torch: Any, environ: Mapping[str, str]) -> Any:
    """Return whether MKL may take fewer threads than it was given."""
    variable = environ.get("MKL_DYNAMIC", "TRUE").strip().upper() not in ("FALSE", "0")
    return _asked(torch, ("mkl_serv_get_dynamic", "MKL_Get_Dynamic"), bool, variable)


def branch_name(code: int) -> str:
    """Return the name of the code that `MKL_CBWR_Get` gives."""
    name = BRANCHES.get(code & ~STRICT, str(code))
    return name + ",STRICT" if code & STRICT else name


def _asked(torch: Any, names: Tuple[str, ...], meaning: Callable[[int], Any], otherwise: Any) -> Any:
    """Return what MKL answers, `otherwise` where its functions cannot be reached, a status where there is no MKL."""
    if reading_at(torch, "backends.mkl.is_available()") is not True:
        return unread("missing", "a build without MKL")
    function = _function(names)
    return otherwise if function is None else meaning(function(ALL_PARTS))


def _function(names: Tuple[str, ...]) -> Optional[Callable[[int], int]]:
    for path in mapped_files():
        if os.path.basename(path).startswith(LIBRARIES):
            library = ctypes.CDLL(path)
            for name in names:
                if hasattr(library, name):
                    found: Callable[[int], int] = getattr(library, name)
                    return found
    return None
