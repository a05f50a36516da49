"""What `nvidia-smi` prints. Pure: text in, accelerators and driver out.

Drivers up to about 595 print `Driver Version: A  CUDA Version: B`, from 610 on `KMD Version: A  CUDA UMD
Version: B`; both labels are in use. That CUDA version is the newest one that the driver can run, no installed
toolkit. Source: nvidia-smi reference, "Deprecated; use CUDA UMD Version instead", read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

QUERY_FIELDS = ("name", "memory.total", "mig.mode.current", "driver_version", "compute_cap")
QUERY_FIELDS_BEFORE_R465 = QUERY_FIELDS[:-1]  # older drivers do not know `compute_cap` and then answer nothing

_DRIVER = re.compile(r"\b(?:Driver|KMD) Version:\s*([0-9.]+)")
_CUDA = re.compile(r"\bCUDA (?:UMD )?Version:\s*([0-9]+\.[0-9]+)")


def query_command(program: str, fields: Sequence[str]) -> list[str]:
    """Return the command that prints `fields` of every GPU as CSV without a head or units."""
    return [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]


def parse_query(text: str) -> list[Mapping[str, Json]]:
    """Return one mapping a GPU with the keys of an accelerator and `driver`; lines of another shape are left out."""
    rows = ([cell.strip() for cell in line.split(",")] for line in text.splitlines())
    return [_device(row) for row in rows if len(row) in (len(QUERY_FIELDS), len(QUERY_FIELDS_BEFORE_R465))]


def parse_banner(text: str) -> Mapping[str, Json]:
    """Return driver version and newest CUDA from the head of plain `nvidia-smi`, in the words of either generation."""
    driver, cuda = _DRIVER.search(text), _CUDA.search(text)
    return {
        "version": driver[1] if driver else unread("missing", "nvidia-smi prints no driver version"),
        "cudaUserMax": cuda[1] if cuda else unread("missing", "nvidia-smi prints no CUDA version"),
    }


def _device(row: Sequence[str]) -> Mapping[str, Json]:
    capability = _cell(row[4]) if len(row) > 4 else unread("missing", "this driver's nvidia-smi does not tell it")
    mig = _cell(row[2])
    return {
        "name": _cell(row[0]),
        "memoryBytes": _bytes(_cell(row[1])),
        "mig": mig.lower() if isinstance(mig, str) else mig,
        "driver": _cell(row[3]),
        "computeCapability": capability,
    }


def _cell(text: str) -> Json:
    """Return the text of a cell, or a status where nvidia-smi writes its excuse: `[Insufficient Permissions]`."""
    if text in ("", "N/A"):
        return unread("missing", "not supported")
    if not text.startswith("["):
        return text
    excuse = text.strip("[]").lower()
    if excuse in ("n/a", "not supported"):
        return unread("missing", "not supported")
    return unread("denied" if "permission" in excuse else "error", excuse)


def _bytes(mebibytes: Json) -> Json:
    if not isinstance(mebibytes, str):
        return mebibytes
    return int(mebibytes) * 2**20 if mebibytes.isdigit() else unread("error", "memory is no number")
