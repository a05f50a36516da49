"""What two fingerprints, or two records, say differently."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from reprocheck.errors import InputError
from reprocheck.model.differences import Difference, HeadDifference
from reprocheck.model.fingerprints import FINGERPRINT_SCHEMA
from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER, Json, dump_line
from reprocheck.model.numeric_differences import NumericDifference
from reprocheck.model.records import Record, Run, RunPlan, looks_like_record
from reprocheck.numerics.causes import NOT_THERE, UNREAD, fingerprint_differences
from reprocheck.numerics.comparison import compare_runs
from reprocheck.numerics.numeric_comparison import numeric_difference, numeric_notes
from reprocheck.numerics.probe_reader import read_measured
from reprocheck.numerics.record_reader import parse_record

UNKNOWN_HERE = f"{UNREAD}missing: not in this torch"

Named: TypeAlias = "tuple[str, bytes]"  # the name that reports use, and the bytes


def tell_fingerprints(old: Named, new: Named) -> Difference:
    """Return the keys in which two fingerprints differ.

    Raises:
        InputError: a document is broken or no fingerprint.
    """
    before, after = _fingerprint(*old), _fingerprint(*new)
    numeric, notes = _numerics((old[0], before), (new[0], after))
    return Difference(
        compared="fingerprints",
        old=old[0],
        new=new[0],
        head=tuple(_fingerprints(before, after)),
        notes=notes,
        numeric=numeric,
    )


def tell_records(old: Named, new: Named) -> Difference:
    """Return in what two records differ: fingerprint, lock, and where their runs part.

    Raises:
        InputError: a document is broken or no record.
    """
    before, after = parse_record(old[1], old[0]), parse_record(new[1], new[0])
    numeric, notes = _numerics((old[0], before.fingerprint), (new[0], after.fingerprint))
    head = (
        *_fingerprints(before.fingerprint, after.fingerprint),
        *_settings(before, after),
        *_runs(before, after),
    )
    return Difference(compared="records", old=old[0], new=new[0], head=head, notes=notes, numeric=numeric)


def read_fingerprint(name: str, data: bytes) -> Mapping[str, Json]:
    """Return the fingerprint that a fingerprint or a record holds.

    Raises:
        InputError: the document is broken.
    """
    return parse_record(data, name).fingerprint if looks_like_record(data) else _fingerprint(name, data)


def _fingerprint(name: str, data: bytes) -> Mapping[str, Json]:
    try:
        document: object = json.loads(data, parse_float=str, parse_constant=str, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "cannot read the fingerprint",
            where=name,
            why="it should be a JSON document as `reprocheck fingerprint -o` writes it",
            how="write it anew, or name another file",
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if isinstance(document, dict) and schema == FINGERPRINT_SCHEMA:
        return document
    raise InputError(
        "this is neither a fingerprint nor a record",
        where=f"{name}: schema",
        why=f"expected `{FINGERPRINT_SCHEMA}`",
        how="write one with `reprocheck fingerprint -o FILE`",
    )


def _integer(text: str) -> int | str:
    return int(text) if len(text) < len(str(LARGEST_SAFE_INTEGER)) else text


def _fingerprints(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[HeadDifference]:
    for found in fingerprint_differences(old, new):
        if found.path.startswith("runtime.switches.") and UNKNOWN_HERE in (found.recorded, found.observed):
            continue  # another torch knows other switches: the release of torch says it all
        sides = (None if side == NOT_THERE else side for side in (found.recorded, found.observed))
        yield HeadDifference(what=found.path, old=next(sides), new=next(sides))


def _numerics(
    old: tuple[str, Mapping[str, Json]], new: tuple[str, Mapping[str, Json]]
) -> tuple[NumericDifference | None, tuple[str, ...]]:
    """Return what both sides, each a name and a fingerprint, compute differently, and what was not compared."""
    there, here = (read_measured(document, name) for name, document in (old, new))
    notes = tuple(numeric_notes((old[0], new[0]), (there, here)))
    if there is None or here is None:
        return None, notes
    return numeric_difference((old[1], new[1]), (there, here)), notes


def _settings(old: Record, new: Record) -> Iterator[HeadDifference]:
    sides = (
        ("lock", dump_line(old.lock), dump_line(new.lock)),
        ("device", old.device, new.device),
        ("threads", str(old.threads), str(new.threads)),
    )
    yield from (HeadDifference(what=what, old=was, new=now) for what, was, now in sides if was != now)


def _runs(old: Record, new: Record) -> Iterator[HeadDifference]:
    before, after = ({run.plan.name: run for run in record.runs} for record in (old, new))
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was is None or now is None or was.unsupported or now.unsupported:
            sides = (_presence(was), _presence(now))
            if sides[0] != sides[1]:
                yield HeadDifference(what=f"run {name}", old=sides[0], new=sides[1])
        elif was.plan != now.plan and not (was.program and now.program):  # a training that ends elsewhere says where
            yield HeadDifference(what=f"plan of run {name}", old=_plan(was.plan), new=_plan(now.plan))
        else:
            yield from _divergence(name, was, now)


def _presence(run: Run | None) -> str | None:
    if run is None:
        return None
    return f"not possible: {run.unsupported}" if run.unsupported else "recorded"


def _plan(plan: RunPlan) -> str:
    return f"seed {plan.seed}, {plan.step_count} steps, learning rate {plan.learning_rate}, scale {plan.first_scale}"


def _divergence(name: str, old: Run, new: Run) -> Iterator[HeadDifference]:
    parted = compare_runs(old, new).first_divergence
    if parted:
        what = f"run {name}, step {parted.step}, {parted.phase}: {parted.quantity}"
        yield HeadDifference(what=what, old=parted.recorded, new=parted.observed)
