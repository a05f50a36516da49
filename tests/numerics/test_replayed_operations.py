"""What the ranks told of operations, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprocheck.model.json_documents import Json
from reprocheck.model.operations import OperationDigest
from reprocheck.model.records import Run
from reprocheck.numerics.replayed_operations import assemble_operations, own_operations, recorded_texts

ADD, EXP = "aten.add.Tensor(fp32[2]~0)", "aten.exp.default(fp32[2]~4)"
ONE, TWO = "1" * 16, "2" * 16


def trace(rank: int, *texts: str, **changes: Any) -> Mapping[str, Json]:
    told = {"kind": "traced", "run": 0, "rank": rank, "steps": 3, "complete": True, "detail": "", "operations": texts}
    return {**told, **changes}


def replay(rank: int, **outcomes: str) -> Mapping[str, Json]:
    texts = {"add": ADD, "exp": EXP}
    return {"kind": "replayed", "rank": rank, "outcomes": {texts[name]: one for name, one in outcomes.items()}}


def test_a_run_has_its_trace_and_all_outcomes() -> None:
    found = assemble_operations([trace(0, ADD), replay(0, add=ONE, exp=TWO)], 0)
    assert found is not None
    assert (found.steps, found.complete, found.detail, found.traced) == (3, True, "", (ADD,))
    assert found.digests == (OperationDigest(text=ADD, outcome=ONE), OperationDigest(text=EXP, outcome=TWO))
    assert own_operations(found).digests == (OperationDigest(text=ADD, outcome=ONE),)


def test_an_operation_that_was_not_replayed_is_kept_as_such() -> None:
    found = assemble_operations([trace(0, ADD, EXP), replay(0, add=ONE)], 0)
    assert found is not None
    assert own_operations(found).digests[1] == OperationDigest(text=EXP, outcome="untried")


def test_a_run_of_which_nothing_was_told_has_none() -> None:
    assert assemble_operations([trace(0, ADD), replay(0, add=ONE)], 1) is None


def test_ranks_that_see_other_numbers_ask_for_the_same_operation() -> None:
    lines = [trace(0, ADD), trace(1, ADD.replace("~0", "~4+"), EXP), replay(0, add=ONE), replay(1, add=ONE)]
    found = assemble_operations(lines, 0)
    assert found is not None
    assert found.traced == (ADD, EXP)


def test_ranks_that_compute_otherwise_have_no_common_digest() -> None:
    found = assemble_operations([trace(0, ADD), trace(1, ADD), replay(0, add=ONE), replay(1, add=TWO)], 0)
    assert found is not None
    assert found.digests == (OperationDigest(text=ADD, outcome="ranks-differ"),)


def test_one_rank_that_did_not_see_all_is_enough() -> None:
    found = assemble_operations([trace(0, ADD), trace(1, ADD, complete=False, detail="why", steps=12)], 0)
    assert found is not None
    assert (found.complete, found.detail, found.steps) == (False, "why", 12)


def test_runs_without_operations_ask_for_none(run: Run) -> None:
    assert recorded_texts([run]) is None
