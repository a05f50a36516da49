"""The accelerators of this machine and their driver: through NVML, nvidia-smi and libcuda, always in children.

"None" is said only when all that could know says so. A driver that does not answer is not a missing driver, and a
machine without NVIDIA's driver may hold GPUs of others.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reprocheck.background import Background
from reprocheck.machine.child_process import GRACE_S
from reprocheck.machine.cuda_answer import CudaDriver
from reprocheck.machine.driver_questions import AcceleratorSources, Questions
from reprocheck.machine.gpu_visibility import hidden_gpus, keeps_gpus_out
from reprocheck.machine.graphics_cards import card_vendors
from reprocheck.machine.system_files import read_text
from reprocheck.model.fingerprints import collected, unread, unread_status, value_at
from reprocheck.model.json_documents import Json, entries

ABSENT = unread("missing", "no NVIDIA driver on this machine")

_KERNEL_MODULE = re.compile(r"Kernel Module\b.*?\s([0-9]{2,4}(?:\.[0-9]{1,4}){1,3})\s")
_WSL_DEVICE = "dev/dxg"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorReading:
    """The sections `accelerators` and `driver`, how each source answered, and what else was learned of the driver.

    `visible` are the accelerators that CUDA sees, which variables and MIG may make fewer. `hidden` says in words which
    variable hides GPUs. `refusals` are (kind, words) pairs of what the driver answered in the place of starting; the
    kinds are those of `cuda_answer.ERRORS`. `parts` are (part, version) pairs of the driver that is loaded.
    """

    accelerators: Json
    driver: Mapping[str, Json]
    collection: tuple[Mapping[str, Json], ...]
    cuda: CudaDriver
    visible: Json
    hidden: str = ""
    refusals: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What each source said, the best first."""

    told: Mapping[str, Mapping[str, Json]]
    cuda: CudaDriver
    module: Json
    root: Path


def read_accelerators(sources: AcceleratorSources | None = None) -> AcceleratorReading:
    """Ask all sources at once and return what they tell within their common deadline and a short grace."""
    with asked_accelerators(sources) as reading:
        return reading()


@contextlib.contextmanager
def asked_accelerators(sources: AcceleratorSources | None = None) -> Iterator[Callable[[], AcceleratorReading]]:
    """Ask from now on; the function that is yielded waits for the reading. No child outlives the block."""
    sources = sources or AcceleratorSources()
    questions = Questions(sources)
    nvml, cuda = Background(questions.nvml), Background(questions.cuda)
    smi = Background(lambda: questions.nvidia_smi_after(nvml))

    def reading() -> AcceleratorReading:
        second = None if unread_status(nvml.result()) is None else smi.result()
        told = {"nvml": nvml.result(), **({"nvidia-smi": second} if second is not None else {})}
        module = _kernel_module(sources.root)
        return _reading(_Answers(told=told, cuda=cuda.result(), module=module, root=sources.root))

    try:
        yield reading
    finally:
        questions.call_off()
        for asked in (nvml, cuda, smi):
            asked.wait(GRACE_S)


def _reading(answers: _Answers) -> AcceleratorReading:
    """Take each value from the best source that tells it."""
    cuda, failure = answers.cuda, _failure(answers)
    devices = _best(answers, "devices", cuda.devices, _no_devices(failure, answers.root))
    outcomes = {**answers.told, "cuda-driver": cuda.outcome, "nvidia-kernel-module": answers.module}
    return AcceleratorReading(
        accelerators=_grouped(devices),
        driver={
            "version": _best(answers, "version", answers.module, failure),
            "cudaUserMax": _best(answers, "cudaUserMax", cuda.cuda, failure),
            "kernelModule": answers.module,
        },
        collection=tuple(collected(name, value) for name, value in outcomes.items()),
        cuda=cuda,
        visible=_grouped(cuda.devices),
        hidden=hidden_gpus(os.environ, devices, cuda.count) or keeps_gpus_out(os.environ, devices),
        refusals=tuple(_refusals(answers)),
        parts=tuple(_parts(answers)),
    )


