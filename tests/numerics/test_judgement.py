from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from reprocheck.model.json_documents import Json
from reprocheck.model.operations import OperationDigest, RunOperations
from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Verdict, verdict_document
from reprocheck.numerics.drills import Drills, parse_drills
from reprocheck.numerics.judgement import Seen, judge, lock_check
from reprocheck.numerics.rerun import Shortage

Alter = Callable[..., Run]
EXP = "aten.exp.default(fp32[2]~4)"
NO_TORCH = Shortage(what="there is no torch in the audited Python", why="No module named 'torch'", how="install it")


def as_seen(record: Record, **changes: object) -> Seen:
    seen = Seen(fingerprint=record.fingerprint, lock=record.lock, runs=record.runs)
    return replace(seen, **changes)  # type: ignore[arg-type]  # checked by replace itself


def test_equal_runs_are_bitwise(record: Record) -> None:
    verdict = judge(record, as_seen(record), Drills())
    assert (verdict.outcome, verdict.exit_code, verdict.causes) == ("bitwise", 0, ())
    assert [(check.name, check.status) for check in verdict.checks] == [
        ("fingerprint", "pass"),
        ("lock", "skip"),
        *((name, "skip") for name in ("canary", "relations", "probes")),
        ("transformer:fp32:2", "pass"),
    ]


def test_a_differing_run_is_not_reproduced(record: Record, altered: Alter) -> None:
    verdict = judge(record, as_seen(record, runs=(altered(1, 0, loss="nan"),)), Drills())
    assert (verdict.outcome, verdict.exit_code) == ("not-reproduced", 1)
    assert verdict.first_failure is verdict.checks[-1]


def test_a_difference_without_any_cause_says_so(record: Record, altered: Alter) -> None:
    verdict = judge(record, as_seen(record, runs=(altered(1, 0, loss="nan"),)), Drills())
    assert [cause.what for cause in verdict.causes] == [
        "nothing known differs: the computation itself may vary from run to run here"
    ]


def test_a_fingerprint_that_differs_does_not_fail_equal_bits(record: Record) -> None:
    fingerprint: dict[str, Json] = {"software": {"torch": {"version": "2.14.0"}}}
    verdict = judge(record, as_seen(record, fingerprint=fingerprint), Drills())
    assert verdict.outcome == "bitwise"
    assert (verdict.checks[0].status, verdict.checks[0].detail) == (
        "review",
        'software.torch.version: recorded "2.13.0", here "2.14.0"',
    )


def test_several_telling_differences_are_counted(record: Record) -> None:
    fingerprint: dict[str, Json] = {"software": {"torch": {"version": "2.14.0", "cuda": "13.0"}}}
    detail = judge(record, as_seen(record, fingerprint=fingerprint), Drills()).checks[0].detail
    assert detail == 'software.torch.version: recorded "2.13.0", here "2.14.0", and 1 more'


def test_differences_that_decide_no_bits_are_counted_aside(record: Record) -> None:
    fingerprint = {**record.fingerprint, "host": {"kernel": "Linux 7"}}
    check = judge(record, as_seen(record, fingerprint=fingerprint), Drills()).checks[0]
    assert (check.status, check.detail) == ("pass", "no difference that decides bits (1 that decide none)")


def test_a_difference_with_another_torch_names_it(record: Record, altered: Alter) -> None:
    fingerprint: dict[str, Json] = {**record.fingerprint, "software": {"torch": {"version": "2.14.0"}}}
    seen = as_seen(record, fingerprint=fingerprint, runs=(altered(0, 0, loss="nan"),))
    assert [cause.what for cause in judge(record, seen, Drills()).causes] == ["another build of torch"]


def test_a_drill_is_the_first_cause_and_stands_in_the_document(record: Record, altered: Alter) -> None:
    verdict = judge(record, as_seen(record, runs=(altered(0, 0, loss="nan"),)), parse_drills(["seed=1"]))
    assert verdict.causes[0].evidence == ("--drill seed=1",)
    assert verdict_document(verdict)["drills"] == ("seed=1",)


def test_a_run_that_is_not_possible_here_leaves_it_open(record: Record, run: Run) -> None:
    verdict = judge(record, as_seen(record, runs=(replace(run, unsupported="too few GPUs"),)), Drills())
    assert (verdict.outcome, verdict.exit_code) == ("undecided", 3)


