"""Who a rank is: its numbers in the job, the device it computes on, and everything near that decides bits.

No name of a host unless the job asks for it, no serial number of a device.
"""

from __future__ import annotations

import os
import platform
import re
import socket
from typing import Any, Callable, Dict, List, Tuple

from ..readings import plain, reading

_MKL = re.compile(r"Math Kernel Library Version (\S+)")
_ONEDNN = re.compile(r"(?:MKL-DNN|oneDNN) v(\d[\w.]*)")
_DRIVER = re.compile(r"\b(\d{3,4}\.\d+(?:\.\d+)?)\b")


def numbers_of_rank() -> Dict[str, int]:
    """Return the numbers that torchrun gave this process: rank, local rank, node, and how many there are of each."""
    names = {
        "rank": ("RANK", "0"),
        "localRank": ("LOCAL_RANK", "0"),
        "node": ("GROUP_RANK", "0"),
        "ranks": ("WORLD_SIZE", "1"),
        "localRanks": ("LOCAL_WORLD_SIZE", "1"),
        "nodes": ("GROUP_WORLD_SIZE", "1"),
    }
    return {key: int(os.environ.get(*name)) for key, name in names.items()}


def chosen_device(torch: Any, wanted: str, numbers: Dict[str, int]) -> Tuple[str, str]:
    """Return `cpu`, or `cuda` with this rank's GPU made the current one; and why there is none, else nothing.

    `auto` takes the GPUs where every rank of the node has one of its own.
    """
    found = torch.cuda.device_count() if wanted != "cpu" and torch.cuda.is_available() else 0
    if wanted == "cpu" or (wanted == "auto" and found < numbers["localRanks"]):
        return "cpu", ""
    if found <= numbers["localRank"]:
        return "cuda", "no GPU for local rank {}: {} found".format(numbers["localRank"], found)
    torch.cuda.set_device(numbers["localRank"])
    return "cuda", ""


def place_of_rank(torch: Any, device: str, environment: Dict[str, str], with_host: bool) -> Dict[str, Any]:
    """Return device, traits, variables, switches, and the families of probes that there are."""
    from ..probes.registry import FAMILIES

    return {
        "device": device,
        "gpus": reading(torch.cuda.device_count),
        "traits": traits(torch, device),
        "environment": environment,
        "switches": _switches(torch),
        "families": [family.FAMILY for family in FAMILIES],
        **({"host": socket.gethostname()} if with_host else {}),
    }


def traits(torch: Any, device: str) -> Dict[str, str]:
    """Return what may make one rank compute differently, as words by name; what is not there is left out.

    Threads and the capability that ATen takes are among the switches.
    """
    asked: Dict[str, Callable[[], Any]] = {
        "cpu": lambda: _cpu_field("model name") or platform.processor() or platform.machine(),
        "cpu microcode": lambda: _cpu_field("microcode"),
        "torch": lambda: torch.__version__,
        "python": platform.python_version,
        "mkl": lambda: _found(_MKL, torch.__config__.show()),
        "onednn": lambda: _found(_ONEDNN, torch.__config__.show()),
    }
    if device == "cuda":
        asked.update(_gpu_traits(torch))
    told = {name: reading(ask) for name, ask in asked.items()}
    return {name: str(value) for name, value in told.items() if _is_value(value)}


def _gpu_traits(torch: Any) -> Dict[str, Callable[[], Any]]:
    def properties() -> Any:
        return torch.cuda.get_device_properties(torch.cuda.current_device())

    return {
        "gpu": lambda: properties().name,
        "gpu capability": lambda: "{}.{}".format(properties().major, properties().minor),
        "gpu multiprocessors": lambda: properties().multi_processor_count,
        "driver": lambda: _driver(),
        "cuda": lambda: torch.version.cuda,
        "rocm": lambda: getattr(torch.version, "hip", None),
        "cudnn": lambda: torch.backends.cudnn.version(),
        "nccl": lambda: ".".join(map(str, torch.cuda.nccl.version())),
    }


def _is_value(value: Any) -> bool:
    return value not in ("", "unset") and not isinstance(value, dict)


def _driver() -> str:
    """Return the release of NVIDIA's driver, where Linux tells it."""
    try:
        with open("/proc/driver/nvidia/version", encoding="utf-8", errors="replace") as stream:
            return _found(_DRIVER, stream.readline())
    except OSError:
        return ""


def _cpu_field(name: str) -> str:
    """Return a field of the first processor, where Linux tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            lines: List[str] = [line for line in stream if line.partition(":")[0].strip() == name]
    except OSError:
        return ""
    return lines[0].partition(":")[2].strip() if lines else ""


def _found(pattern: "re.Pattern[str]", text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else ""


def _switches(torch: Any) -> Dict[str, Any]:
    from ..switches.in_force import read_switches

    told = reading(lambda: read_switches(torch, os.environ))
    return {name: plain(entry["value"]) for name, entry in told.items() if "value" in entry}
