"""Ask NVML, libcuda and nvidia-smi, each in a child of its own and all of them within one common time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from reprocheck.background import Background
from reprocheck.machine.child_process import ChildOutcome, run_child
from reprocheck.machine.cuda_answer import CudaDriver, parse_cuda
from reprocheck.machine.driver_values import told
from reprocheck.machine.nvidia_smi import (
    DEVICE_KEYS,
    QUERY_FIELDS,
    complaints,
    finds_no_gpu,
    parse_banner,
    parse_query,
    query_command,
    refused_field,
)
from reprocheck.machine.nvml_answer import parse_nvml
from reprocheck.machine.system_files import ROOT
from reprocheck.model.fingerprints import unread, unread_status, value_at
from reprocheck.model.json_documents import Json, entries

DEADLINE_S = 8.0  # for all together: a node of eight GPUs without persistence mode takes seconds to wake up
HEAD_START_S = 1.5  # where NVML answers, nvidia-smi has nothing to add
OUTPUT_LIMIT_BYTES = 2**20

_HERE = Path(__file__).parent
_WSL_SMI = "usr/lib/wsl/lib/nvidia-smi"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorSources:
    """Whom to ask; tests put their own programs here."""

    nvml_command: Sequence[str] = (sys.executable, "-I", str(_HERE / "nvml_child.py"))
    cuda_command: Sequence[str] = (sys.executable, "-I", "-S", str(_HERE / "cuda_driver_child.py"))
    nvidia_smi: str = "nvidia-smi"
    root: Path = ROOT
    deadline_s: float = DEADLINE_S


class Questions:
    """One round of questions: they end together at the deadline, or when they are called off."""

    def __init__(self, sources: AcceleratorSources) -> None:
        self._sources = sources
        self._end_s = time.monotonic() + sources.deadline_s
        self._off = Event()

    def call_off(self) -> None:
        """End every child that still runs."""
        self._off.set()

    def nvml(self) -> Mapping[str, Json]:
        """Return version, cudaUserMax and devices from NVML, or the status of the failure."""
        outcome = self._ask(self._sources.nvml_command)
        return parse_nvml(outcome.stdout) if outcome.status == "ok" else _failure(outcome)

    def cuda(self) -> CudaDriver:
        """Return what libcuda says of itself, as far as it came."""
        outcome = self._ask(self._sources.cuda_command)
        return parse_cuda(outcome.stdout, None if outcome.status == "ok" else _failure(outcome))

    def nvidia_smi(self) -> Mapping[str, Json]:
        """Return version, cudaUserMax and devices from nvidia-smi, or the status of the failure."""
        program = self._program()
        asked = Background(lambda: self._devices(program))
        banner = self._ask([program])
        head = parse_banner(banner.stdout)
        devices = asked.result()
        version = value_at(next(iter(entries(devices)), {}), "driver")
        if unread_status(head["version"]) and not unread_status(version):
            head = {**head, "version": version}
        answer = {**head, "devices": devices}
        if banner.status != "ok" and not finds_no_gpu(banner.stdout) and unread_status(head["version"]):
            return _failure(banner)
        is_told = not all(map(unread_status, answer.values()))
        return answer if is_told else unread("error", "nvidia-smi printed other words")

    def nvidia_smi_after(self, nvml: Background[Mapping[str, Json]]) -> Mapping[str, Json] | None:
        """Return what nvidia-smi tells; None where NVML answers within its head start."""
        return None if nvml.wait(HEAD_START_S) and not unread_status(nvml.result()) else self.nvidia_smi()

    def _devices(self, program: str) -> Json:
        """Ask for the GPUs; again without each field that this release does not know, for it then tells nothing."""
        fields: tuple[str, ...] = QUERY_FIELDS
        query = self._ask(query_command(program, fields))
        while (refused := refused_field(query.stdout)) in fields and len(fields) > 2:
            fields = tuple(field for field in fields if field != refused)
            query = self._ask(query_command(program, fields))
        devices: list[Json] = [*parse_query(query.stdout, fields)]
        if finds_no_gpu(query.stdout) or (devices and query.status == "ok"):
            return devices
        if query.status == "ok":
            return unread("error", "nvidia-smi lists no GPU")
        failure = _failure(replace(query, stdout=complaints(query.stdout, fields)))
        # A GPU that fell off the bus ends the list, and the others were told before it.
        return [*devices, dict.fromkeys(DEVICE_KEYS, failure)] if devices else failure

    def _program(self) -> str:
        """Return nvidia-smi; WSL keeps it in a folder that is not on every search path."""
        wsl = self._sources.root / _WSL_SMI
        return str(wsl) if wsl.exists() else self._sources.nvidia_smi

    def _ask(self, command: Sequence[str]) -> ChildOutcome:
        outcome = run_child(
            command,
            deadline_s=max(self._end_s - time.monotonic(), 0.0),
            env={**os.environ, "LC_ALL": "C"},
            output_limit_bytes=OUTPUT_LIMIT_BYTES,
            stop=self._off,
        )
        # The time that was left when a child started differs from run to run; that of all does not.
        late = {
            "timeout": f"no answer within {self._sources.deadline_s:g} s",
            "unkillable": f"no answer within {self._sources.deadline_s:g} s, and it does not end when killed",
        }
        return replace(outcome, detail=late.get(outcome.status, outcome.detail))


def _failure(outcome: ChildOutcome) -> Mapping[str, Json]:
    """Return the status of a child that failed, with the first thing that it said."""
    # nvidia-smi complains first and on stdout; Python, on stderr and last.
    said = [*outcome.stdout.strip().splitlines()[:1], *outcome.stderr.strip().splitlines()[-1:]]
    return unread(outcome.status, told(outcome.detail or next(iter(said), "")))