def test_a_run_that_the_record_lacks_leaves_nothing_open(record: Record, run: Run) -> None:
    both = replace(record, runs=(run, replace(run, unsupported="too few GPUs")))
    assert judge(both, as_seen(both, runs=(run, run)), Drills()).outcome == "bitwise"


def test_a_failure_outweighs_a_run_that_is_not_possible(record: Record, run: Run, altered: Alter) -> None:
    both = replace(record, runs=(run, run))
    seen = as_seen(both, runs=(replace(run, unsupported="x"), altered(0, 0, loss="nan")))
    assert judge(both, seen, Drills()).outcome == "not-reproduced"


def test_a_missing_torch_is_undecided_with_what_to_do(record: Record) -> None:
    shortage = Shortage(what="there is no torch in the audited Python", why="No module named 'torch'", how="install it")
    verdict = judge(record, as_seen(record, runs=shortage), Drills())
    assert (verdict.outcome, verdict.exit_code) == ("undecided", 3)
    assert [(check.name, check.status) for check in verdict.checks][-1] == ("transformer:fp32:2", "skip")
    assert (verdict.causes[0].evidence, verdict.causes[0].fix) == (("No module named 'torch'",), "install it")


def test_the_recorded_lock_passes() -> None:
    lock: dict[str, Json] = {"name": "conda-lock.yml", "sha256": "ab" * 32}
    check = lock_check(lock, lock)
    assert (check.status, check.detail) == ("pass", "the recorded one, sha256 abababababab")


def test_a_changed_lock_is_for_review() -> None:
    check = lock_check({"sha256": "ab" * 32}, {"sha256": "cd" * 32})
    assert (check.status, check.detail) == (
        "review",
        "changed since the record: sha256 abababababab, here cdcdcdcdcdcd",
    )


def test_a_lost_lock_is_for_review() -> None:
    check = lock_check({"sha256": "ab" * 32}, {"status": "missing"})
    assert (check.status, check.detail) == ("review", "recorded, but not here: missing")


def test_the_verdict_document_has_the_designed_keys(record: Record, altered: Alter) -> None:
    document = verdict_document(judge(record, as_seen(record, runs=(altered(1, 1, loss="nan"),)), Drills()))
    assert sorted(document) == ["causes", "checks", "drills", "left_out", "predicted", "schema", "verdict"]
    assert isinstance(document["predicted"], Mapping)
    assert sorted(document["predicted"]) == ["bitwise", "operations", "runs"]


def test_a_prediction_stands_beside_what_came_of_it(record: Record, run: Run, altered: Alter) -> None:
    there, here = (
        RunOperations(steps=3, complete=True, detail="", traced=(EXP,), digests=(digest,))
        for digest in (OperationDigest(text=EXP, outcome="1" * 16), OperationDigest(text=EXP, outcome="2" * 16))
    )
    recorded = replace(record, runs=(replace(run, operations=there),))
    seen = as_seen(record, runs=(replace(altered(1, 0, loss="nan"), operations=here),))
    prediction = judge(recorded, seen, Drills()).prediction
    assert prediction is not None
    assert (prediction.outcome, prediction.operations) == ("differs", (EXP,))


@pytest.mark.parametrize(
    ("seen", "drills", "doubt"),
    [
        ({}, (), "the worker told nothing"),
        ({}, ("seed=1",), "no replay foresees a fault that is planted"),
        ({"runs": NO_TORCH}, (), "there is no torch in the audited Python"),
    ],
)
def test_where_nothing_was_replayed_nothing_is_predicted(
    record: Record, run: Run, seen: dict[str, object], drills: tuple[str, ...], doubt: str
) -> None:
    there = RunOperations(steps=1, complete=True, detail="", traced=(), digests=())
    recorded = replace(record, runs=(replace(run, operations=there),))
    prediction = judge(recorded, as_seen(record, **seen), parse_drills(drills)).prediction
    assert prediction is not None
    assert [one.doubts for one in prediction.runs] == [(f"nothing was replayed here: {doubt}",)]


def test_a_verdict_without_a_prediction_says_so_by_null() -> None:
    document = verdict_document(Verdict(outcome="bitwise", checks=(), causes=()))
    assert document["predicted"] == {"bitwise": None, "operations": [], "runs": []}
