"""The measurements of a record are read back as they were written, and a fault is told with its key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.model.abridged_measurements import abridge
from reprocheck.model.json_documents import dump_document
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import Record
from reprocheck.numerics import abridged_reader
from reprocheck.numerics.record_reader import parse_record
from tests.numerics.numeric_shapes import lacking, probe

MEASURED = abridge(
    NumericFingerprint(
        probes=(probe("matmul/wide/fp32"), lacking("matmul/wide/fp16")),
        canary=({"canary": "fp32", "device": "cpu", "digest": "a" * 64, "expected": "a" * 64},),
        relations=({"relation": "whole numbers", "kind": "must", "device": "cpu", "status": "holds"},),
        collection=({"source": "trees", "status": "timeout"},),
    )
)


@pytest.fixture
def document(record: Record) -> Any:
    return json.loads(dump_document(record_document(replace(record, measured=MEASURED))))


def refusal(document: Any) -> str:
    with pytest.raises(InputError) as caught:
        parse_record(json.dumps(document).encode(), "r.json")
    return f"{caught.value.where}: {caught.value.why}"


def test_what_was_written_is_read_back(document: Any) -> None:
    assert parse_record(json.dumps(document).encode(), "r.json").measured == MEASURED


def test_a_record_without_measurements_is_one(document: Any) -> None:
    assert parse_record(json.dumps({**document, "probes": []}).encode(), "r.json").measured is None
    del document["probes"]
    assert parse_record(json.dumps(document).encode(), "r.json").measured is None


def test_a_broken_line_is_told_with_its_place(document: Any) -> None:
    document["probes"][1] = "matmul"
    assert refusal(document) == (
        "r.json: probes[1]: expected a probe: name, device, digest, runs, differing runs and coarse digest, or a status"
    )


def test_a_probe_that_is_there_twice_is_refused(document: Any) -> None:
    document["probes"].append(document["probes"][0])
    assert refusal(document) == "r.json: probes[2]: `matmul/wide/fp32` on `cpu` is there twice"


def test_a_part_that_is_missing_is_told(document: Any) -> None:
    del document["numerics"]["canary"]
    assert refusal(document) == "r.json: numerics: expected the key `canary`"


def test_a_flood_of_probes_is_refused(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abridged_reader, "MOST_PROBES", 1)
    assert refusal(document) == "r.json: probes: expected at most 1 probes, found 2"
