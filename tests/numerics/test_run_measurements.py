"""Updates, times and resumption through the record: what is written is read, and what is broken is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.model.json_documents import dump_document
from reprocheck.model.optimizer_updates import RunUpdates, UpdateSample
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import Record
from reprocheck.model.run_times import RunTimes
from reprocheck.numerics.record_reader import parse_record


@pytest.fixture
def whole(record: Record) -> Record:
    sample = UpdateSample(step=1, group=0, optimizer="AdamW", after=(3, 0xFFFFFFFF))
    run = replace(
        record.runs[0],
        updates=RunUpdates(before=(1, 2), gradient=(0x3F800000, 0), samples=(sample,)),
        times=RunTimes(step_ns=12, peak_bytes=34, memory="held"),
        resumed="as without a stop",
    )
    return replace(record, runs=(run,))


def document(record: Record) -> Any:
    return json.loads(dump_document(record_document(record)))


def test_what_is_written_is_read_again(whole: Record, record: Record) -> None:
    (run,) = parse_record(dump_document(record_document(whole)).encode(), "r.json").runs
    expected = whole.runs[0]
    assert (run.updates, run.times, run.resumed) == (expected.updates, expected.times, expected.resumed)
    (bare,) = parse_record(dump_document(record_document(record)).encode(), "r.json").runs
    assert (bare.updates, bare.times, bare.resumed) == (None, None, "")


def test_no_clock_stands_in_a_record_that_nobody_asked_it_of(record: Record) -> None:
    assert not {"measured", "updates", "resumed"} & set(document(record)["runs"][0])


@pytest.mark.parametrize(
    ("path", "value", "where", "why"),
    [
        ("updates/before", "00000001", "updates.gradient", "expected 1 words, found 2"),
        ("updates/before", "1.2", "updates.before", "expected float32 bits as hex words"),
        ("updates/samples/0/after", "00000001", "updates.samples[0].after", "expected 2 words, found 1"),
        ("updates/samples/0/step", -1, "updates.samples[0].step", "expected an integer from 0 to 10000"),
        ("measured/memory", "much", "measured.memory", "expected one of `allocated`, `held`"),
        ("measured/step_ns", -1, "measured.step_ns", "expected an integer from 0 to 9007199254740991"),
        ("resumed", 3, "resumed", "expected a text"),
    ],
)
def test_a_broken_value_is_told_with_its_key(whole: Record, path: str, value: object, where: str, why: str) -> None:
    made = document(whole)
    *steps, last = f"runs/0/{path}".split("/")
    node: Any = made
    for step in steps:
        node = node[int(step) if isinstance(node, list) else step]
    node[int(last) if isinstance(node, list) else last] = value
    with pytest.raises(InputError) as caught:
        parse_record(json.dumps(made).encode(), "r.json")
    assert (caught.value.where, caught.value.why) == (f"r.json: runs[0].{where}", why)
