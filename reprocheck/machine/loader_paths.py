"""Which libraries the dynamic loader would take before those of an environment, and of which release the driver's are.

Only names of files are read, and only names that are known here are told: a path or the value of a variable may name
users and clusters, and never leaves this module. Folders of a search path may lie on a network disk that is gone: a
child lists them, within a deadline.
Source: ld.so(8), "LD_LIBRARY_PATH"; NVIDIA driver README, "Installed Components".
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reprocheck.machine.child_process import run_child
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
_MOST_FOLDERS = 200
_DEADLINE_S = 2.0  # beside the 9 s for the driver; a network disk that is there answers in milliseconds
_LIST = (sys.executable, "-I", str(Path(__file__).with_name("folder_names_child.py")))


def shadowing_libraries(
    variables: Mapping[str, str], command: Sequence[str] = _LIST, deadline_s: float = _DEADLINE_S
) -> tuple[tuple[str, str], ...]:
    """Return (variable, file name) for the known libraries in the folders that the loader searches first, sorted.

    What was not listed within `deadline_s` tells nothing.
    """
    places = [(name, folder) for name in VARIABLES for folder in variables.get(name, "").split(":") if folder]
    found = {
        (name, library)
        for (name, _), names in _listed(places[:_MOST_FOLDERS], command, deadline_s)
        for library in names
        if _SHADOWED.fullmatch(library)
    }
    return tuple(sorted(found)[:_MOST_TOLD])


def _listed(
    places: Sequence[tuple[str, str]], command: Sequence[str], deadline_s: float
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    if not places:
        return
    outcome = run_child([*command, *(folder for _, folder in places)], deadline_s=deadline_s)
    for line in outcome.stdout.splitlines():
        try:
            index, names = json.loads(line)
            yield places[index], [str(name) for name in names]
        except (ValueError, TypeError, LookupError):
            continue  # the line that was being written when the time was over


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
