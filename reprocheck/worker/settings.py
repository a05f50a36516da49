"""Everything that torch must be told before the first number is computed, and what it says back."""

from __future__ import annotations

from typing import Any, Dict

import torch

from .warm_up import warm_up


def settle(threads: int) -> Dict[str, Any]:
    """Warm up with one thread, then fix threads and determinism; return the settings that are in force."""
    warm_up(torch)
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
