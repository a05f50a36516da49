"""What `nvidia-smi` prints. Pure: text in, accelerators and driver out.

Drivers up to about 595 print `Driver Version: A  CUDA Version: B`, from 610 on `KMD Version: A  CUDA UMD
Version: B`; both labels are in use. That CUDA version is the newest one that the driver can run, no installed
toolkit. Source: nvidia-smi reference, "Deprecated; use CUDA UMD Version instead", read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from reprocheck.machine.driver_values import (
    MOST_DEVICES,
    compute_capability,
    driver_version,
    memory_bytes,
    mig_mode,
    model_name,
    told,
)
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

# What follows a number shows that the text was not cut off inside it.
_DRIVER = re.compile(r"\b(?:Driver|KMD) Version:\s*(\S+)\s")
_CUDA = re.compile(r"\bCUDA (?:UMD )?Version:\s*([0-9]{1,2}\.[0-9]{1,2})\s")
_REFUSED_FIELD = re.compile(r"Field \"(?P<field>[\w.]{1,60})\" is not a valid field to query")
_MEBIBYTES = re.compile(r"[0-9]{1,9}")
_NO_GPU = "No devices were found"
_LOST_GPU = "Unable to determine the device handle"
_NOT_SUPPORTED = unread("missing", "not supported")
_NOT_ASKED = unread("missing", "this driver's nvidia-smi does not tell it")


def _bytes(mebibytes: str) -> Json:
    return memory_bytes(int(mebibytes) * 2**20 if _MEBIBYTES.fullmatch(mebibytes) else mebibytes)


def _mode(text: str) -> Json:
    return mig_mode(text.lower())


# What is asked for, under which key of an accelerator it stands, and how it is read.
_READERS: Mapping[str, tuple[str, Callable[[str], Json]]] = {
    "name": ("name", model_name),
    "memory.total": ("memoryBytes", _bytes),
    "mig.mode.current": ("mig", _mode),
    "driver_version": ("driver", driver_version),
    "compute_cap": ("computeCapability", compute_capability),
}
QUERY_FIELDS = tuple(_READERS)
DEVICE_KEYS = tuple(key for key, _ in _READERS.values())


def query_command(program: str, fields: Sequence[str]) -> list[str]:
    """Return the command that prints `fields` of every GPU as CSV without a head or units."""
    return [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]


def refused_field(text: str) -> str | None:
    """Return the field that this nvidia-smi does not know: then it answers none of the others either."""
    found = _REFUSED_FIELD.search(text)
    return found["field"] if found else None


def finds_no_gpu(text: str) -> bool:
    """Say whether nvidia-smi works and has no GPU to tell of, whatever it exits with; a GPU that is lost is one."""
    return _NO_GPU in text and _LOST_GPU not in text


def parse_query(text: str, fields: Sequence[str] = QUERY_FIELDS) -> list[Mapping[str, Json]]:
    """Return one mapping a GPU with the keys of an accelerator and `driver`; lines of another shape are left out."""
    rows = [_cells(line) for line in text.splitlines()]
    wanted = [dict(zip(fields, row, strict=True)) for row in rows if len(row) == len(fields)]
    return [_device(row) for row in wanted[:MOST_DEVICES]]


def complaints(text: str, fields: Sequence[str] = QUERY_FIELDS) -> str:
    """Return the lines of the answer to a query that tell of no GPU."""
    return "\n".join(line for line in text.splitlines() if len(_cells(line)) != len(fields))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]


def parse_banner(text: str) -> Mapping[str, Json]:
    """Return driver version and newest CUDA from the head of plain `nvidia-smi`, in the words of either generation."""
    driver, cuda = _DRIVER.search(text), _CUDA.search(text)
    is_told = driver is not None and driver[1] != "N/A"  # as on a Jetson
    return {
        "version": driver_version(driver[1])
        if driver and is_told
        else unread("missing", "nvidia-smi prints no driver version"),
        "cudaUserMax": cuda[1] if cuda else unread("missing", "nvidia-smi prints no CUDA version"),
    }


def _device(row: Mapping[str, str]) -> Mapping[str, Json]:
    cells = {field: _cell(row[field]) if field in row else _NOT_ASKED for field in _READERS}
    return {
        key: read(cell) if isinstance(cell, str) else cell
        for (key, read), cell in zip(_READERS.values(), cells.values(), strict=True)
    }


def _cell(text: str) -> Json:
    """Return the text of a cell, or a status where nvidia-smi writes its excuse: `[Insufficient Permissions]`."""
    if text in ("", "N/A"):
        return _NOT_SUPPORTED
    if text == "ERR!":
        return unread("error", "nvidia-smi writes `ERR!`")
    if not text.startswith("["):
        return text
    excuse = told(text.strip("[]").lower())
    if excuse in ("n/a", "not supported"):
        return _NOT_SUPPORTED
    return unread("denied" if "permission" in excuse else "error", excuse)
