"""Call every vector function once, in one thread, before anything is measured.

The first multi-threaded call of a vector function of MKL before 2025.0 may return one wrong chunk in a fresh process
(pytorch#188792); a first call on a tiny tensor, which is no work for a second thread, avoids that. The number of
threads is left alone: `torch.set_num_threads` would also tell MKL to choose none by itself any more (ATen,
ParallelOpenMP.cpp), and what is measured is to be what a run computes.
"""

from __future__ import annotations

from typing import Any

_UNARY = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "erf", "erfc", "erfinv", "lgamma", "sqrt", "rsqrt", "sigmoid", "reciprocal"),
    *("floor", "ceil", "trunc", "round", "abs", "neg"),
)
_FOREACH = ("_foreach_sqrt", "_foreach_exp", "_foreach_log", "_foreach_tanh", "_foreach_reciprocal")


def warm_up(torch: Any) -> None:
    """Call each unary function of `torch` on eight numbers; ATen takes a second thread from 2,048 on."""
    for dtype in (torch.float32, torch.float64):
        values = torch.linspace(0.125, 0.875, 8, dtype=dtype)
        for name in _UNARY:
            _call(torch, name, values)
        for name in _FOREACH:  # the optimizers call these entries, not the functions
            _call(torch, name, [values])
        torch.pow(values, values)


def _call(torch: Any, name: str, values: Any) -> None:
    function = getattr(torch, name, None)  # a torch of another age knows other names
    if function is not None:
        function(values)
