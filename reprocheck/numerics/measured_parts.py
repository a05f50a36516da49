"""Hold against each other what two machines say of their orders of addition, arithmetic, canaries and relations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reprocheck.model.fingerprints import entry_reason, fingerprint_digest
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import NumericFault, Part, SideBySide
from reprocheck.model.numeric_fingerprints import NumericFingerprint, faults_of
from reprocheck.model.summation_trees import Row, side_by_side

Entry = Mapping[str, Json]

SHOWN_DIGITS = 12
_KINDS: Mapping[Part, str] = {
    "canary": "canary",
    "relations": "relation",
    "trees": "tree",
    "arithmetic": "arithmetic",
}
_NAMING = ("operation", "size", "dtype", "device")
_ASIDE = {"ns", "sentence", "detail"}  # a newer release may find other words for the same


class Said(NamedTuple):
    """What both sides say of one thing, and the rows that lay it side by side."""

    there: str
    here: str
    rows: tuple[Row, ...] = ()


class Key(NamedTuple):
    """What an entry is about: two entries with one key are compared."""

    name: str
    operation: str
    size: str
    dtype: str
    device: str


def faults_between(old: NumericFingerprint, new: NumericFingerprint) -> tuple[NumericFault, ...]:
    """Return what no healthy machine does, and on which side: what only one does comes first."""
    there, here = faults_of(old), faults_of(new)
    return (
        *(NumericFault(side="here", text=text) for text in here if text not in there),
        *(NumericFault(side="there", text=text) for text in there if text not in here),
        *(NumericFault(side="both", text=text) for text in there if text in here),
    )


def sides_of_parts(old: NumericFingerprint, new: NumericFingerprint) -> tuple[SideBySide, ...]:
    """Return what both sides measured and say differently, part by part; the same of several dtypes once."""
    return tuple(
        difference
        for part in _KINDS
        for difference in _joined(part, list(_pairs(part, _part(old, part), _part(new, part))))
    )


def one_sided_parts(old: NumericFingerprint, new: NumericFingerprint) -> Iterator[str]:
    """Yield a sentence for each part of which one side measured something that the other did not."""
    for part, kind in _KINDS.items():
        there, here = ({_key(entry, kind) for entry in _part(side, part)} for side in (old, new))
        for side, lone in (("there", there - here), ("here", here - there)):
            if lone:
                yield f"{part}: {len(lone)} {'entry was' if len(lone) == 1 else 'entries were'} measured only {side}"


def _part(side: NumericFingerprint, part: Part) -> Sequence[Entry]:
    return {
        "canary": side.canary,
        "relations": side.relations,
        "trees": side.trees,
        "arithmetic": side.arithmetic,
    }[part]


def _pairs(part: Part, old: Iterable[Entry], new: Iterable[Entry]) -> Iterator[tuple[Key, Entry, Entry]]:
    """Yield the entries that both sides have and that differ; what is a fault is told as one."""
    kind = _KINDS[part]
    there = {_key(entry, kind): entry for entry in old}
    for entry in new:
        other = there.get(_key(entry, kind))
        if other is not None and not _is_fault(part, other, entry) and _substance(other) != _substance(entry):
            yield _key(entry, kind), other, entry


def _is_fault(part: Part, *sides: Entry) -> bool:
    """Say whether a difference can only be a fault, or another release's canary: neither compares machines."""
    if part == "canary":
        return not any("status" in side for side in sides)
    return part == "relations" and any(side.get("kind") == "must" and side.get("status") == "broken" for side in sides)


def _substance(entry: Entry) -> Json:
    """Return what decides whether two entries say the same: the digest where there is one."""
    digest = entry.get("digest")
    return digest if isinstance(digest, str) else {key: entry[key] for key in sorted(entry.keys() - _ASIDE)}


def _joined(part: Part, pairs: Iterable[tuple[Key, Entry, Entry]]) -> Iterator[SideBySide]:
    """Yield the differences; what reads the same in several dtypes, and in several operations, as one."""
    by_dtype: dict[tuple[str, str, Said], list[str]] = {}
    for key, old, new in pairs:
        by_dtype.setdefault((_subject(key), key.device, _said(part, old, new)), []).append(key.dtype)
    by_subject: dict[tuple[str, Said], list[str]] = {}
    for (subject, device, said), dtypes in by_dtype.items():
        by_subject.setdefault((_kinds(dtypes, device), said), []).append(subject)
    for (kinds, (there, here, rows)), subjects in by_subject.items():
        what = ", ".join(dict.fromkeys(subjects)) + kinds
        yield SideBySide(part=part, what=what, old=there, new=here, rows=rows)


def _said(part: Part, old: Entry, new: Entry) -> Said:
    """Return what both sides say; where the words are the same, with what makes the difference behind them."""
    there, here = _words(old), _words(new)
    rows = side_by_side(_text(old.get("text")), _text(new.get("text"))) if part == "trees" else ()
    if there == here and not rows:
        return Said(f"{there} [{_mark(old)}]", f"{here} [{_mark(new)}]")
    return Said(*(_apart(there, here) if part == "arithmetic" else (there, here)), rows)


def _apart(there: str, here: str) -> tuple[str, str]:
    """Return of two sentences the clauses that the other one lacks; whole ones where that leaves nothing."""
    sides = there.split("; "), here.split("; ")
    old = "; ".join(clause for clause in sides[0] if clause not in sides[1])
    new = "; ".join(clause for clause in sides[1] if clause not in sides[0])
    return (old, new) if old and new else (there, here)


def _words(entry: Entry) -> str:
    sentence = entry.get("sentence")
    if isinstance(sentence, str) and sentence:
        return sentence
    if isinstance(entry.get("status"), str):
        return entry_reason(entry)
    return "measured"


def _mark(entry: Entry) -> str:
    digest = entry.get("digest")
    shown = digest if isinstance(digest, str) else fingerprint_digest(entry)
    return f"digest {shown[:SHOWN_DIGITS]}"


def _key(entry: Entry, kind: str) -> Key:
    return Key(_text(entry.get(kind)), *(_text(entry.get(name)) for name in _NAMING))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _subject(key: Key) -> str:
    """Return `matmul of 256`, or the name of what is no operation."""
    return (key.operation or key.name) + (f" of {key.size}" if key.size else "")


def _kinds(dtypes: Iterable[str], device: str) -> str:
    """Return ` in fp32 bf16 on cuda`, without what is not told and without the CPU."""
    types = " ".join(filter(None, dict.fromkeys(dtypes)))
    return (f" in {types}" if types else "") + (f" on {device}" if device not in ("", "cpu") else "")
