"""Read the measured part of a fingerprint at the door: every fault is told with its place, unknown keys are ignored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from reprocheck.errors import InputError
from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe, numeric_fingerprint

PARTS = ("trees", "arithmetic", "canary", "relations", "collection")
MOST_PROBES = 10_000  # twenty times as many as there are
_NAMES = ("probe", "family", "operation", "dtype", "device")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FIRST = re.compile(r"[0-9a-f]{2,32}")
_HEX_FLOAT = re.compile(r"-?0x[0-9a-f]\.?[0-9a-f]{0,13}p[+-]\d{1,4}")

Document = Mapping[str, Json]


def read_measured(document: Document, file: str) -> NumericFingerprint | None:
    """Return what was measured, None where the fingerprint was taken without probes.

    Raises:
        InputError: a probe, or a part of `numerics`, is not of its form; or two probes have one name.
    """
    if "probes" not in document or unread_status(document["probes"]):
        return None
    listed = _list(document["probes"], f"{file}: probes")
    if len(listed) > MOST_PROBES:
        _refuse(f"{file}: probes", f"expected at most {MOST_PROBES} probes, found {len(listed)}")
    for index, entry in enumerate(listed):
        _check_probe(entry, f"{file}: probes[{index}]")
    _check_parts(document, file)
    measured = numeric_fingerprint(document)
    _check_unique(measured.probes if measured else (), file)
    return measured


def _check_probe(entry: Json, where: str) -> None:
    if not isinstance(entry, Mapping):
        _refuse(where, "expected an object")
    for key in _NAMES:
        if not isinstance(entry.get(key), str) or not entry[key]:
            _refuse(f"{where}.{key}", "expected a name")
    if "status" not in entry:
        _check_bits(entry, where)
    elif not isinstance(entry["status"], str) or not entry["status"]:
        _refuse(f"{where}.status", "expected a word such as `unsupported`")


def _check_bits(entry: Document, where: str) -> None:
    if not _matches(_DIGEST, entry.get("digest")):
        _refuse(f"{where}.digest", "expected a SHA-256 of 64 hexadecimal digits, or the key `status`")
    for index, number in enumerate(_list(entry.get("coarse", ()), f"{where}.coarse")):
        if not is_hex_float(number):
            _refuse(f"{where}.coarse[{index}]", "expected a finite hex float such as `0x1.8000000000000p+1`")
    for index, bits in enumerate(_list(entry.get("first", ()), f"{where}.first")):
        if not _matches(_FIRST, bits):
            _refuse(f"{where}.first[{index}]", "expected bits as hexadecimal digits")
    counts = [_count(entry.get(key, 0), f"{where}.{key}") for key in ("differing", "repeats")]
    if counts[0] > counts[1]:
        _refuse(f"{where}.differing", f"expected at most as many as the {counts[1]} `repeats`")


def _check_parts(document: Document, file: str) -> None:
    """Check that each part is a list of objects; what is in them is read key by key where it is compared."""
    numerics = document.get("numerics", {})
    if not isinstance(numerics, Mapping):
        _refuse(f"{file}: numerics", "expected an object")
    for part in PARTS:
        for index, entry in enumerate(_list(numerics.get(part, ()), f"{file}: numerics.{part}")):
            if not isinstance(entry, Mapping):
                _refuse(f"{file}: numerics.{part}[{index}]", "expected an object")


def _check_unique(probes: Sequence[Probe], file: str) -> None:
    """Refuse two probes of one name on one device: which of the two is meant, nobody knows."""
    seen: set[tuple[str, str]] = set()
    for index, probe in enumerate(probes):
        if probe.key in seen:
            _refuse(f"{file}: probes[{index}]", f"`{probe.name[:80]}` on `{probe.device[:80]}` is there twice")
        seen.add(probe.key)


def switch_values(document: Document) -> Mapping[str, Document]:
    """Return every switch that was read, by its id: its value and origin; what could not be read is left out."""
    switches = value_at(document, "runtime", "switches")
    if not isinstance(switches, Mapping) or unread_status(switches):
        return {}
    return {
        name: entry
        for name, entry in switches.items()
        if isinstance(entry, Mapping) and "value" in entry and not unread_status(entry["value"])
    }


def is_hex_float(value: Json) -> bool:
    """Say whether a value is a finite double as C99 writes it in hexadecimal."""
    if not isinstance(value, str) or not _HEX_FLOAT.fullmatch(value):
        return False
    try:
        return math.isfinite(float.fromhex(value))
    except OverflowError:
        return False


def _matches(form: re.Pattern[str], value: Json) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _list(value: Json, where: str) -> Sequence[Json]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        _refuse(where, "expected a list")
    return value


def _count(value: Json, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _refuse(where, "expected a count")
    return value


def _refuse(where: str, why: str) -> NoReturn:
    raise InputError(
        "these probes cannot be read",
        where=where,
        why=why,
        how="restore the file, or write it anew with `reprocheck fingerprint --probes -o FILE`",
    )
