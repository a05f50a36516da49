"""Which ranks compute alike, from what they said."""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.model.fleets import Differing, Fleet, FleetGroup, RankAnswer
from reprocheck.numerics.fleet_groups import Job, compare_ranks, slow_ranks, unrepeatable_operations

GOOD = {"matmul/a/fp32": "aa", "softmax/a/fp32": "bb", "fft/a/fp32": "unsupported"}


def rank(
    number: int,
    values: Mapping[str, str] = GOOD,
    *,
    unsteady: Mapping[str, tuple[int, int]] | None = None,
    times_ns: Mapping[str, int] | None = None,
    **traits: str,
) -> RankAnswer:
    return RankAnswer(
        rank=number,
        device="cpu",
        values=values,
        unsteady=unsteady or {},
        times_ns=times_ns or {},
        traits={"cpu": "Some CPU", **traits},
    )


def compared(*answers: RankAnswer, size: int = 0) -> Fleet:
    return compare_ranks(answers, Job(world_size=size or len(answers)))


def test_equal_ranks_are_one_group() -> None:
    fleet = compared(rank(0), rank(1), rank(2))
    assert fleet.groups == (FleetGroup(ranks=(0, 1, 2)),)
    assert (fleet.operations, fleet.outcome, fleet.exit_code) == (3, "alike", 0)


def test_one_odd_rank_is_told_with_its_operations_and_what_only_it_has() -> None:
    odd = rank(0, {**GOOD, "matmul/a/fp32": "XX"}, driver="550", torch="2.6")
    fleet = compared(odd, rank(1, driver="535", torch="2.6"), rank(2, driver="535", torch="2.6"))
    assert fleet.groups == (
        FleetGroup(ranks=(1, 2)),
        FleetGroup(
            ranks=(0,),
            operations=("matmul/a/fp32",),
            traits=(Differing(trait="driver", here="550", there="535"),),
        ),
    )
    assert (fleet.outcome, fleet.exit_code, fleet.tied) == ("differ", 1, False)


def test_a_trait_that_the_others_do_not_share_is_no_cause() -> None:
    odd = rank(0, {**GOOD, "matmul/a/fp32": "XX"}, visible_devices="0")
    others = [rank(number, visible_devices=str(number)) for number in (1, 2)]
    assert compared(odd, *others).groups[1].traits == ()


def test_an_operation_that_is_missing_on_one_rank_only_makes_it_odd() -> None:
    fleet = compared(rank(0), rank(1), rank(2, {**GOOD, "softmax/a/fp32": "unsupported"}))
    assert [(group.ranks, group.operations) for group in fleet.groups] == [((0, 1), ()), ((2,), ("softmax/a/fp32",))]


def test_two_groups_of_one_size_are_a_tie() -> None:
    other = {**GOOD, "matmul/a/fp32": "XX"}
    fleet = compared(rank(0), rank(1, other), rank(2, other), rank(3))
    assert [group.ranks for group in fleet.groups] == [(0, 3), (1, 2)]
    assert (fleet.tied, fleet.outcome) == (True, "differ")


def test_a_rank_that_does_not_repeat_itself_is_unsteady_and_no_group() -> None:
    flickering = rank(1, {**GOOD, "matmul/a/fp32": "XX"}, unsteady={"matmul/a/fp32": (3, 14)})
    fleet = compared(rank(0), flickering, rank(2))
    assert [group.ranks for group in fleet.groups] == [(0, 1, 2)]
    assert (fleet.unsteady, fleet.unrepeatable, fleet.outcome) == ((1,), (), "differ")


def test_an_unsteady_rank_may_be_odd_in_what_it_repeats() -> None:
    bad = rank(1, {**GOOD, "softmax/a/fp32": "XX"}, unsteady={"matmul/a/fp32": (3, 14)})
    fleet = compared(rank(0), bad, rank(2))
    assert [(group.ranks, group.operations) for group in fleet.groups] == [((0, 2), ()), ((1,), ("softmax/a/fp32",))]
    assert fleet.unsteady == (1,)


def test_an_operation_that_most_ranks_do_not_repeat_says_nothing_of_any() -> None:
    answers = [
        rank(number, {**GOOD, "scatter/a/fp32": str(number)}, unsteady={"scatter/a/fp32": (1, 14)} if number else None)
        for number in range(3)
    ]
    fleet = compared(*answers)
    assert [group.ranks for group in fleet.groups] == [(0, 1, 2)]
    assert (fleet.unrepeatable, fleet.unsteady, fleet.outcome) == (("scatter/a/fp32",), (), "alike")


def test_half_of_the_ranks_is_not_most_of_them() -> None:
    answers = [rank(0, unsteady={"matmul/a/fp32": (1, 2)}), rank(1)]
    assert unrepeatable_operations(answers) == frozenset()
    assert compared(*answers).unsteady == (0,)


def test_what_a_rank_did_not_say_is_compared_with_nothing() -> None:
    short = RankAnswer(
        rank=3,
        traits={},
        values={"matmul/a/fp32": "XX", "softmax/a/fp32": "out-of-memory", "fft/a/fp32": ""},
        unsteady={},
        times_ns={},
        ended="ended with signal 9",
    )
    other = {**GOOD, "matmul/a/fp32": "XX"}
    fleet = compared(rank(0), rank(1), rank(2, other), short, size=6)
    assert [group.ranks for group in fleet.groups] == [(0, 1), (2, 3)]
    assert fleet.silent == (4, 5)


def test_a_rank_without_a_number_is_in_no_group_and_leaves_it_undecided() -> None:
    silent = RankAnswer(
        rank=1, traits={}, values={}, unsteady={}, times_ns={}, ended="hangs before the first operation"
    )
    fleet = compared(rank(0), silent)
    assert [group.ranks for group in fleet.groups] == [(0,)]
    assert (fleet.outcome, fleet.exit_code) == ("undecided", 3)


def test_one_rank_alone_is_compared_with_nothing() -> None:
    assert compared(rank(0)).outcome == "undecided"


def test_a_wrong_sum_is_a_fault_though_all_ranks_have_it() -> None:
    answers = [
        RankAnswer(rank=number, traits={}, values=GOOD, unsteady={}, times_ns={}, wrong_sums=("all-ranks/sum/fp32",))
        for number in range(2)
    ]
    fleet = compared(*answers)
    assert (fleet.wrong_sums, fleet.outcome) == (("all-ranks/sum/fp32",), "differ")


def test_traits_that_are_mixed_are_told_where_all_compute_alike() -> None:
    fleet = compared(rank(0, driver="535"), rank(1, driver="550"), rank(2, driver="535"))
    assert fleet.mixed == {"driver": {"535": (0, 2), "550": (1,)}}
    assert fleet.outcome == "alike"


def test_a_rank_that_takes_twice_the_time_is_slow() -> None:
    usual = {"matmul/a/fp32": 100_000, "softmax/a/fp32": 200_000, "tiny/a/fp32": 10}
    slow = {"matmul/a/fp32": 210_000, "softmax/a/fp32": 420_000, "tiny/a/fp32": 10}
    answers = [rank(0, times_ns=usual), rank(1, times_ns=slow), rank(2, times_ns=usual)]
    assert slow_ranks(answers) == {1: 2100}
    assert slow_ranks(answers[:2]) == {}
    assert slow_ranks([rank(number, times_ns={"tiny/a/fp32": 10}) for number in range(3)]) == {}
