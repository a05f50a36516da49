"""What the doctor was told, as the judges see it: every value of the right kind, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.torch_archs import Archs
from reprocheck.model.data_classes import dataclass
from reprocheck.model.doctors import Answer
from reprocheck.model.fingerprints import one_line, unread, unread_reason, unread_status, value_at
from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER, Json, entries
from reprocheck.model.machines import Gpu
from reprocheck.model.prefixes import Kernel

NO_GPU = "no GPU here"
KERNELS_FAIL = "kernels fail on that GPU"
MORE_TIME = "give it more time with `--timeout 60`"
PATIENT_STATUSES = ("timeout", "unkillable", "stopped")
FAILED_STATUSES = ("error", "raises")
_NOT_ASKED = unread("missing", "not asked")

_CAPABILITY = re.compile(r"[0-9]{1,3}\.[0-9]{1,2}")
_VERSION = re.compile(r"[\w.+!\-]{1,64}", re.ASCII)
_ARCH = re.compile(r"(?P<kind>sm|compute)_(?P<digits>[0-9]{2,4}[af]?)")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What each source said, in the words of `machine/accelerators.py` and of the worker.

    `answers` are the worker's readings by question; `kernels` is a status where they were not read; `room` is what
    `machine/capacities.py` tells; `platform` is conda's name of it.
    """

    driver: Mapping[str, Json]
    accelerators: Json
    answers: Mapping[str, Json]
    refusals: tuple[tuple[str, str], ...] = ()
    hidden: str = ""
    kernels: tuple[Kernel, ...] | Mapping[str, Json] = ()
    room: Json = field(default_factory=lambda: _NOT_ASKED)
    platform: str = "linux-64"

    def of(self, question: str) -> Json:
        """Return the worker's reading for a question."""
        return self.answers.get(question, _NOT_ASKED)

    @property
    def is_windows(self) -> bool:
        """Say whether the driver floors of Windows count."""
        return self.platform.startswith("win-")


class Torch(NamedTuple):
    """The torch under audit: `cuda` is () for a build without CUDA, `hip` "" for one without ROCm."""

    version: str
    python: str
    cuda: Numbers
    hip: str
    archs: Archs | None

    @property
    def said(self) -> str:
        """Return its name."""
        return f"torch {self.version}"


def torch_of(readings: Readings) -> Torch | None:
    """Return the torch that was loaded, None where none was."""
    told = readings.of("torch")
    if unread_status(told):
        return None
    return Torch(
        version=_plain(text_at(told, "version")) or "of unknown version",
        python=_plain(text_at(told, "python")),
        cuda=numbers(text_at(told, "cuda")),
        hip=_plain(text_at(told, "hip")).removeprefix("unset"),
        archs=_archs(value_at(told, "architectures")),
    )


def _plain(version: str) -> str:
    """Return a version, "" for what is shaped like none."""
    return version if _VERSION.fullmatch(version) else ""


def _archs(listed: Json) -> Archs | None:
    """Return the GPU code of a build from names such as `sm_90a` and `compute_90`; None where there is none."""
    found = [match for name in entries(listed) if isinstance(name, str) and (match := _ARCH.fullmatch(name))]
    cubins = tuple(match["digits"] for match in found if match["kind"] == "sm")
    ptx = [match["digits"] for match in found if match["kind"] == "compute"]
    return Archs(sm=cubins, ptx=ptx[-1] if ptx else None, firm=True) if found else None


def driver_gpus(readings: Readings) -> tuple[Gpu, ...]:
    """Return the GPUs that the driver tells."""
    return tuple(_gpus(readings.accelerators, "model"))


def torch_gpus(readings: Readings) -> tuple[Gpu, ...]:
    """Return the GPUs that torch sees."""
    gpus, torch = _gpus(value_at(readings.of("gpu-seen"), "devices"), "name"), torch_of(readings)
    # ROCm counts otherwise: its 9.0 is gfx90a, and no Hopper.
    return tuple(replace(gpu, compute_capability=None) if torch and torch.hip else gpu for gpu in gpus)


def _gpus(listed: Json, name: str) -> Iterator[Gpu]:
    for entry in entries(listed):
        capability = text_at(entry, "computeCapability")
        known = capability if _CAPABILITY.fullmatch(capability) else None
        yield Gpu(name=text_at(entry, name)[:_LONGEST_NAME] or "a GPU without a name", compute_capability=known)


def hindrance(readings: Readings) -> str:
    """Return why nothing can be tried on a GPU, "" where it can."""
    torch = torch_of(readings)
    if torch is None:
        return "torch could not be asked"
    if not (driver_gpus(readings) or torch_gpus(readings)):
        return NO_GPU if readings.accelerators == [] else "whether there is a GPU is not known"
    if not torch_gpus(readings):
        return "torch sees no GPU" if torch.cuda or torch.hip else f"{torch.said} is built without CUDA"
    results = kernel_results(readings)
    return "" if results[:1] in ([], ["ok"]) else KERNELS_FAIL


def kernel_results(readings: Readings) -> list[Json]:
    """Return how a kernel went on each GPU, `ok` or the failure; nothing where none was tried."""
    return list(entries(readings.of("gpu-kernels")))


def text_at(value: Json, *keys: str) -> str:
    """Return the text under `keys`, "" where there is none."""
    found = value_at(value, *keys)
    return found if isinstance(found, str) else ""


def count_at(value: Json, *keys: str) -> int | None:
    """Return the whole number under `keys`, None where there is none, or one that no document could hold."""
    found = value_at(value, *keys)
    is_number = isinstance(found, int) and not isinstance(found, bool)
    return found if is_number and isinstance(found, int) and 0 <= found <= LARGEST_SAFE_INTEGER else None


def reason(value: Json) -> str:
    """Return why a value could not be read: its detail, else its status."""
    if unread_status(value) is None:
        return "the answer is not one that the worker gives"
    detail = value.get("detail") if isinstance(value, Mapping) else None
    return one_line(detail) if isinstance(detail, str) and detail else one_line(unread_reason(value))


def unknown(question: str, detail: str, fix: str = "") -> Answer:
    """Return the answer to a question that could not be asked."""
    return Answer(question=question, status="unknown", detail=detail, fix=fix)


def unread_answer(question: str, value: Json, fix: str) -> Answer:
    """Return the answer for a value that could not be read: what was tried and failed is `not`, the rest unknown."""
    status = unread_status(value)
    if status in FAILED_STATUSES:
        return Answer(question=question, status="not", detail=reason(value), fix=fix)
    return unknown(question, reason(value), MORE_TIME if status in PATIENT_STATUSES else "")
