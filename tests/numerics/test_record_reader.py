from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.errors import InputError
from reprocheck.model.envelopes import Envelope, SeenFault
from reprocheck.model.json_documents import dump_record
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import AS_RANK_0, RankStep, Record, Run
from reprocheck.numerics.record_reader import parse_record
from reprocheck.numerics.runs import plan_runs
from tests.numerics.record_edits import change

HOW = "  how:   restore the file, or write it anew with `reprocheck record`"


def written(record: Record) -> bytes:
    return dump_record(record_document(record)).encode("utf-8")


def refusal(data: bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_record(data, "r.json")
    return caught.value.lines()


def step_by_step(record: Record) -> Any:
    """Return the document as releases before 0.4 wrote it: a list of steps, a list of marks in each."""
    document = json.loads(written(record))
    for told, run in zip(document["runs"], record.runs, strict=True):
        del told["ranks"]
        told["initial"] = [_as_first(run.initial, rank) for rank in range(len(run.initial))]
        told["steps"] = [
            {"step": number, "ranks": [_rank_step(step, rank) for rank in range(len(step))]}
            for number, step in enumerate(run.steps)
        ]
    return document


def _rank_step(step: Sequence[RankStep], rank: int) -> Any:
    seen = step[rank]
    return {
        "data": seen.data,
        "loss": {"hex": seen.loss, "decimal": "3"},
        "loss_scale": seen.loss_scale,
        "gradients": _as_first([one.gradients for one in step], rank),
        "gradient_norm": {"hex": seen.gradient_norm, "decimal": "1"},
        "learning_rate": seen.learning_rate,
        "skipped": seen.skipped,
        "parameters": _as_first([one.parameters for one in step], rank),
    }


def _as_first(of_ranks: Sequence[tuple[str, ...]], rank: int) -> Any:
    return AS_RANK_0 if rank and of_ranks[rank] == of_ranks[0] else list(of_ranks[rank])


@pytest.fixture
def document(record: Record) -> Any:
    return step_by_step(record)


@pytest.fixture
def columns(record: Record) -> Any:
    """Return the document as it is written now, with an envelope in its only run."""
    return json.loads(written(replace(record, runs=(sketched(record.runs[0]),))))


def sketched(run: Run) -> Run:
    sketches = ((0.5, *[0.0] * 7), (3.0, -4.0, *[0.0] * 6))
    steps = tuple(tuple(replace(rank, sketches=sketches) for rank in ranks) for ranks in run.steps)
    faults = (SeenFault(name="learning rate +1 %", ratio="12.50", step=1), SeenFault(name="x", ratio="0.00", step=None))
    envelope = Envelope(
        members=8, grades=((0, 1, 16, 4095),) * 2, held_out=("1.25", "inf"), faults=faults, borders=(1,)
    )
    return replace(run, steps=steps, envelope=envelope)


def as_bytes(document: object) -> bytes:
    return json.dumps(document).encode("utf-8")


def test_reading_what_was_written_is_identity(record: Record) -> None:
    assert parse_record(written(record), "r.json") == record


def test_ranks_that_part_are_read_back(record: Record, altered: Callable[..., Run]) -> None:
    parted = replace(record, runs=(altered(1, 1, gradients=(f"{'1' * 16}:00000001", f"{'2' * 16}:")),))
    assert parse_record(written(parted), "r.json") == parted


def test_a_run_that_was_unsupported_is_read_back(record: Record, run: Run) -> None:
    plan = run.plan
    lacking = replace(record, runs=(Run(plan=plan, in_force={}, unsupported="no GradScaler"),))
    assert parse_record(written(lacking), "r.json") == lacking


def test_a_record_of_an_older_release_is_read(record: Record, document: Any) -> None:
    assert parse_record(as_bytes(document), "r.json") == record


def test_a_rank_that_agrees_with_the_first_is_written_short(columns: Any) -> None:
    first, second = columns["runs"][0]["ranks"]
    assert (len(first["gradients"]), second["gradients"], second["sketches"]) == (2, AS_RANK_0, AS_RANK_0)


def test_an_envelope_is_read_back(record: Record) -> None:
    enveloped = replace(record, runs=(sketched(record.runs[0]),))
    assert parse_record(written(enveloped), "r.json") == enveloped


def test_what_an_earlier_run_holds_is_referred_to_and_read_back(record: Record) -> None:
    run = sketched(record.runs[0])
    low = replace(run, plan=replace(run.plan, dtype="bf16"), envelope=None)
    both = replace(record, runs=(run, low))
    assert parse_record(written(both), "r.json") == both
    second = json.loads(written(both))["runs"][1]
    assert (second["tensors"], second["ranks"][0]["gradients"]) == ("as transformer:fp32:2", "as transformer:fp32:2")
    assert second["ranks"][0]["sketches"] != "as transformer:fp32:2"  # those of low precision have fewer bits


@pytest.mark.parametrize(
    ("path", "value", "where", "why"),
    [
        ("runs/0/tensors", "as convnet:fp32", "runs[0].tensors", "expected a reference to an earlier run"),
        ("runs/0/tensors", "as transformer:fp32:2", "runs[0].tensors", "expected a reference to an earlier run"),
        ("runs/0/ranks/0/loss", "as a:b", "runs[0].ranks[0].loss", "expected a reference to an earlier run"),
        ("runs/0/ranks/0/loss", "0x1.0p+1", "runs[0].ranks[0].loss", "expected 2 values"),
        (
            "runs/0/ranks/0/sketches/0",
            "AAAA",
            "runs[0].ranks[0].sketches[0]",
            "expected 2 sketches of 26 bytes in base64",
        ),
        ("runs/0/ranks/0/sketches/0", "?", "runs[0].ranks[0].sketches[0]", "expected sketches in base64"),
        ("runs/0/ranks/0/sketches", [], "runs[0].ranks[0].sketches", "expected 2 members, found 0"),
        ("runs/0/ranks/0/skipped", [2], "runs[0].ranks[0].skipped[0]", "expected an integer from 0 to 1"),
        ("runs/0/envelope/members", 0, "runs[0].envelope.members", "expected an integer from 1 to 64"),
        ("runs/0/envelope/grades", [], "runs[0].envelope.grades", "expected 2 members, found 0"),
        (
            "runs/0/envelope/grades/0",
            "00",
            "runs[0].envelope.grades[0]",
            "expected grades of three hexadecimal digits each",
        ),
        (
            "runs/0/envelope/grades/1",
            "000",
            "runs[0].envelope.grades[1]",
            "expected 4 grades, those of loss, gradient norm and each gradient with a sketch",
        ),
        ("runs/0/envelope/held_out/0", "-1", "runs[0].envelope.held_out[0]", "expected a ratio such as `1.25`"),
        ("runs/0/envelope/faults/0/step", 2, "runs[0].envelope.faults[0].step", "expected an integer from 0 to 1"),
        ("runs/0/envelope/borders/0", -1, "runs[0].envelope.borders[0]", "expected an integer from 0 to 1"),
    ],
)
def test_a_broken_column_is_told_with_its_key(columns: Any, path: str, value: object, where: str, why: str) -> None:
    change(path, value)(columns)
    assert refusal(as_bytes(columns)) == [
        "error: this is not a record that reprocheck can read",
        f"  where: r.json: {where}",
        f"  why:   {why}",
        HOW,
    ]


def test_an_envelope_without_sketches_is_refused(columns: Any) -> None:
    for rank in columns["runs"][0]["ranks"]:
        del rank["sketches"]
    why = "  why:   expected 2 grades, those of loss, gradient norm and each gradient with a sketch"
    assert refusal(as_bytes(columns))[2] == why


def test_unknown_keys_are_ignored(record: Record, document: Any) -> None:
    document["runs"][0]["later"] = {"k": 8}
    document["later"] = True
    assert parse_record(as_bytes(document), "r.json") == record


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (b"", "r.json:1:1", "expecting value"),
        (b"{", "r.json:1:2", "expecting property name enclosed in double quotes"),
        (b"<<<<<<< HEAD\n", "r.json:1:1", "expecting value"),
        ('{"schema": 1}'.encode("utf-16"), "r.json", "byte 0 is not UTF-8"),
        (b"\x7fELF\x02\x01\x00", "r.json:1:1", "expecting value"),
        (b"[" * 200_000, "r.json", "it is nested too deeply"),
        (b'{"a": 1.5}', "r.json", "the number `1.5` is written as a float, which no record does"),
        (b'{"a": NaN}', "r.json", "the number `NaN` is written as a float, which no record does"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(data: bytes, where: str, why: str) -> None:
    assert refusal(data) == ["error: the record is not readable JSON", f"  where: {where}", f"  why:   {why}", HOW]


def test_a_record_cut_short_is_refused(record: Record) -> None:
    data = written(record)
    assert refusal(data[: len(data) // 2])[0] == "error: the record is not readable JSON"


def test_a_foreign_document_is_refused() -> None:
    assert refusal(b'{"schema": "reprocheck/verdict/1"}') == [
        "error: this is not a record of reprocheck",
        "  where: r.json: schema",
        "  why:   this release reads `reprocheck/record/1`",
        "  how:   give the file that `reprocheck record` wrote",
    ]


def test_a_newer_record_is_refused_with_the_way_out() -> None:
    assert refusal(b'{"schema": "reprocheck/record/2"}') == [
        "error: the record has the unknown schema `reprocheck/record/2`",
        "  where: r.json: schema",
        "  why:   this release reads `reprocheck/record/1`",
        "  how:   upgrade reprocheck, or record anew",
    ]


RANK = "runs/0/steps/1/ranks/0"
SHOWN = "runs[0].steps[1].ranks[0]"


@pytest.mark.parametrize(
    ("path", "value", "where", "why"),
    [
        ("runs", [], "runs", "expected at least one member"),
        ("runs", {}, "runs", "expected a list"),
        ("fingerprint", [], "fingerprint", "expected an object"),
        ("settings", [], "settings", "expected an object"),
        ("settings/device", "tpu", "settings.device", "expected one of `cpu`, `cuda`"),
        ("settings/threads", 0, "settings.threads", "expected an integer from 1 to 4096"),
        ("settings/threads", True, "settings.threads", "expected an integer from 1 to 4096"),
        ("runs/0", {}, "runs[0]", "expected the key `revision`"),
        ("runs/0/revision", 2, "runs[0].revision", "this release has revision 1 of the reference workloads"),
        ("runs/0/workload", "resnet", "runs[0].workload", "expected one of `convnet`, `transformer`"),
        ("runs/0/dtype", 3, "runs[0].dtype", "expected one of `fp32`, `bf16`, `fp16`"),
        ("runs/0/world_size", 1, "runs[0].steps[0].ranks", "expected 1 members, found 2"),
        ("runs/0/step_count", 3, "runs[0].steps", "expected 3 members, found 2"),
        ("runs/0/status", "lost", "runs[0].status", "expected one of `recorded`, `unsupported`"),
        ("runs/0/tensors/0/shape", [-1], "runs[0].tensors[0].shape[0]", "expected an integer from 0 to 1099511627776"),
        ("runs/0/tensors/0/name", 5, "runs[0].tensors[0].name", "expected a text"),
        ("runs/0/initial/0", AS_RANK_0, "runs[0].initial[0]", "expected a list"),
        (f"{RANK}/loss/hex", 3, f"{SHOWN}.loss.hex", "expected a hex float such as `0x1.8000000000000p+1`"),
        (f"{RANK}/loss/hex", "3.0", f"{SHOWN}.loss.hex", "expected a hex float such as `0x1.8000000000000p+1`"),
        (f"{RANK}/loss/hex", "0x1.0p+9999", f"{SHOWN}.loss.hex", "expected a hex float such as `0x1.8000000000000p+1`"),
        (f"{RANK}/skipped", 0, f"{SHOWN}.skipped", "expected true or false"),
        (f"{RANK}/parameters", [], f"{SHOWN}.parameters", "expected 3 marks, one a tensor, found 0"),
        (f"{RANK}/gradients/0", "../x", f"{SHOWN}.gradients[0]", "expected a mark, `digest:bits`"),
    ],
)
def test_a_broken_value_is_told_with_its_key(document: Any, path: str, value: object, where: str, why: str) -> None:
    change(path, value)(document)
    assert refusal(as_bytes(document)) == [
        "error: this is not a record that reprocheck can read",
        f"  where: r.json: {where}",
        f"  why:   {why}",
        HOW,
    ]


def test_a_schema_that_is_no_text_is_refused() -> None:
    assert refusal(b'{"schema": 1}')[1:3] == ["  where: r.json: schema", "  why:   expected a text"]


def test_a_document_that_is_no_object_is_refused() -> None:
    assert refusal(b"[]")[1:3] == ["  where: r.json", "  why:   expected an object"]


def test_a_file_beyond_the_limit_is_refused() -> None:
    assert refusal(b" " * (256 * 2**20 + 1))[2] == "  why:   it is larger than 256 MiB"


@given(st.data())
def test_a_damaged_byte_never_ends_in_anything_but_a_record_or_an_error(data: st.DataObject) -> None:
    """Robustness: for every input, `parse_record` returns a `Record` or raises `InputError`."""
    step = RankStep(
        data="d",
        loss="0x1.8000000000000p+1",
        loss_scale="0x1.0000000000000p+0",
        gradients=(),
        gradient_norm="inf",
        learning_rate="0x1.0000000000000p-8",
        skipped=True,
        parameters=(),
    )
    run = Run(plan=plan_runs(["convnet"], seed=0, steps=1)[0], in_force={}, initial=((),), steps=((step,),))
    whole = bytearray(written(Record(fingerprint={}, lock={}, device="cpu", threads=1, runs=(run,))))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        assert parse_record(bytes(whole), "r.json").runs


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 9007199254740992}', "the integer `9007199254740992` is beyond 2^53, which no record holds"),
        ('{"a": ' + "9" * 5000 + "}", f"the integer `{'9' * 40}` is beyond 2^53, which no record holds"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' is there twice in one object"),
        ('{"a": ["\\ud800"]}', "the text '\\ud800' holds half of a surrogate pair"),
        ('{"\\udfff": 1}', "the text '\\udfff' holds half of a surrogate pair"),
        ("[" * 80 + "]" * 80, "it is nested more than 64 levels deep"),
    ],
)
def test_json_that_no_report_could_tell_is_refused(text: str, why: str) -> None:
    assert refusal(text.encode("utf-8"))[1:3] == ["  where: r.json", f"  why:   {why}"]


@pytest.mark.parametrize("value", [9007199254740991, -9007199254740991, "\U0001f600", [[[[]]]]])
def test_json_at_the_limits_is_read(record: Record, document: Any, value: object) -> None:
    document["more"] = value
    assert parse_record(as_bytes(document), "r.json") == record


@pytest.mark.parametrize("key", ["learning_rate", "first_scale"])
@pytest.mark.parametrize("value", ["nan", "inf", "-0x1.0000000000000p+1", "0x0.0p+0"])
def test_a_plan_that_no_optimizer_takes_is_refused(document: Any, key: str, value: str) -> None:
    document["runs"][0][key] = value
    lines = refusal(as_bytes(document))
    assert lines[1:3] == [f"  where: r.json: runs[0].{key}", "  why:   expected a finite number above zero"]


@pytest.mark.parametrize("words", ["f" * 5000, ".".join(["0"] * 9)])
def test_a_mark_longer_than_any_tensor_gives_is_refused(document: Any, words: str) -> None:
    document["runs"][0]["initial"][0][0] = f"{'0' * 16}:{words}"
    assert refusal(as_bytes(document))[2] == "  why:   expected a mark, `digest:bits`"
