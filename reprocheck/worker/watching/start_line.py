"""What a start line tells of this process: its rank, its device, the settings in force."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Sequence, Tuple

from ..placement import device_name
from ..switches.in_force import read_switches


def start_line(torch: Any, place: Tuple[int, int], tensors: Sequence[Any]) -> Dict[str, Any]:
    """Return the part of a start line that does not depend on the optimizer."""
    kind = next((tensor.device.type for tensor in tensors), "cpu")
    return {
        "kind": "start",
        "rank": place[0],
        "world_size": place[1],
        "python": sys.executable,  # to look into its packages; it goes into no document
        "device": device_name(kind),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "switches": read_switches(torch, os.environ),
    }
