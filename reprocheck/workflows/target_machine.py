"""The machine that an audit is for: this one as it is seen now, or another one as its fingerprint tells."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reprocheck.background import Background
from reprocheck.errors import InputError
from reprocheck.machine.accelerators import AcceleratorReading, read_accelerators
from reprocheck.machine.driver_questions import AcceleratorSources
from reprocheck.machine.host import read_libc
from reprocheck.machine.loader_paths import driver_libraries, shadowing_libraries
from reprocheck.model.fingerprints import FINGERPRINT_SCHEMA, unread_reason, unread_status, value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import Gpu, TargetMachine

_VERSION = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){0,3}")
_CAPABILITY = re.compile(r"[0-9]{1,3}\.[0-9]{1,2}")
_CUDA = re.compile(r"[0-9]{1,3}\.[0-9]{1,2}")
_OTHER_GPU = re.compile(r"missing: (no NVIDIA driver, but a GPU of [\w ]{2,40})")
_NAME = re.compile(r".{1,200}")
_GLIBC = re.compile(r"glibc ([0-9]{1,3}\.[0-9]{1,3})")


def observed_machine(sources: AcceleratorSources | None = None) -> TargetMachine:
    """Return driver and GPUs of this machine, and what else of it may stand in the way of an environment."""
    sources = sources or AcceleratorSources()
    shadowing = Background(lambda: shadowing_libraries(os.environ))
    reading = read_accelerators(sources)
    document: Mapping[str, Json] = {
        "accelerators": _usable(reading),
        "driver": reading.driver,
        "host": {"libc": read_libc()},
    }
    machine = _machine(document, "this machine")
    cuda = reading.cuda
    return replace(
        machine,
        source=f"{machine.source}, where {reading.hidden}" if reading.hidden else machine.source,
        driver_parts=_parts_here(reading, sources.root),
        shadowing=shadowing.result(),
        compat_libcuda=(cuda.library or machine.cuda_max) if cuda.is_compat else None,
        refusals=reading.refusals,
    )


def _usable(reading: AcceleratorReading) -> Json:
    """Return the GPUs that a program may use: those that CUDA sees, else all that the driver tells."""
    return reading.accelerators if unread_status(reading.visible) or not reading.visible else reading.visible


def _parts_here(reading: AcceleratorReading, root: Path) -> tuple[tuple[str, str], ...]:
    """Return the parts that the running driver tells, and those of its libraries whose files tell a release."""
    named = {name for name, _ in reading.parts}
    files = driver_libraries(root) if named else ()
    return (*reading.parts, *(part for part in files if part[0] not in named))


def machine_from_fingerprint(document: Json, path: Path | str) -> TargetMachine:
    """Return driver and GPUs of the machine whose fingerprint was read from `path`.

    Raises:
        InputError: `document` is no fingerprint, or its accelerators or driver are malformed.
    """
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or schema != FINGERPRINT_SCHEMA:
        raise InputError(
            f"`{schema}` is not a fingerprint" if schema else "not a fingerprint",
            where=f"{path}: schema",
            why=f"expected `{FINGERPRINT_SCHEMA}`",
            how="write one with `reprocheck fingerprint -o FILE` on that machine",
        )
    return _machine(document, f"the fingerprint `{path}`")


def _machine(document: Mapping[str, Json], source: str) -> TargetMachine:
    """Return the machine; why a value is unknown is told in the words of its source, since None cannot tell it."""
    version, accelerators = value_at(document, "driver", "version"), value_at(document, "accelerators")
    return TargetMachine(
        driver_version=_checked(version, _VERSION, source, "driver.version"),
        gpus=tuple(_gpus(accelerators, source)),
        source=source + _doubts(version, accelerators),
        driver_parts=tuple(_driver_parts(document, source)),
        glibc=_glibc(value_at(document, "host", "libc")),
        cuda_max=_checked(value_at(document, "driver", "cudaUserMax"), _CUDA, source, "driver.cudaUserMax"),
    )


def _driver_parts(document: Mapping[str, Json], source: str) -> Iterator[tuple[str, str]]:
    """Yield the parts that a fingerprint tells: the kernel module, and the release that NVML reports."""
    for name, key in (("kernel module", "kernelModule"), ("NVML", "version")):
        version = _checked(value_at(document, "driver", key), _VERSION, source, f"driver.{key}")
        if version:
            yield name, version


def _glibc(libc: Json) -> str | None:
    """Return `2.36` of `glibc 2.36`, None for musl and where it could not be read."""
    found = _GLIBC.fullmatch(libc) if isinstance(libc, str) else None
    return found[1] if found else None


def _doubts(version: Json, accelerators: Json) -> str:
    unknown = [
        f"whose {name} could not be read ({unread_reason(value)})"
        for name, value in (("driver", version), ("accelerators", accelerators))
        if unread_status(value)
    ]
    if accelerators == [] and unread_status(version) == "missing":
        return ", which has no NVIDIA driver"
    other = _OTHER_GPU.fullmatch(unread_reason(accelerators))
    if other and unread_status(version) == "missing":
        return f", which has {other[1]}"
    return f", {' and '.join(unknown)}" if unknown else ""


def _gpus(accelerators: Json, source: str) -> Iterator[Gpu]:
    if unread_status(accelerators):
        return
    if isinstance(accelerators, str) or not isinstance(accelerators, Sequence):
        raise _broken(source, "accelerators")
    for index, entry in enumerate(accelerators):
        where = f"accelerators[{index}]"
        name = _checked(value_at(entry, "model"), _NAME, source, f"{where}.model")
        capability = _checked(value_at(entry, "computeCapability"), _CAPABILITY, source, f"{where}.computeCapability")
        yield Gpu(name=name or "a GPU without a name", compute_capability=capability)


def _checked(value: Json, shape: re.Pattern[str], source: str, where: str) -> str | None:
    """Return a text of the right shape, None for a value that could not be read."""
    if unread_status(value):
        return None
    if isinstance(value, str) and shape.fullmatch(value):
        return value
    raise _broken(source, where)


def _broken(source: str, where: str) -> InputError:
    return InputError(
        "broken fingerprint",
        where=f"{source}: {where}",
        why="expected a value as `reprocheck fingerprint` writes it, or its status",
        how="write it anew with `reprocheck fingerprint -o FILE` on that machine",
    )
