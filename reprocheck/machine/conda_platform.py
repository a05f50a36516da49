"""Which of conda's platforms this machine is."""

from __future__ import annotations

import platform
import sys

_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "arm64": "arm64", "aarch64": "aarch64", "ppc64le": "ppc64le"}


def conda_platform(system: str = sys.platform, machine: str = "") -> str:
    """Return conda's name of this platform, `linux-64` for example; of another one what it calls itself.

    Source: docs.conda.io, "Managing channels", platform-specific subdirs; conda `base/context.py`, `_arch_names`.
    """
    machine = (machine or platform.machine()).lower()
    return f"{_SYSTEMS.get(system, system)}-{_MACHINES.get(machine, machine)}"