def _best(answers: _Answers, key: str, last: Json, failure: Json) -> Json:
    """Return the first value that was read; else why the best source that answered, or really failed, has none."""
    values = [*(value_at(answer, key) for answer in answers.told.values()), last]
    unanswered = [value_at(answer, key) for answer in answers.told.values() if not unread_status(answer)]
    failed = [value for value in values if unread_status(value) != "missing"]
    found = [value for value in values if not unread_status(value)]
    return next(iter([*found, *failed, *unanswered]), failure)


def _failure(answers: _Answers) -> Mapping[str, Json]:
    """Return why nothing is known: absent when every source is missing, else the first that really failed."""
    outcomes = [*answers.told.values(), answers.cuda.outcome]
    failed = [outcome for outcome in outcomes if unread_status(outcome) not in (None, "missing")]
    if failed and isinstance(failed[0], Mapping):
        return failed[0]
    if unread_status(answers.module) != "missing":
        return unread("missing", "the nvidia module is loaded, but neither NVML nor nvidia-smi is here")
    if not unread_status(answers.cuda.outcome):
        return unread("missing", "only libcuda answers, and it does not tell")
    return ABSENT


def _no_devices(failure: Mapping[str, Json], root: Path) -> Json:
    """Return why no GPU was told of; the list is empty only where no card is seen either."""
    cards = card_vendors(root) if failure == ABSENT else ()
    if failure == ABSENT and not cards:
        return []
    return unread("missing", f"no NVIDIA driver, but a GPU of {' and '.join(cards)}") if cards else failure


def _refusals(answers: _Answers) -> Iterator[tuple[str, str]]:
    """Yield what the driver said in the place of starting; of NVML and nvidia-smi a mismatch is known by its words."""
    if answers.cuda.refusal:
        yield answers.cuda.refusal
    for name, outcome in answers.told.items():
        detail = outcome.get("detail") if unread_status(outcome) else None
        if isinstance(detail, str) and "version mismatch" in detail.lower():
            yield "mismatch", f"{name}: {detail}"


def _parts(answers: _Answers) -> Iterator[tuple[str, str]]:
    """Yield the parts whose versions the running driver tells; none in WSL, whose driver is that of Windows."""
    if (answers.root / _WSL_DEVICE).exists():
        return
    versions = [value_at(answer, "version") for answer in answers.told.values()]
    nvml = next((version for version in versions if isinstance(version, str)), None)
    own = None if answers.cuda.is_compat else answers.cuda.library
    for name, version in (("kernel module", answers.module), ("NVML", nvml), ("libcuda", own)):
        if isinstance(version, str):
            yield name, version


def _kernel_module(root: Path) -> Json:
    """Return the version of the loaded kernel module: it and the libraries must be of one release."""
    text = read_text(root / "proc/driver/nvidia/version")
    if isinstance(text, str):
        found = _KERNEL_MODULE.search(text)
        return found[1] if found else unread("error", "no version in /proc/driver/nvidia/version")
    if unread_status(text) != "missing":
        return text
    is_wsl = (root / _WSL_DEVICE).exists()
    return unread("missing", "Windows holds the kernel module" if is_wsl else "the nvidia module is not loaded")


def _grouped(devices: Json) -> Json:
    """Return equal devices once, with their count, in the order in which the driver numbers them."""
    if unread_status(devices):
        return devices
    groups: dict[str, dict[str, Json]] = {}
    for device in entries(devices):
        accelerator = _accelerator(device) if isinstance(device, Mapping) else {}
        group = groups.setdefault(json.dumps(accelerator, sort_keys=True), {**accelerator, "count": 0})
        group["count"] = int(str(group["count"])) + 1
    return list(groups.values())


def _accelerator(device: Mapping[str, Json]) -> dict[str, Json]:
    keys = ("memoryBytes", "computeCapability", "mig", "slices")
    return {"vendor": "nvidia", "model": device["name"], **{key: device[key] for key in keys if key in device}}
