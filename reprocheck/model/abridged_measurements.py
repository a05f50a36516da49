"""What a machine computes, in the few bytes that a record has room for: one line of text for each thing measured.

Abridged are the digests, to their leading 64 bits; shapes and first values are left out. Two abridged sides compare as
whole ones do, for chance makes no two of these digests equal. Coarse digests keep every bit that they have.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import Entry, NumericFingerprint, Probe

DIGEST_DIGITS = 16
HOLDS = "holds"  # the status of a relation that needs no words
_OF_TREES = ("tree", "operation", "size", "dtype", "device", "status", "sentence")
_DOUBLE = "fp64"  # its coarse digests have 53 bits, all others 24


def abridge(measured: NumericFingerprint) -> NumericFingerprint:
    """Return what of the measurements a record keeps; arithmetic is left out, for probes and trees show it."""
    return NumericFingerprint(
        probes=tuple(map(_short_probe, measured.probes)),
        trees=tuple(_kept(entry, _OF_TREES) for entry in measured.trees),
        canary=tuple(_kept(entry, ("canary", "device", "status", "expected")) for entry in measured.canary),
        relations=tuple(_kept(entry, ("relation", "kind", "device", "status")) for entry in measured.relations),
        collection=measured.collection,
    )


def abridged_members(measured: NumericFingerprint) -> Mapping[str, Json]:
    """Return the keys of a record that hold abridged measurements."""
    return {
        "probes": [probe_line(probe) for probe in measured.probes],
        "numerics": {
            "trees": measured.trees,
            "canary": measured.canary,
            "relations": measured.relations,
            "collection": measured.collection,
        },
    }


def probe_line(probe: Probe) -> str:
    """Return a probe as one line: name, device, then digest, runs, differing runs and coarse digest; or its status."""
    if probe.status:
        return f"{probe.name} {probe.device} {probe.status}"
    coarse = "".join(map(_packed, probe.coarse, [probe.dtype] * len(probe.coarse)))
    return f"{probe.name} {probe.device} {probe.digest} {probe.repeats} {probe.differing} {coarse or '-'}"


def probe_of(line: str) -> Probe | None:
    """Return the probe of a line, None where it is not of that form."""
    words = line.split(" ")
    names = words[0].split("/")
    if len(words) not in (3, 6) or len(names) < 3 or not all((*names, *words)):
        return None
    head = Probe(name=words[0], family=names[0], operation="/".join(names[1:-1]), dtype=names[-1], device=words[1])
    if len(words) == 3:
        return replace(head, status=words[2])
    coarse = _unpacked(words[5], names[-1])
    if coarse is None or not (words[3].isdecimal() and words[4].isdecimal() and _is_digest(words[2])):
        return None
    return replace(head, digest=words[2], repeats=int(words[3]), differing=int(words[4]), coarse=coarse)


def _short_probe(probe: Probe) -> Probe:
    return replace(probe, digest=probe.digest[:DIGEST_DIGITS], shape=(), first=(), detail="")


def _kept(entry: Entry, keys: Iterable[str]) -> Entry:
    short = {"digest": str(entry["digest"])[:DIGEST_DIGITS]} if "digest" in entry else {}
    kept = {key: entry[key] for key in keys if key in entry}
    if "expected" in kept:
        kept["expected"] = str(kept["expected"])[:DIGEST_DIGITS]
    if entry.get("status", HOLDS) != HOLDS and "detail" in entry:
        kept["detail"] = entry["detail"]
    return {**kept, **short}


def _packed(hex_float: str, dtype: str) -> str:
    return struct.pack(_form(dtype), float.fromhex(hex_float)).hex()


def _unpacked(text: str, dtype: str) -> tuple[str, ...] | None:
    """Return the coarse digest as hex floats; None where the text is not one."""
    if text == "-":
        return ()
    try:
        numbers = [number for (number,) in struct.iter_unpack(_form(dtype), bytes.fromhex(text))]
    except (ValueError, struct.error):
        return None
    return tuple(float.hex(number) for number in numbers)


def _form(dtype: str) -> str:
    return ">d" if dtype == _DOUBLE else ">f"


def _is_digest(word: str) -> bool:
    return len(word) == DIGEST_DIGITS and all(digit in "0123456789abcdef" for digit in word)
