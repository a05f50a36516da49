"""The operations of a record: read back as written, absent in older records, refused where no record has the like."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.errors import InputError
from reprocheck.model.json_documents import dump_document
from reprocheck.model.operations import OperationDigest, RunOperations
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import Record, Run
from reprocheck.numerics.record_reader import parse_record
from reprocheck.numerics.runs import plan_runs

MM, EXP = "aten.mm.default(fp32[2,3]~0,fp32[3,4]{1,3}~-4)", "aten.exp.default(bf16[9]~4)"
ONE, TWO = (OperationDigest(text=text, outcome=outcome) for text, outcome in ((MM, "1" * 16), (EXP, "varies")))
SEEN = RunOperations(steps=3, complete=True, detail="", traced=(MM, EXP), digests=(ONE, TWO))


def written(record: Record) -> bytes:
    return dump_document(record_document(record)).encode("utf-8")


def refusal(data: bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_record(data, "r.json")
    return caught.value.lines()[1:3]


@pytest.fixture
def seen(record: Record, run: Run) -> Record:
    partly = RunOperations(steps=12, complete=False, detail="why", traced=(EXP,), digests=(TWO,))
    return replace(record, runs=(replace(run, operations=SEEN), replace(run, operations=partly)))


@pytest.fixture
def document(seen: Record) -> Any:
    return json.loads(written(seen))


def test_reading_what_was_written_is_identity(seen: Record) -> None:
    assert parse_record(written(seen), "r.json") == seen


def test_operations_are_written_once_and_shared_by_runs(document: Any) -> None:
    assert document["operations"] == [f"{'1' * 16} {MM}", f"varies {EXP}"]
    assert [run["operations"]["used"] for run in document["runs"]] == ["0-1", "1"]


def test_an_older_record_has_none(record: Record) -> None:
    assert b'"operations"' not in written(record)
    assert [run.operations for run in parse_record(written(record), "r.json").runs] == [None]


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (3, "expected a text"),
        (f"{'1' * 15} {MM}", "expected a digest of 16 hexadecimal digits, or the word that says why there is none"),
        (f"perhaps {MM}", "expected a digest of 16 hexadecimal digits, or the word that says why there is none"),
        (f"{'1' * 16} mm", "expected an operation such as `aten.sqrt.default(fp32[64]~-4+)`"),
        (f"{'1' * 16} os.system('reboot')", "expected an operation such as `aten.sqrt.default(fp32[64]~-4+)`"),
        (f"{'1' * 16} aten.exp.default(fp32[9999999,9999999])", "expected tensors of at most 2^40 elements"),
    ],
)
def test_what_is_no_operation_is_refused_with_its_place(document: Any, operation: object, why: str) -> None:
    document["operations"][1] = operation
    assert refusal(json.dumps(document).encode()) == ["  where: r.json: operations[1]", f"  why:   {why}"]


def test_more_operations_than_any_run_has_are_refused(document: Any) -> None:
    document["operations"] *= 10_001
    assert refusal(json.dumps(document).encode())[1] == "  why:   expected at most 20000 operations"


PLACES = "expected places of operations such as `0-12,14`"


@pytest.mark.parametrize(
    ("key", "value", "where", "why"),
    [
        ("used", "2", "used", f"{PLACES}, each once, below 2"),
        ("used", "0-9999", "used", f"{PLACES}, each once, below 2"),
        ("used", "1-0", "used", f"{PLACES}, each once, below 2"),
        ("used", "0-1,0", "used", f"{PLACES}, each once, below 2"),
        ("used", "x", "used", PLACES),
        ("used", "0,,1", "used", PLACES),
        ("used", [0], "used", PLACES),
        ("complete", 1, "complete", "expected true or false"),
        ("steps", -1, "steps", "expected an integer from 0 to 10000"),
        ("detail", None, "detail", "expected a text"),
    ],
)
def test_a_broken_part_of_a_run_is_refused(document: Any, key: str, value: object, where: str, why: str) -> None:
    document["runs"][0]["operations"][key] = value
    place = f"  where: r.json: runs[0].operations.{where}"
    assert refusal(json.dumps(document).encode()) == [place, f"  why:   {why}"]


def test_a_run_that_names_operations_of_no_table_is_refused(document: Any) -> None:
    del document["operations"]
    assert refusal(json.dumps(document).encode())[1] == f"  why:   {PLACES}, each once, below 0"


@given(st.data())
def test_a_damaged_byte_never_ends_in_anything_but_a_record_or_an_error(data: st.DataObject) -> None:
    run = Run(plan=plan_runs(["convnet"], seed=0, steps=1)[0], in_force={}, initial=((),), operations=SEEN)
    whole = written(Record(fingerprint={}, lock={}, device="cpu", threads=1, runs=(run,)))
    start = whole.index(b'"operations"')
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(start, start + 260))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        assert parse_record(bytes(damaged), "r.json").runs
