"""The accelerators of this machine and their driver: through NVML, else through nvidia-smi, always in a child.

"None" is said only when all that could know says so. A driver that does not answer is not a missing driver.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck.machine.child_process import ChildOutcome, run_child
from reprocheck.machine.nvidia_smi import (
    QUERY_FIELDS,
    QUERY_FIELDS_BEFORE_R465,
    parse_banner,
    parse_query,
    query_command,
)
from reprocheck.machine.system_files import ROOT, read_text
from reprocheck.model.fingerprints import collected, one_line, unread, unread_status
from reprocheck.model.json_documents import Json

DEADLINE_S = 20.0  # a node of eight GPUs without persistence mode takes seconds to wake up
NVML_COMMAND = (sys.executable, "-I", str(Path(__file__).with_name("nvml_child.py")))
ABSENT = unread("missing", "no NVIDIA driver on this machine")

_KERNEL_MODULE = re.compile(r"Kernel Module\b.*?\s([0-9]+(?:\.[0-9]+)+)\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorSources:
    """Whom to ask; tests put their own programs here."""

    nvml_command: Sequence[str] = NVML_COMMAND
    nvidia_smi: str = "nvidia-smi"
    root: Path = ROOT
    deadline_s: float = DEADLINE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorReading:
    """The sections `accelerators` and `driver`, and how each source answered."""

    accelerators: Json
    driver: Mapping[str, Json]
    collection: tuple[Mapping[str, Json], ...]


def read_accelerators(sources: AcceleratorSources | None = None) -> AcceleratorReading:
    """Ask NVML first, nvidia-smi when NVML did not answer; the kernel module in any case."""
    sources = sources or AcceleratorSources()
    module = _kernel_module(sources.root)
    nvml = ask_nvml(sources)
    answers = {"nvml": nvml}
    if unread_status(nvml):
        answers["nvidia-smi"] = ask_nvidia_smi(sources)
    answer = next((value for value in answers.values() if not unread_status(value)), None)
    collection = [collected(name, value) for name, value in {**answers, "nvidia-kernel-module": module}.items()]
    if answer is None:
        failure = _failure([*answers.values()], module)
        answer = {"version": failure, "cudaUserMax": failure, "devices": [] if failure == ABSENT else failure}
    return AcceleratorReading(
        accelerators=_grouped(answer["devices"]),
        driver={"version": answer["version"], "cudaUserMax": answer["cudaUserMax"], "kernelModule": module},
        collection=tuple(collection),
    )


def ask_nvml(sources: AcceleratorSources) -> Mapping[str, Json]:
    """Return version, cudaUserMax and devices from NVML, or the status of the failure."""
    outcome = run_child(sources.nvml_command, deadline_s=sources.deadline_s)
    if outcome.status != "ok":
        return _unanswered(outcome)
    try:
        answer = json.loads(outcome.stdout)
    except ValueError:
        return unread("error", "the NVML child spoke no JSON")
    if not isinstance(answer, dict):
        return unread("error", "the NVML child spoke no JSON object")
    if unread_status(answer):
        return answer
    cuda = answer["cuda"]
    return {
        "version": answer["driver"],
        # NVML counts 12040 for 12.4: nvml.h, NVML_CUDA_DRIVER_VERSION_MAJOR and _MINOR.
        "cudaUserMax": f"{cuda // 1000}.{cuda % 1000 // 10}" if isinstance(cuda, int) else cuda,
        "devices": answer["devices"],
    }


def ask_nvidia_smi(sources: AcceleratorSources) -> Mapping[str, Json]:
    """Return version, cudaUserMax and devices from nvidia-smi, or the status of the failure."""
    banner = _smi(sources, [sources.nvidia_smi])
    if banner.status != "ok" and "No devices were found" not in banner.stdout:
        return _unanswered(banner)
    query = _smi(sources, query_command(sources.nvidia_smi, QUERY_FIELDS))
    if "not a valid field" in query.stdout:
        query = _smi(sources, query_command(sources.nvidia_smi, QUERY_FIELDS_BEFORE_R465))
    devices = parse_query(query.stdout)
    head = parse_banner(banner.stdout)
    if unread_status(head["version"]) and devices:
        head = {**head, "version": devices[0]["driver"]}
    unasked = query.status != "ok" and "No devices were found" not in query.stdout
    return {**head, "devices": _unanswered(query) if unasked else devices}


def _smi(sources: AcceleratorSources, command: Sequence[str]) -> ChildOutcome:
    return run_child(command, deadline_s=sources.deadline_s, env={**os.environ, "LC_ALL": "C"})


def _unanswered(outcome: ChildOutcome) -> Mapping[str, Json]:
    """Return the status of a child that failed, with the first thing that it said."""
    # nvidia-smi complains first and on stdout; Python, on stderr and last.
    said = [*outcome.stdout.strip().splitlines()[:1], *outcome.stderr.strip().splitlines()[-1:]]
    return unread(outcome.status, one_line(outcome.detail or next(iter(said), "")))


def _kernel_module(root: Path) -> Json:
    """Return the version of the loaded kernel module: it and the libraries must be of one release."""
    text = read_text(root / "proc/driver/nvidia/version")
    if not isinstance(text, str):
        return text if unread_status(text) != "missing" else unread("missing", "the nvidia module is not loaded")
    found = _KERNEL_MODULE.search(text)
    return found[1] if found else unread("error", "no version in /proc/driver/nvidia/version")


def _failure(answers: Sequence[Json], module: Json) -> Mapping[str, Json]:
    """Return why nothing is known: absent when every source is missing, else the first that really failed."""
    failed = [answer for answer in answers if unread_status(answer) != "missing"]
    if failed and isinstance(failed[0], Mapping):
        return failed[0]
    if unread_status(module) == "missing":
        return ABSENT
    return unread("missing", "the nvidia module is loaded, but neither NVML nor nvidia-smi is here")


def _grouped(devices: Json) -> Json:
    """Return equal devices once, with their count, in the order in which the driver numbers them."""
    if not isinstance(devices, Sequence) or isinstance(devices, str):
        return devices
    groups: dict[str, dict[str, Json]] = {}
    for device in devices:
        accelerator = _accelerator(device) if isinstance(device, Mapping) else {}
        group = groups.setdefault(json.dumps(accelerator, sort_keys=True), {**accelerator, "count": 0})
        group["count"] = int(str(group["count"])) + 1
    return list(groups.values())


def _accelerator(device: Mapping[str, Json]) -> dict[str, Json]:
    keys = ("memoryBytes", "computeCapability", "mig")
    return {"vendor": "nvidia", "model": device["name"], **{key: device[key] for key in keys}}
