"""Values that a driver's tools tell: each of the right type and within reason, or the status of what is wrong with it.

What a child prints may be anything: cut off, of another release, or the words of another program of the same name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from reprocheck.model.fingerprints import one_line, unread
from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER, Json

MOST_DEVICES = 1024

Reader: TypeAlias = "Callable[[object], Json]"

_STATUSES = frozenset({"missing", "denied", "error"})  # those that a child may tell of one value
_IDENTITY = re.compile(r"\b(?:GPU|MIG)(?:-GPU)?-[0-9a-fA-F]{4,}(?:[-/][0-9a-fA-F]+)*")
_DRIVER = re.compile(r"[0-9]{2,4}(?:\.[0-9]{1,4}){1,3}")
_CAPABILITY = re.compile(r"[0-9]{1,2}\.[0-9]")
_SLICE = re.compile(r"[0-9]{1,2}g\.[0-9]{1,4}gb[\w.+]{0,20}")
_LONGEST_NAME = 100
_NEWEST_CUDA = 99_000


def told(message: str) -> str:
    """Return a foreign message as one short line without paths and without the identity of a GPU."""
    return _IDENTITY.sub("<id>", one_line(message))


def parsed_object(text: str) -> Mapping[str, object] | None:
    """Return the JSON object that a text is, None for anything else."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def status_of(value: object) -> Mapping[str, Json] | None:
    """Return the status that a child tells in the place of a value, None where it tells none."""
    if not isinstance(value, Mapping) or not isinstance(value.get("status"), str):
        return None
    status, detail = value["status"], value.get("detail")
    return unread(status if status in _STATUSES else "error", told(detail) if isinstance(detail, str) else "")


def read_value(found: Mapping[str, object], key: str, reader: Reader) -> Json:
    """Return a value of an answer as `reader` takes it; the status that stands in its place; or that it is not told."""
    if key not in found:
        return unread("missing", "not told")
    return status_of(found[key]) or reader(found[key])


def driver_version(value: object) -> Json:
    """Return the version of a driver, `470.57.02`."""
    return _matching(value, _DRIVER, "the driver version is none")


def compute_capability(value: object) -> Json:
    """Return a compute capability, `9.0`."""
    return _matching(value, _CAPABILITY, "the compute capability is none")


def slice_profile(value: object) -> Json:
    """Return the profile of a MIG slice, `1g.10gb`."""
    return _matching(value, _SLICE, "the profile of the slice is none")


def model_name(value: object) -> Json:
    """Return the name of a GPU."""
    name = told(value) if isinstance(value, str) else ""
    fits = 0 < len(name) <= _LONGEST_NAME and name.isprintable()
    return name if fits else unread("error", "the name is none")


def memory_bytes(value: object) -> Json:
    """Return a number of bytes."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_SAFE_INTEGER
    return value if fits and isinstance(value, int) else unread("error", "memory is no number")


def mig_mode(value: object) -> Json:
    """Return `enabled` or `disabled`."""
    return value if isinstance(value, str) and value in ("enabled", "disabled") else unread("error", "no mode of MIG")


def cuda_release(value: object) -> Json:
    """Return `12.4` for 12040: cuda.h, CUDA_VERSION, and nvml.h, NVML_CUDA_DRIVER_VERSION_MAJOR and _MINOR."""
    if isinstance(value, int) and not isinstance(value, bool) and 1000 <= value <= _NEWEST_CUDA:
        return f"{value // 1000}.{value % 1000 // 10}"
    return unread("error", "the CUDA version is none")


def _matching(value: object, shape: re.Pattern[str], complaint: str) -> Json:
    return value if isinstance(value, str) and shape.fullmatch(value) else unread("error", complaint)
