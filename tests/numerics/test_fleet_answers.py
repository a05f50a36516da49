"""From the lines of the ranks to their answers, whatever the lines hold."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping

import pytest

from reprocheck.model.fleets import RankAnswer
from reprocheck.model.json_documents import Json
from reprocheck.numerics.fleet_answers import answers_of, backend_of, first_failure, reason_alone, size_of

NUMBERS: dict[str, Json] = {"rank": 1, "localRank": 1, "node": 0, "ranks": 2, "localRanks": 2, "nodes": 1}
PLACE: dict[str, Json] = {
    "device": "cpu",
    "gpus": 0,
    "host": "machine",
    "traits": {"cpu": "Some CPU"},
    "environment": {"OMP_NUM_THREADS": "1"},
    "switches": {"threads": 1, "aten-cpu-capability": "avx2"},
    "families": ["matmul"],
}
TOLD: dict[str, Json] = {"digest": "aa", "differing": 0, "repeats": 2, "ns": 7}
TRAITS = {
    "cpu": "Some CPU",
    "variable OMP_NUM_THREADS": "1",
    "switch aten-cpu-capability": "avx2",
    "switch threads": "1",
}


def packed(topic: str, record: Mapping[str, Json], rank: int = 1) -> dict[str, Json]:
    text = base64.b64encode(zlib.compress(json.dumps(record).encode())).decode()
    return {"kind": "packed", "topic": topic, "rank": rank, "record": text}


def own_lines(*rest: dict[str, Json]) -> list[dict[str, Json]]:
    return [
        {"kind": "numbers", "numbers": NUMBERS},
        {"kind": "place", "place": PLACE},
        {"kind": "probe", "probe": "matmul/a/fp32", "told": TOLD},
        *rest,
    ]


def test_a_rank_that_never_met_the_others_has_said_what_it_knew() -> None:
    assert answers_of(own_lines()) == (
        RankAnswer(
            rank=1,
            local_rank=1,
            device="cpu",
            host="machine",
            traits=TRAITS,
            values={"matmul/a/fp32": "aa"},
            unsteady={},
            times_ns={"matmul/a/fp32": 7},
            families=("matmul",),
            ended="had not said all",
        ),
    )
    assert answers_of(own_lines({"kind": "ended", "ended": ""}))[0].ended == ""


def test_records_of_the_meeting_count_more_and_come_by_rank() -> None:
    first: dict[str, Json] = {"numbers": NUMBERS, "place": PLACE, "probes": {"matmul/a/fp32": TOLD}, "ended": ""}
    lines = [*own_lines(), packed("first", first), packed("first", {**first, "ended": "hangs"}, rank=0)]
    assert [(answer.rank, answer.ended) for answer in answers_of(lines)] == [(0, "hangs"), (1, "")]
    assert (size_of(lines, "ranks"), size_of(lines, "nodes"), size_of([], "ranks")) == (2, 1, 0)


@pytest.mark.parametrize(
    ("first", "again", "unsteady"),
    [
        (TOLD, {**TOLD, "repeats": 12}, {}),
        (TOLD, {**TOLD, "repeats": 12, "differing": 4}, {"matmul/a/fp32": (4, 14)}),
        ({**TOLD, "differing": 1}, {**TOLD, "repeats": 12}, {"matmul/a/fp32": (1, 14)}),
        (TOLD, {**TOLD, "repeats": 12, "digest": "bb"}, {"matmul/a/fp32": (1, 14)}),
        ({**TOLD, "differing": 1}, None, {"matmul/a/fp32": (1, 2)}),
    ],
)
def test_other_bits_the_second_time_are_a_difference_of_the_rank_from_itself(
    first: Json, again: Json, unsteady: dict[str, tuple[int, int]]
) -> None:
    lines = [packed("first", {"numbers": NUMBERS, "probes": {"matmul/a/fp32": first}})]
    if again is not None:
        lines.append(packed("again", {"probes": {"matmul/a/fp32": again}}))
    assert answers_of(lines)[0].unsteady == unsteady


def test_sums_over_all_ranks_are_operations_of_their_own() -> None:
    sums: dict[str, Json] = {
        "all-ranks/sum/fp32": {"digest": "cc", "right": False},
        "all-ranks/sum/bf16": {"status": "unsupported"},
        "all-ranks/sum/int64": {"digest": "dd", "right": True},
    }
    answer = answers_of([packed("first", {"numbers": NUMBERS}), packed("sums", sums)])[0]
    assert answer.values == {
        "all-ranks/sum/fp32": "cc",
        "all-ranks/sum/bf16": "unsupported",
        "all-ranks/sum/int64": "dd",
    }
    assert answer.wrong_sums == ("all-ranks/sum/fp32",)


def test_a_group_that_could_not_be_joined_is_a_fault_and_no_operation() -> None:
    sums: dict[str, Json] = {"fault": {"status": "raises", "detail": "gloo: RuntimeError: no interface"}}
    answer = answers_of([packed("first", {"numbers": NUMBERS}), packed("sums", sums)])[0]
    assert (answer.values, answer.sums_fault) == ({}, "gloo: RuntimeError: no interface")


@pytest.mark.parametrize(
    "record",
    [
        "no base 64!",
        base64.b64encode(b"not compressed").decode(),
        base64.b64encode(zlib.compress(b"{")).decode(),
        base64.b64encode(zlib.compress(b"[" * 100_000)).decode(),
        base64.b64encode(zlib.compress(b" " * (17 * 2**20))).decode(),
        7,
    ],
)
def test_a_garbled_record_is_a_rank_that_said_nothing(record: Json) -> None:
    line: dict[str, Json] = {"kind": "packed", "topic": "first", "rank": 1, "record": record}
    answer = answers_of([line])[0]
    assert (answer.values, answer.ended) == ({}, "its answer came garbled")


def test_lines_of_any_shape_are_borne() -> None:
    odd: list[dict[str, Json]] = [
        {"kind": "probe", "probe": "before anyone spoke", "told": TOLD},
        {"kind": 3},
        {},
        {"kind": "numbers", "numbers": [1]},
        {"kind": "place", "place": "nowhere"},
        {"kind": "probe", "probe": 1, "told": None},
        {"kind": "packed", "topic": "elsewhere", "rank": 0},
    ]
    assert [answer.rank for answer in answers_of(odd)] == [0]


def test_over_what_the_ranks_summed_and_why_they_did_not_meet() -> None:
    assert backend_of([{"kind": "plan", "backend": "gloo"}]) == "gloo"
    assert backend_of([{"kind": "plan", "backend": ""}]) == ""
    assert backend_of([{"kind": "alone", "detail": "x"}]) is None
    assert reason_alone([{"kind": "alone", "detail": "RuntimeError: connection reset"}]) == (
        "RuntimeError: connection reset"
    )
    assert reason_alone([]) == ""


def test_torchrun_says_which_rank_failed_first() -> None:
    said = (
        "Failures:\n[1]:\n  rank      : 0 (local_rank: 0)\n  exitcode  : -15 (pid: 9)\n----\n"
        "Root Cause (first observed failure):\n[0]:\n  time      : now\n  host      : here\n"
        "  rank      : 3 (local_rank: 1)\n  exitcode  : {} (pid: 8)\n"
    )
    assert first_failure(said.format(-9)) == "rank 3 ended first, with signal 9"
    assert first_failure(said.format(1)) == "rank 3 ended first, with exit code 1"
    assert first_failure("nothing of the kind") == ""
