"""Everything that torch must be told before the first number is computed, and what it says back."""

from __future__ import annotations

from typing import Any, Dict

import torch

_UNARY = ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "tanh", "erf", "erfc", "sqrt", "rsqrt", "sigmoid")


def settle(threads: int) -> Dict[str, Any]:
    """Warm up with one thread, then fix threads and determinism; return the settings that are in force.

    The first multi-threaded call of a vector function of MKL before 2025.0 may return one wrong chunk in a
    fresh process (pytorch#188792); a first call with one thread on a tiny tensor avoids that.
    """
    torch.set_num_threads(1)
    _warm_up()
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error")  # `use_deterministic_algorithms` would import inductor: 2 s
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return {
        "threads": torch.get_num_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "torch": str(torch.__version__),
    }


def _warm_up() -> None:
    for dtype in (torch.float32, torch.float64):
        values = torch.linspace(0.125, 0.875, 8, dtype=dtype)
        for name in _UNARY:
            getattr(torch, name)(values)
        torch._foreach_sqrt([values])  # the optimizers call this entry, not `sqrt`
