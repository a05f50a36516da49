from __future__ import annotations

import pytest

from reprocheck.errors import UsageError
from reprocheck.model.records import RunPlan
from reprocheck.numerics.drills import parse_drills, refuse_idle_drills
from reprocheck.numerics.runs import plan_runs


def test_without_drills_a_plan_stays_as_it_is(plan: RunPlan) -> None:
    assert parse_drills([]).planted(plan) == plan


def test_a_seed_drill_changes_the_seed_alone(plan: RunPlan) -> None:
    planted = parse_drills(["seed=7"]).planted(plan)
    assert (planted.seed, planted.learning_rate) == (7, plan.learning_rate)


def test_a_learning_rate_drill_multiplies_exactly(plan: RunPlan) -> None:
    planted = parse_drills(["lr=1.5"]).planted(plan)
    assert planted.learning_rate == (float.fromhex(plan.learning_rate) * 1.5).hex()


def test_the_last_drill_of_a_key_counts() -> None:
    drills = parse_drills(["threads=2", "threads=4", "drop-sync=1"])
    assert (drills.threads, drills.drop_sync, drills.texts) == (4, 1, ("threads=4", "drop-sync=1"))


@pytest.mark.parametrize(
    "text",
    ["seed", "sed=1", "seed=-1", "seed=x", "seed=99999999999", "threads=0", "lr=0", "lr=nan", "lr=x", "drop-sync="],
)
def test_a_drill_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a drill"):
        parse_drills([text])


def test_dropping_the_last_synchronisation_is_a_drill(plan: RunPlan) -> None:
    refuse_idle_drills(parse_drills(["drop-sync=1"]), [plan])


def test_dropping_a_synchronisation_after_the_end_is_refused(plan: RunPlan) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_idle_drills(parse_drills(["drop-sync=2"]), [plan])
    assert caught.value.why == "the longest run with several ranks has 2 steps"


def test_dropping_a_synchronisation_where_there_is_none_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_idle_drills(parse_drills(["drop-sync=0"]), plan_runs(["convnet"], seed=0, steps=2))
    assert caught.value.why == "no run has several ranks"
