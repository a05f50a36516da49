"""The host as far as it decides numbers: processor, memory, operating system, kernel, C library, container.

No host name, user, address or serial number is read at all: what is not read cannot leak.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from reprocheck.machine.child_process import run_child
from reprocheck.machine.linux_cpu import parse_cpuinfo, parse_meminfo
from reprocheck.machine.macos_sysctl import SYSCTL_COMMAND, parse_memory, parse_sysctl
from reprocheck.machine.system_files import ROOT, read_text
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

SYSCTL_DEADLINE_S = 2.0  # it reads a table of the kernel

# Files that container engines leave inside a container, and the engine that leaves them.
CONTAINER_MARKS = (("run/.containerenv", "podman"), (".dockerenv", "docker"), (".singularity.d", "apptainer"))


def read_host(root: Path = ROOT, system: str = sys.platform) -> Mapping[str, Json]:
    """Return the `host` section; `root` stands in the place of `/` and `system` of `sys.platform` in tests."""
    cpu, memory = _cpu_and_memory(root, system)
    return {
        "os": _os_name(root, system),
        "kernel": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine() or unread("missing"),
        "libc": read_libc(),
        "cpu": {**cpu, "usableCores": _usable_cores()},
        "memoryBytes": memory,
        "numaNodes": _numa_nodes(root),
        "container": _container(root, system),
    }


def _cpu_and_memory(root: Path, system: str) -> tuple[Mapping[str, Json], Json]:
    if system == "linux":
        cpuinfo, meminfo = read_text(root / "proc/cpuinfo"), read_text(root / "proc/meminfo")
        cpu = parse_cpuinfo(cpuinfo) if isinstance(cpuinfo, str) else cpuinfo
        return _named(cpu), parse_meminfo(meminfo) if isinstance(meminfo, str) else meminfo
    if system == "darwin":
        answer = run_child(SYSCTL_COMMAND, deadline_s=SYSCTL_DEADLINE_S)
        # sysctl ends with 1 when one name of many is unknown, and has told the others.
        if answer.stdout:
            return parse_sysctl(answer.stdout), parse_memory(answer.stdout)
        failure = unread(answer.status, answer.detail)
        return _named(failure), failure
    return _plain_cpu(system), unread("missing", f"not read on {system}")


def _named(cpu: Mapping[str, Json]) -> Mapping[str, Json]:
    """Give a `cpu` that could not be read at all its keys, each with the status."""
    if "status" not in cpu:
        return cpu
    return dict.fromkeys(("model", "sockets", "cores", "logicalCores", "isa"), cpu)


def _plain_cpu(system: str) -> Mapping[str, Json]:
    """Return what the standard library alone can tell, on Windows and elsewhere."""
    unknown = unread("missing", f"not read on {system}")
    return {
        "model": platform.processor() or unknown,
        "sockets": unknown,
        "cores": unknown,
        "logicalCores": os.cpu_count() or unknown,
        "isa": unknown,
    }


def _usable_cores() -> Json:
    """Return how many logical cores this process may run on: the default number of threads follows it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or unread("missing")


def _os_name(root: Path, system: str) -> Json:
    if system == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    if system != "linux":
        return f"{platform.system()} {platform.version()}"
    text = read_text(root / "etc/os-release")
    return _distribution(text) if isinstance(text, str) else text


def _distribution(os_release: str) -> Json:
    """Return `ID VERSION_ID` of an os-release file (os-release(5)); rolling distributions have no version."""
    pairs = (line.partition("=") for line in os_release.splitlines())
    values = {key.strip(): value.strip().strip("\"'") for key, equals, value in pairs if equals}
    name = " ".join(filter(None, (values.get("ID"), values.get("VERSION_ID"))))
    return name or unread("missing", "no `ID` in os-release")


def read_libc() -> Json:
    """Return name and version of the C library, `glibc 2.36`."""
    name, version = platform.libc_ver()
    return f"{name} {version}" if name else unread("missing", "not glibc")


def _numa_nodes(root: Path) -> Json:
    nodes = list((root / "sys/devices/system/node").glob("node[0-9]*"))
    return len(nodes) or unread("missing", "the kernel tells no NUMA nodes")


def _container(root: Path, system: str) -> Json:
    if system != "linux":
        return unread("missing", f"not read on {system}")
    found = [kind for mark, kind in CONTAINER_MARKS if (root / mark).exists()]
    kind = next(iter([*found, *_kind_in_environment()]), "none seen")
    return {"kind": kind}


def _kind_in_environment() -> list[str]:
    names = {"KUBERNETES_SERVICE_HOST": "kubernetes", "APPTAINER_NAME": "apptainer", "SINGULARITY_NAME": "apptainer"}
    return [kind for name, kind in names.items() if name in os.environ]
