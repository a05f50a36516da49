"""Which libraries the dynamic loader would take before those of an environment, and of which release the driver's are.

Only names of files are read, and only names that are known here are told: a path or the value of a variable may name
users and clusters, and never leaves this module.
Source: ld.so(8), "LD_LIBRARY_PATH"; NVIDIA driver README, "Installed Components".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprocheck.machine.system_files import ROOT

VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# Libraries that conda and pip builds of the frameworks bring themselves.
_SHADOWED = re.compile(
    r"lib(?:cudart|cublas(?:Lt)?|cudnn\w*|nccl|nvJitLink|cusparse(?:Lt)?|cusolver|cufft|curand|nvrtc|stdc\+\+)\.(?:so|dylib)\b[\w.]*"
)
_DRIVER_FOLDERS = (
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "usr/lib/wsl/lib",
)
_DRIVER_LIBRARY = re.compile(r"(?P<name>libcuda|libnvidia-ml)\.so\.(?P<version>\d{3}\.\d+(?:\.\d+)?)")
_MOST_TOLD = 50


def shadowing_libraries(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return (variable, file name) for the known libraries in the folders that the loader searches first, sorted."""
    found = {
        (name, library)
        for name in VARIABLES
        for folder in variables.get(name, "").split(":")
        if folder
        for library in _names(Path(folder))
        if _SHADOWED.fullmatch(library)
    }
    return tuple(sorted(found)[:_MOST_TOLD])


def driver_libraries(root: Path = ROOT) -> tuple[tuple[str, str], ...]:
    """Return (library, version) of the driver's `libcuda` and `libnvidia-ml`, where one release of each is there."""
    versions: dict[str, set[str]] = {}
    for folder in _DRIVER_FOLDERS:
        for library in _names(root / folder):
            found = _DRIVER_LIBRARY.fullmatch(library)
            if found:
                versions.setdefault(found["name"], set()).add(found["version"])
    # Leftovers of an older driver stand beside the new one, and which is loaded is another question.
    return tuple((name, min(told)) for name, told in sorted(versions.items()) if len(told) == 1)


def _names(folder: Path) -> Iterator[str]:
    try:
        yield from (entry.name for entry in folder.iterdir())
    except OSError:
        return  # a search path often names folders that are not there, or may not be read
