"""From the lines of the ranks to what each of them computed.

The first rank of each node tells the records of all ranks; where they did not meet, what each rank of this node said
for itself is all there is. What was measured again counts together with the first time: other bits then are a
difference of the rank from itself. The lines come from another process, and may hold anything.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from reprocheck.model.fingerprints import one_line
from reprocheck.model.fleets import RankAnswer
from reprocheck.model.json_documents import Json, entries

LARGEST_RECORD_BYTES = 16 * 2**20
FAULT = "fault"  # in the place of sums: why there are none
_FIRST_FAILURE = re.compile(r"Root Cause.*?rank\s*:\s*(\d+) \(local_rank.*?exitcode\s*:\s*(-?\d+)", re.DOTALL)

Record = Mapping[str, Json]


def answers_of(lines: Iterable[Record]) -> tuple[RankAnswer, ...]:
    """Return the answers, sorted by rank; what is garbled is left out."""
    own: dict[int, dict[str, Any]] = {}
    met: dict[str, dict[int, Record]] = {"first": {}, "again": {}, "sums": {}}
    speaker = -1
    for line in lines:
        kind = line.get("kind")
        if kind == "numbers":
            numbers = _mapping(line.get("numbers"))
            speaker = _count(numbers.get("rank"))
            own[speaker] = {"numbers": numbers, "probes": {}, "ended": "had not said all"}
        elif kind == "packed" and line.get("topic") in met:
            met[str(line["topic"])][_count(line.get("rank"))] = _unpacked(line.get("record"))
        elif speaker in own:
            _take(own[speaker], line)
    records, again, sums = {**own, **met["first"]}, met["again"], met["sums"]
    return tuple(_answer(rank, records[rank], again.get(rank), sums.get(rank)) for rank in sorted(records))


def size_of(lines: Iterable[Record], key: str) -> int:
    """Return how many `ranks` or `nodes` the job has, 0 where none said so."""
    return max((_count(_mapping(line.get("numbers")).get(key)) for line in lines), default=0)


def backend_of(lines: Iterable[Record]) -> str | None:
    """Return over what the ranks agreed to sum, nothing where they did not want to, None where they never met."""
    told = [_word(line.get("backend")) for line in lines if line.get("kind") == "plan"]
    return max(told) if told else None


def reason_alone(lines: Iterable[Record]) -> str:
    """Return why ranks could not meet, in the words of one of them."""
    return max((_word(line.get("detail")) for line in lines if line.get("kind") == "alone"), default="")


def first_failure(said: str) -> str:
    """Return which rank torchrun saw fail first, in words, or nothing where it does not say so."""
    match = _FIRST_FAILURE.search(said)
    if not match:
        return ""
    code = int(match[2])
    return f"rank {match[1]} ended first, with {f'signal {-code}' if code < 0 else f'exit code {code}'}"


def _take(record: dict[str, Any], line: Record) -> None:
    if line.get("kind") == "place":
        record["place"] = line.get("place")
    elif line.get("kind") == "probe":
        record["probes"][str(line.get("probe"))] = line.get("told")
    elif line.get("kind") == "ended":
        record["ended"] = line.get("ended")


def _unpacked(text: Json) -> Record:
    """Return a record that has travelled, an empty one where it is garbled."""
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(base64.b64decode(str(text)), LARGEST_RECORD_BYTES)
        return _mapping(json.loads(data))
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        return {"ended": "its answer came garbled"}


def _answer(rank: int, first: Record, again: Record | None, sums: Record | None) -> RankAnswer:
    numbers, place = _mapping(first.get("numbers")), _mapping(first.get("place"))
    probes, repeated = _mapping(first.get("probes")), _mapping((again or {}).get("probes"))
    values = {name: _value(told) for name, told in probes.items()}
    told_sums = {name: _mapping(told) for name, told in (sums or {}).items()}
    return RankAnswer(
        rank=rank,
        local_rank=_count(numbers.get("localRank")),
        node=_count(numbers.get("node")),
        device=_word(place.get("device")),
        gpus=_count(place.get("gpus")),
        host=_word(place.get("host")),
        traits=_traits(place),
        values={**values, **{name: _value(told) for name, told in told_sums.items() if name != FAULT}},
        unsteady=_unsteady(probes, repeated),
        times_ns={name: _count(_mapping(told).get("ns")) for name, told in probes.items() if values[name]},
        sums_fault=_word(told_sums.get(FAULT, {}).get("detail")),
        wrong_sums=tuple(sorted(name for name, told in told_sums.items() if told.get("right") is False)),
        families=tuple(map(_word, entries(place.get("families")))),
        ended=_word(first.get("ended")) or _word((again or {}).get("ended")),
    )


def _value(told: Json) -> str:
    """Return the digest, or the status where there is none."""
    told = _mapping(told)
    return _word(told.get("digest")) or _word(told.get("status"))


def _unsteady(first: Record, again: Record) -> dict[str, tuple[int, int]]:
    found = {}
    for name in sorted({**first, **again}):
        both = [_mapping(part.get(name)) for part in (first, again)]
        differing = sum(_count(told.get("differing")) for told in both)
        if name in again and _value(both[0]) != _value(both[1]):
            differing += 1
        if differing:
            found[name] = differing, sum(_count(told.get("repeats")) for told in both)
    return found


def _traits(place: Record) -> dict[str, str]:
    """Return traits, environment variables and switches under one kind of name."""
    parts = (("", "traits"), ("variable ", "environment"), ("switch ", "switches"))
    return {
        lead + name: one_line(value if isinstance(value, str) else json.dumps(value, sort_keys=True))
        for lead, part in parts
        for name, value in sorted(_mapping(place.get(part)).items())
    }


def _mapping(value: Json) -> Record:
    return value if isinstance(value, Mapping) else {}


def _word(value: Json) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _count(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
