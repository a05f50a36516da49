"""Read the short notation of the switches in force, as rule pages and fixtures write it.

    switches of torch 2.6.0, cuda 12.4, gpus 2
    switch threads 2
    switch threads 4 by environment
    switch threads 2, 8 was asked for
    switch cudnn-benchmark on by code
    unread float32-matmul-precision raises: RuntimeError: mixed
    probe scatter/index-put/fp32 cpu differs 2 of 4
    canary fp32 cpu broken
    relation loss-scale cpu holds
    gpu NVIDIA H100 9.0
    told software.torch.libraries.mkl 2024.2

Nothing is known but what a line tells. `on` and `off` are true and false, digits a number.
"""

from __future__ import annotations

import re
from typing import Any

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe
from reprocheck.model.numeric_switches import Switch, SwitchesInForce

_HEAD = re.compile(r"switches of torch (?P<torch>[^\s,]+)(?:, cuda (?P<cuda>[\d.]+))?(?:, gpus (?P<gpus>\d+))?")
_SWITCH = re.compile(
    r"switch (?P<name>\S+) (?P<value>[^\s,]+)(?: by (?P<origin>environment|code))?(?:, (?P<asked>\S+) was asked for)?"
)
_UNREAD = re.compile(r"unread (?P<name>\S+) (?P<reason>.+)")
_PROBE = re.compile(r"probe (?P<name>\S+) (?P<device>\S+) differs (?P<differing>\d+) of (?P<repeats>\d+)")
_GPU = re.compile(r"gpu (?P<model>.+) (?P<capability>[\d.]+)")
_TOLD = re.compile(r"told (?P<path>\S+) (?P<value>.+)")
_HELD = re.compile(r"(?P<kind>canary|relation) (?P<name>\S+) (?P<device>\S+) (?P<state>broken|holds)")


def short_switches(text: str) -> SwitchesInForce | None:
    """Return what the lines tell of switches, None where none names a Python."""
    lines = [line.strip() for line in text.splitlines()]
    heads = [head for line in lines if (head := _HEAD.fullmatch(line))]
    told = [
        line
        for line in lines
        if line.startswith(("switch", "unread ", "probe ", "canary ", "relation ", "gpu ", "told "))
    ]
    if not heads:
        assert not told, told
        return None
    assert len(heads) == 1, told
    found = {pattern: [hit for line in told if (hit := pattern.fullmatch(line))] for pattern in _PATTERNS}
    assert sum(map(len, found.values())) == len(told) - 1, told
    measured = found[_PROBE] or found[_HELD]
    return SwitchesInForce(
        source="this Python",
        torch=heads[0]["torch"],
        cuda=heads[0]["cuda"],
        gpus=int(heads[0]["gpus"] or 0),
        switches={
            hit["name"]: Switch(_value(hit["value"]), hit["origin"] or "default", hit["asked"])
            for hit in found[_SWITCH]
        },
        unread={hit["name"]: hit["reason"] for hit in found[_UNREAD]},
        measured=_measured(found[_PROBE], found[_HELD]) if measured else None,
        document=_document(heads[0]["torch"], found[_GPU], found[_TOLD]),
    )


_PATTERNS = (_SWITCH, _UNREAD, _PROBE, _HELD, _GPU, _TOLD)


def _document(torch: str, gpus: list[re.Match[str]], told: list[re.Match[str]]) -> dict[str, Json]:
    """Return the fingerprint, as far as rules look into it."""
    document: dict[str, Any] = {"software": {"torch": {"version": torch}}}
    document["accelerators"] = [{"model": gpu["model"], "computeCapability": gpu["capability"]} for gpu in gpus]
    for hit in told:
        *keys, last = hit["path"].split(".")
        place = document
        for key in keys:
            place = place.setdefault(key, {})
        place[last] = _value(hit["value"])
    return document


def _value(text: str) -> Json:
    if text.isdecimal():
        return int(text)
    return {"on": True, "off": False}.get(text, text)


def _measured(probes: list[re.Match[str]], held: list[re.Match[str]]) -> NumericFingerprint:
    canary: list[dict[str, Json]] = [
        {
            "canary": hit["name"],
            "device": hit["device"],
            "digest": "aa" if hit["state"] == "holds" else "bb",
            "expected": "aa",
        }
        for hit in held
        if hit["kind"] == "canary"
    ]
    relations: list[dict[str, Json]] = [
        {"relation": hit["name"], "kind": "must", "device": hit["device"], "status": hit["state"]}
        for hit in held
        if hit["kind"] == "relation"
    ]
    return NumericFingerprint(probes=tuple(map(_probe, probes)), canary=tuple(canary), relations=tuple(relations))


def _probe(hit: re.Match[str]) -> Probe:
    return Probe(
        name=hit["name"],
        family=hit["name"].partition("/")[0],
        operation=hit["name"].split("/")[-2],
        dtype=hit["name"].rpartition("/")[2],
        device=hit["device"],
        differing=int(hit["differing"]),
        repeats=int(hit["repeats"]),
    )
