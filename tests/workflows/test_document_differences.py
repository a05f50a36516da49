"""Two fingerprints are told apart by their keys, two records by where their runs part as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from reprocheck.errors import InputError
from reprocheck.model.json_documents import Json, dump_document
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import RankStep, Record, Run, TensorSpec
from reprocheck.numerics.runs import plan_runs
from reprocheck.workflows.document_differences import tell_fingerprints, tell_records

ONE = "3f800000"  # the bits of 1.0 in float32
STEP = RankStep(
    data="d" * 32,
    loss="0x1.8000000000000p+1",
    loss_scale="0x1.0000000000000p+0",
    gradients=(f"{'a' * 16}:{ONE}",),
    gradient_norm="0x1.0000000000000p+0",
    learning_rate="0x1.0000000000000p-8",
    skipped=False,
    parameters=(f"{'c' * 16}:{ONE}",),
)


@pytest.fixture
def run() -> Run:
    return Run(
        plan=plan_runs(["transformer:fp32"], seed=0, steps=2)[0],
        in_force={"device": "cpu"},
        tensors=(TensorSpec(name="weight", dtype="torch.float32", shape=(1,)),),
        initial=(STEP.parameters,),
        steps=((STEP,), (STEP,)),
    )


def fingerprint(**more: Json) -> Mapping[str, Json]:
    return {"schema": "reprocheck/fingerprint/1", **more}


def record(*runs: Run, **more: object) -> tuple[str, bytes]:
    fields: dict[str, object] = {"fingerprint": fingerprint(), "lock": {}, "device": "cpu", "threads": 1, **more}
    return "r.json", dump_document(record_document(Record(runs=runs, **fields))).encode()  # type: ignore[arg-type]


def records(old: tuple[str, bytes], new: tuple[str, bytes]) -> list[tuple[str, str | None, str | None]]:
    return [(head.what, head.old, head.new) for head in tell_records(old, new).head]


def test_fingerprints_differ_in_keys_that_changed_came_or_went() -> None:
    old = dump_document(fingerprint(cpu={"model": "a"}, gone=1)).encode()
    new = dump_document(fingerprint(cpu={"model": "b"}, new=True)).encode()
    found = tell_fingerprints(("a.json", old), ("b.json", new))
    assert [(head.what, head.old, head.new) for head in found.head] == [
        ("cpu.model", '"a"', '"b"'),
        ("gone", "1", None),
        ("new", None, "true"),
    ]
    assert (found.compared, found.old, found.new) == ("fingerprints", "a.json", "b.json")
    assert tell_fingerprints(("a.json", old), ("a.json", old)).is_empty


def test_numbers_that_no_fingerprint_of_ours_holds_are_compared_as_text() -> None:
    old, new = (json.dumps(fingerprint()).replace("}", f', "x": {number}}}').encode() for number in ("1.5", "9" * 30))
    head = tell_fingerprints(("a.json", old), ("b.json", new)).head[0]
    assert (head.what, head.old, head.new) == ("x", '"1.5"', f'"{"9" * 30}"')


@pytest.mark.parametrize("data", [b"{", b'{"a": \xff}', b"[" * 100_000])
def test_a_broken_fingerprint_is_named(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        tell_fingerprints(("a.json", data), ("a.json", data))
    assert caught.value.lines() == [
        "error: cannot read the fingerprint",
        "  where: a.json",
        "  why:   it should be a JSON document as `reprocheck fingerprint -o` writes it",
        "  how:   write it anew, or name another file",
    ]


@pytest.mark.parametrize("data", [b"{}", b'["schema"]', b'{"schema": "other/1"}'])
def test_another_document_is_no_fingerprint(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        tell_fingerprints(("a.json", data), ("a.json", data))
    assert caught.value.lines() == [
        "error: this is neither a fingerprint nor a record",
        "  where: a.json: schema",
        "  why:   expected `reprocheck/fingerprint/1`",
        "  how:   write one with `reprocheck fingerprint -o FILE`",
    ]


def test_a_record_does_not_differ_from_itself(run: Run) -> None:
    assert records(record(run), record(run)) == []


def test_fingerprint_lock_and_settings_of_records_are_compared(run: Run) -> None:
    new = record(run, fingerprint=fingerprint(cpu="x"), lock={"digest": "1"}, device="cuda", threads=2)
    assert records(record(run), new) == [
        ("cpu", None, '"x"'),
        ("lock", "{}", '{"digest":"1"}'),
        ("device", "cpu", "cuda"),
        ("threads", "1", "2"),
    ]


def test_the_first_divergence_of_a_run_is_told(run: Run) -> None:
    loss = replace(run, steps=((STEP,), (replace(STEP, loss="0x1.8000020000000p+1"),)))
    assert records(record(run), record(loss)) == [
        (
            "run transformer:fp32, step 1, forward: loss",
            "0x1.8000000000000p+1 (3)",
            "0x1.8000020000000p+1 (3.00000024)",
        )
    ]
    weight = replace(run, steps=((replace(STEP, parameters=(f"{'f' * 16}:{ONE}",)),), (STEP,)))
    assert records(record(run), record(weight))[0][0] == "run transformer:fp32, step 0, optimizer: value of `weight`"


def test_runs_of_other_plans_and_runs_that_are_not_there_are_told(run: Run) -> None:
    seeded = replace(run, plan=replace(run.plan, seed=1))
    [(what, old, new)] = records(record(run), record(seeded))
    assert what == "plan of run transformer:fp32"
    assert str(old).startswith("seed 0, 2 steps, learning rate 0x")
    assert str(new).startswith("seed 1, 2 steps")
    other = replace(run, plan=plan_runs(["transformer:bf16"], seed=0, steps=2)[0])
    unsupported = replace(other, unsupported="no bf16", tensors=(), initial=(), steps=(), in_force={})
    assert records(record(run, other), record(run)) == [("run transformer:bf16", "recorded", None)]
    assert records(record(run, other), record(run, unsupported)) == [
        ("run transformer:bf16", "recorded", "not possible: no bf16")
    ]
    assert records(record(unsupported), record(unsupported)) == []


PROBE: Mapping[str, Json] = {
    "probe": "softmax/softmax/fp32",
    "family": "softmax",
    "operation": "softmax",
    "dtype": "fp32",
    "device": "cpu",
    "shape": [2],
    "digest": "a" * 64,
    "coarse": ["0x1p-1"],
    "first": [ONE],
    "repeats": 3,
    "differing": 0,
}
MEASURED = fingerprint(probes=[PROBE], numerics={}, probeTimes={"softmax/softmax/fp32 (cpu)": 7})
OTHER_BITS = fingerprint(probes=[{**PROBE, "digest": "b" * 64}], numerics={"trees": []}, probeTimes={})


def data(document: Mapping[str, Json]) -> tuple[str, bytes]:
    return "f.json", dump_document(document).encode()


def test_probes_are_compared_as_probes_and_times_never() -> None:
    found = tell_fingerprints(data(MEASURED), data(OTHER_BITS))
    assert (found.head, found.notes) == ((), ())
    assert found.numeric is not None
    assert [one.name for one in found.numeric.probes] == ["softmax/softmax/fp32"]
    assert not found.is_empty
    assert tell_fingerprints(data(MEASURED), data({**MEASURED, "probeTimes": {}})).is_empty


def test_where_one_side_has_no_probes_that_is_a_note() -> None:
    found = tell_fingerprints(data(MEASURED), data(fingerprint()))
    assert (found.numeric, found.is_empty) == (None, True)
    assert found.notes == (
        "what the machines compute was not compared, for `f.json` has no probes: "
        "take it anew with `reprocheck fingerprint --probes -o FILE`",
    )
    assert tell_fingerprints(data(fingerprint()), data(fingerprint())).notes == ()


def test_the_probes_inside_records_are_compared(run: Run) -> None:
    found = tell_records(record(run, fingerprint=MEASURED), record(run, fingerprint=OTHER_BITS))
    assert found.head == ()
    assert found.numeric is not None
    assert found.numeric.count("rounding") == 1
    lacking = tell_records(record(run, fingerprint=MEASURED), record(run))
    assert (lacking.numeric, len(lacking.notes)) == (None, 1)


def test_broken_probes_are_named_with_their_place() -> None:
    broken = fingerprint(probes=[{**PROBE, "coarse": ["1.5"]}])
    with pytest.raises(InputError) as caught:
        tell_fingerprints(data(MEASURED), ("g.json", dump_document(broken).encode()))
    assert caught.value.lines() == [
        "error: these probes cannot be read",
        "  where: g.json: probes[0].coarse[0]",
        "  why:   expected a finite hex float such as `0x1.8000000000000p+1`",
        "  how:   restore the file, or write it anew with `reprocheck fingerprint --probes -o FILE`",
    ]


def test_an_older_fingerprint_that_tells_of_no_switches_is_no_other_machine() -> None:
    threads: Mapping[str, Json] = {"value": 2, "origin": "default"}
    newer = fingerprint(runtime={"env": {}, "switches": {"threads": threads}})
    assert tell_fingerprints(data(fingerprint(runtime={"env": {}})), data(newer)).is_empty
    other = fingerprint(runtime={"env": {}, "switches": {"threads": {"value": 4, "origin": "environment"}}})
    assert [(head.what, head.old, head.new) for head in tell_fingerprints(data(newer), data(other)).head] == [
        ("runtime.switches.threads", "2 (default)", "4 (environment)")
    ]
    asked = fingerprint(runtime={"env": {}, "switches": {"threads": {**threads, "asked": "8"}}})
    assert [(head.what, head.old, head.new) for head in tell_fingerprints(data(newer), data(asked)).head] == [
        ("runtime.switches.threads", "2 (default)", '2 (default, "8" was asked for)')
    ]


def test_a_switch_that_one_torch_does_not_know_is_no_line_of_its_own() -> None:
    lacking: Json = {"status": "missing", "detail": "not in this torch"}
    broken: Json = {"status": "raises", "detail": "RuntimeError"}
    sides = [fingerprint(runtime={"switches": {"a": value, "b": broken}}) for value in (lacking, broken)]
    known = fingerprint(runtime={"switches": {"a": {"value": 1, "origin": "code"}, "b": broken}})
    assert tell_fingerprints(data(sides[0]), data(known)).is_empty
    assert [(head.what, head.old) for head in tell_fingerprints(data(sides[1]), data(known)).head] == [
        ("runtime.switches.a", "could not be read: raises: RuntimeError")
    ]
