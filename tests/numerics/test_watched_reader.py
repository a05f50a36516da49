from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.errors import InputError
from reprocheck.model.json_documents import dump_document
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import AS_RANK_0, RankStep, Record, Run, TensorSpec
from reprocheck.model.step_notes import StepNotes, WatchedProgram
from reprocheck.numerics.record_reader import parse_record
from reprocheck.numerics.runs import command_plan
from tests.numerics.record_edits import change
from tests.numerics.watched_shapes import ONE, end, mark, run_of, start, step, two_ranks

HOW = "  how:   restore the file, or write it anew with `reprocheck record`"


def record_of(run: Run) -> Record:
    return Record(fingerprint={"schema": "reprocheck/fingerprint/1"}, lock={}, device="cpu", threads=2, runs=(run,))


def written(record: Record) -> bytes:
    return dump_document(record_document(record)).encode("utf-8")


def refusal(data: bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_record(data, "r.json")
    return caught.value.lines()


@pytest.fixture
def document() -> Any:
    return json.loads(written(record_of(two_ranks())))


def test_reading_a_watched_run_is_identity() -> None:
    record = record_of(two_ranks())
    assert parse_record(written(record), "r.json") == record


def test_a_run_with_all_kinds_of_notes_is_read_back() -> None:
    first = start(tensors=[{"name": "w", "dtype": "torch.complex128", "shape": [1]}], parameters=[mark("a", "f" * 32)])
    steps = [
        step(0, gradients=["-"], parameters=[mark("1", "f" * 32)], before={"w": mark("8", "0")}, losses=[], loss=""),
        step(1, gradients=[], parameters=[mark("2")], random={}, events="", losses=[ONE, "-inf"], data=""),
    ]
    record = record_of(run_of([first, *steps, end(2)]))
    assert parse_record(written(record), "r.json") == record


def test_a_rank_that_holds_what_the_first_holds_refers_to_it(document: Any) -> None:
    first, second = document["runs"][0]["ranks"]
    assert second == {
        **dict.fromkeys(first, AS_RANK_0),
        "data": "1111111111111111 dddddddddddddddd",
        "local": "8888888888888888 -",
        "skipped": [1],
        "gradients": [AS_RANK_0, "EREREREREREREREREREREQ -"],
    }


def test_a_column_counts_values_that_stay(document: Any) -> None:
    first = document["runs"][0]["ranks"][0]
    shown = {key: first[key] for key in ("data", "loss", "losses", "loss_scale", "events", "random", "settings")}
    assert shown == {
        "data": "0000000000000000 dddddddddddddddd",
        "loss": f"{ONE} nan",
        "losses": f"= {ONE},nan",
        "loss_scale": f"{ONE}*2",
        "events": "ZFBS*2",
        "random": {"torch": f"{'e' * 16}*2"},
        "settings": {"0": {"0.lr": "0.001"}},
    }


def test_unknown_keys_are_ignored(document: Any) -> None:
    document["runs"][0]["ranks"][0]["later"] = True
    document["runs"][0]["program"]["later"] = True
    assert parse_record(json.dumps(document).encode(), "r.json") == record_of(two_ranks())


def test_neither_words_nor_paths_of_the_command_are_written() -> None:
    assert b"python" not in written(record_of(two_ranks()))
    assert b"/env" not in written(record_of(two_ranks()))


def test_a_record_holds_workloads_or_one_command(record: Record, document: Any) -> None:
    document["runs"].append(json.loads(written(record))["runs"][0])
    assert refusal(json.dumps(document).encode())[1:3] == [
        "  where: r.json: runs",
        "  why:   expected the built-in workloads or one run of a command, not both",
    ]


RANK, SHOWN = "runs/0/ranks/0", "runs[0].ranks[0]"
FLOAT = "expected a hex float such as `0x1.8000000000000p+1`"
MARKS = "expected 3 marks"


@pytest.mark.parametrize(
    ("path", "value", "where", "why"),
    [
        ("runs/0/revision", 9, "runs[0].revision", "this release has revision 1 of watched runs"),
        ("runs/0/world_size", 0, "runs[0].world_size", "expected an integer from 1 to 4096"),
        ("runs/0/world_size", 3, "runs[0].ranks", "expected 3 members, found 2"),
        ("runs/0/step_count", 0, "runs[0].step_count", "expected an integer from 1 to 1000000"),
        ("runs/0/step_count", 1, f"{SHOWN}.loss", "expected 1 values"),
        ("runs/0/dtype", "fp32", "runs[0].dtype", "expected one of `own`"),
        ("runs/0/status", "unsupported", "runs[0].status", "expected one of `recorded`"),
        ("runs/0/tensors/0/name", 3, "runs[0].tensors[0].name", "expected a text"),
        ("runs/0/in_force", [], "runs[0].in_force", "expected an object"),
        ("runs/0/program/script", 1, "runs[0].program.script", "expected a text"),
        ("runs/0/program/modules/0", ["a"], "runs[0].program.modules[0]", "expected 2 members, found 1"),
        ("runs/0/program/modules/0", ["a", 1], "runs[0].program.modules[0][1]", "expected a text"),
        ("runs/0/program/optimizers", "Adam", "runs[0].program.optimizers", "expected a list"),
        ("runs/0/program/ddp", {"a": 1}, "runs[0].program.ddp.a", "expected a text"),
        ("runs/0/program/switches", [], "runs[0].program.switches", "expected an object"),
        ("runs/0/program/complete", 1, "runs[0].program.complete", "expected true or false"),
        (f"{RANK}/initial", "-", f"{SHOWN}.initial", MARKS),
        (f"{RANK}/initial", AS_RANK_0, f"{SHOWN}.initial", "expected digests of 8 bytes in base64"),
        (f"{RANK}/gradients", [], f"{SHOWN}.gradients", "expected 2 members, found 0"),
        (f"{RANK}/gradients/1", AS_RANK_0, f"{SHOWN}.gradients[1]", "expected digests of 8 bytes in base64"),
        (f"{RANK}/parameters/1", "-*2", f"{SHOWN}.parameters[1]", MARKS),
        (f"{RANK}/parameters/1", 5, f"{SHOWN}.parameters[1]", "expected a text"),
        (f"{RANK}/skipped", [2], f"{SHOWN}.skipped[0]", "expected an integer from 0 to 1"),
        (f"{RANK}/data", "a\tb c", f"{SHOWN}.data[0]", "expected a word"),
        (f"{RANK}/loss", "1.0 2.0", f"{SHOWN}.loss[0]", FLOAT),
        (f"{RANK}/loss", "inf 0x1.0p+9999", f"{SHOWN}.loss[1]", FLOAT),
        (f"{RANK}/loss_scale", 1, f"{SHOWN}.loss_scale", "expected a text"),
        (f"{RANK}/optimizer", "0 01", f"{SHOWN}.optimizer[1]", "expected the number of an optimizer"),
        (f"{RANK}/events", "ZFBS ZXS", f"{SHOWN}.events[1]", "expected letters of `ZFBUCS`"),
        (f"{RANK}/losses", "= 1,=", f"{SHOWN}.losses[1]", f"expected hex floats with commas between, each {FLOAT[9:]}"),
        (f"{RANK}/random", [], f"{SHOWN}.random", "expected an object"),
        (f"{RANK}/random/torch", "a", f"{SHOWN}.random.torch", "expected 2 values"),
        (f"{RANK}/settings", {"0": {"lr": 1}}, f"{SHOWN}.settings.0.lr", "expected a text"),
        (f"{RANK}/before", {"1": {"w": "x"}}, f"{SHOWN}.before.1.w", "expected a mark, `digest:bits`"),
        (f"{RANK}/outputs/#0/0", ["last"], f"{SHOWN}.outputs.0[0]", "expected 2 members, found 1"),
        (f"{RANK}/outputs/#0/0", ["last", "-"], f"{SHOWN}.outputs.0[0][1]", "expected a mark, `digest:bits`"),
        ("runs/0/ranks/1/gradients", [AS_RANK_0], "runs[0].ranks[1].gradients", "expected 2 members, found 1"),
    ],
)
def test_a_broken_value_is_told_with_its_key(document: Any, path: str, value: object, where: str, why: str) -> None:
    change(path, value)(document)
    assert refusal(json.dumps(document).encode()) == [
        "error: this is not a record that reprocheck can read",
        f"  where: r.json: {where}",
        f"  why:   {why}",
        HOW,
    ]


@pytest.mark.parametrize("key", ["initial", "gradients", "loss", "optimizer", "random", "settings", "outputs"])
def test_a_missing_key_is_told(document: Any, key: str) -> None:
    del document["runs"][0]["ranks"][0][key]
    lines = refusal(json.dumps(document).encode())
    assert lines[2] == f"  why:   expected the key `{key}`"


@given(st.data())
def test_a_damaged_byte_never_ends_in_anything_but_a_record_or_an_error(data: st.DataObject) -> None:
    """Robustness: for every input, `parse_record` returns a `Record` or raises `InputError`."""
    whole = bytearray(WHOLE)
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        assert parse_record(bytes(whole), "r.json").runs


WHOLE = written(record_of(two_ranks()))


def long_run(tensor_count: int, steps: int) -> Run:
    def marks(salt: str) -> tuple[str, ...]:
        return tuple(sha256(f"{salt} {index}".encode()).hexdigest()[:16] + ":" for index in range(tensor_count))

    def taken(number: int) -> RankStep:
        digest = sha256(str(number).encode()).hexdigest()
        value = (int(digest[:13], 16) / 1e12).hex()
        random = {name: digest[start : start + 16] for name, start in (("torch", 0), ("python", 16), ("numpy", 32))}
        notes = StepNotes(events="ZFBUCS", losses=(value,), random=random)
        return RankStep(
            data=digest[:16],
            loss=value,
            loss_scale=ONE,
            gradients=marks(f"g{number}"),
            gradient_norm=value,
            learning_rate=value,
            skipped=False,
            parameters=marks(f"p{number}"),
            notes=notes,
        )

    return Run(
        plan=command_plan(1, steps),
        in_force={"device": "cpu"},
        tensors=tuple(
            TensorSpec(name=f"transformer.h.{index}.weight", dtype="torch.float32", shape=(768, 768))
            for index in range(tensor_count)
        ),
        initial=(marks("initial"),),
        steps=tuple((taken(number),) for number in range(steps)),
        program=WatchedProgram(script="train.py", modules=tuple((f"h.{n}", "Linear(768, 768)") for n in range(100))),
    )


def test_a_thousand_steps_of_161_tensors_stay_under_six_megabytes() -> None:
    run = long_run(161, 1000)
    record = record_of(run)
    began_s = time.process_time()
    data = written(record)
    assert len(data) < 4_000_000
    assert parse_record(data, "r.json") == record
    assert time.process_time() - began_s < 20


def test_a_second_rank_that_agrees_takes_next_to_nothing() -> None:
    run = long_run(20, 50)
    twice = replace(run, plan=command_plan(2, 50), initial=run.initial * 2, steps=tuple(s * 2 for s in run.steps))
    assert len(written(record_of(twice))) - len(written(record_of(run))) < 1000
    assert parse_record(written(record_of(twice)), "r.json") == record_of(twice)
