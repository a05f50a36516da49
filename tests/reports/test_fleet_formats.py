"""The page and the document of a fleet, whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

import reprocheck
from reprocheck.model.fleets import Differing, Fleet, FleetGroup, RankAnswer
from reprocheck.reports.fleet_json import render_fleet_json
from reprocheck.reports.fleet_text import render_fleet
from reprocheck.reports.rank_text import ranks_text

GPU = {"gpu": "Some GPU", "driver": "550.1", "cpu": "Some CPU", "torch": "2.6.0", "switch threads": "4"}
GPU_WORDS = "Some GPU, driver 550.1, Some CPU, torch 2.6.0, threads: 4"


def rank(number: int, **changes: Any) -> RankAnswer:
    plain: dict[str, Any] = {
        "rank": number,
        "local_rank": number % 2,
        "node": number // 2,
        "device": "cuda",
        "traits": GPU,
        "values": {"matmul/a/fp32": "aa"},
        "unsteady": {},
        "times_ns": {},
    }
    return RankAnswer(**{**plain, **changes})


def fleet(**changes: Any) -> Fleet:
    plain: dict[str, Any] = {
        "world_size": 4,
        "nodes": 2,
        "ranks": tuple(map(rank, range(4))),
        "groups": (FleetGroup(ranks=(0, 1, 2, 3)),),
        "operations": 300,
        "sums": "nccl",
        "slow": {},
        "mixed": {},
    }
    return Fleet(**{**plain, **changes})


def lines(**changes: Any) -> list[str]:
    return render_fleet(fleet(**changes)).splitlines()


def test_all_alike_is_two_lines() -> None:
    assert lines() == [
        "4 ranks on 2 nodes: 300 operations on cuda, summed over nccl",
        "",
        "alike: 4 ranks compute the same bits",
    ]


def test_an_odd_rank_is_told_with_place_operations_and_cause() -> None:
    names = tuple(f"matmul/{number}/fp32" for number in range(9))
    odd = FleetGroup(
        ranks=(2,),
        operations=(*names, "softmax/a/fp32"),
        traits=(
            Differing(trait="driver", here="535.2", there="550.1"),
            Differing(trait="variable NCCL_ALGO", here="", there="Ring"),
        ),
    )
    assert lines(groups=(FleetGroup(ranks=(0, 1, 3)), odd)) == [
        "4 ranks on 2 nodes: 300 operations on cuda, summed over nccl",
        "alike: ranks 0, 1, 3",
        f"       {GPU_WORDS}",
        "odd:   rank 2",
        f"       rank 2: node 1, local rank 0; {GPU_WORDS}",
        "       differs from rank 0 in 10 operations: matmul 9, softmax 1",
        f"         {', '.join(names[:8])} and 2 more",
        "         driver: 535.2 here, 550.1 there",
        "         variable NCCL_ALGO: none here, Ring there",
        "",
        "differ: 1 of 4 ranks computes other bits",
    ]


def test_without_a_cause_the_device_is_suspect() -> None:
    odd = FleetGroup(ranks=(2, 3), operations=("matmul/a/fp32",))
    told = lines(world_size=5, groups=(FleetGroup(ranks=(0, 1, 4)), odd), ranks=tuple(map(rank, range(5))))
    assert told[-3] == (
        "         nothing that was looked at is otherwise there: run it again, and suspect the device if it stays odd"
    )
    assert told[-1] == "differ: 2 of 5 ranks compute other bits"


def test_a_tie_has_no_odd_one() -> None:
    groups = (FleetGroup(ranks=(0, 1)), FleetGroup(ranks=(2, 3), operations=("matmul/a/fp32",)))
    told = lines(groups=groups)
    assert [line for line in told if not line.startswith(" ")][1:] == [
        "group: ranks 0, 1",
        "group: ranks 2, 3",
        "",
        "differ: 2 groups of equal size, 2 ranks each: none of them is the usual one",
    ]


def test_many_groups_are_cut_short() -> None:
    groups = tuple(FleetGroup(ranks=(number,), operations=("matmul/a/fp32",)) for number in range(20))
    told = lines(world_size=20, groups=groups, ranks=tuple(map(rank, range(20))))
    assert told[-3] == "and 3 more groups"
    assert told[-1] == "differ: 20 groups of equal size, 1 rank each: none of them is the usual one"


def test_a_rank_that_does_not_repeat_itself_is_told_with_how_often() -> None:
    bad = rank(1, unsteady={"matmul/a/fp32": (3, 14), "scatter/a/fp32": (9, 14)}, host="gpu-7")
    told = lines(ranks=(rank(0), bad), unsteady=(1,), unrepeatable=("scatter/a/fp32",))
    assert told[1:] == [
        f"unsteady: rank 1: node 0 (gpu-7), local rank 1; {GPU_WORDS}",
        "       does not repeat itself in 1 operation that other ranks repeat:",
        "       matmul/a/fp32 (3 of 14)",
        "left out: most ranks do not repeat scatter/a/fp32",
        "",
        "differ: 1 rank does not repeat itself",
    ]
    assert lines(ranks=(rank(0), bad, rank(2, unsteady=bad.unsteady)), unsteady=(1, 2))[-1] == (
        "differ: 2 ranks do not repeat themselves"
    )


def test_what_is_missing_is_told_and_leaves_it_undecided() -> None:
    dead = rank(1, traits={}, values={}, device="", ended="ended with signal 9 in the operations of `matmul`")
    told = lines(
        ranks=(rank(0), dead),
        groups=(FleetGroup(ranks=(0,)),),
        silent=(2, 3),
        sums="",
        sums_fault="not all ranks came to sum",
        fault="rank 1 ended first, with signal 9",
        notes=("there are 2 GPUs a node",),
    )
    assert told == [
        "4 ranks on 2 nodes: 300 operations on cuda",
        "incomplete: rank 1, node 0, local rank 1; nothing is known of its device: "
        "ended with signal 9 in the operations of `matmul`",
        "silent: ranks 2, 3 said nothing here",
        "no sum over all ranks: not all ranks came to sum",
        "the job broke off: rank 1 ended first, with signal 9",
        "note: there are 2 GPUs a node",
        "",
        "undecided: not all ranks could be compared",
    ]


def test_one_rank_and_no_device_are_said() -> None:
    told = lines(world_size=1, nodes=1, ranks=(rank(0, device=""),), groups=(FleetGroup(ranks=(0,)),), operations=1)
    assert told == [
        "1 rank on 1 node: 1 operation on no device, summed over nccl",
        "",
        "undecided: one rank alone is compared with nothing",
    ]


def test_wrong_sums_mixed_traits_and_slow_ranks_are_told() -> None:
    told = lines(
        wrong_sums=("all-ranks/sum/fp32",),
        mixed={"driver": {"": (3,), "550.1": (0, 1, 2)}},
        slow={3: 2450},
    )
    assert told[1:] == [
        "wrong: all-ranks/sum/fp32: the numbers of a rank, or the way between ranks, are broken",
        "mixed: driver: none on rank 3; 550.1 on ranks 0-2",
        "slow: rank 3 takes 2.4 times as long as the median rank",
        "",
        "differ: 1 sum over all ranks is wrong",
    ]
    assert lines(wrong_sums=("a", "b"))[-1] == "differ: 2 sums over all ranks are wrong"


def test_colour_is_on_the_last_line_and_hostile_text_is_visible() -> None:
    told = render_fleet(fleet(notes=("\x1b[31mred",)), color=True)
    assert told.endswith("note: \\u{1b}[31mred\n\n\x1b[32malike: 4 ranks compute the same bits\x1b[0m\n")


@pytest.mark.parametrize(
    ("ranks", "text"),
    [((2,), "rank 2"), ((0, 1), "ranks 0, 1"), ((0, 1, 2, 5), "ranks 0-2, 5"), ((1, 3, 4, 5), "ranks 1, 3-5")],
)
def test_runs_of_ranks_are_drawn_together(ranks: tuple[int, ...], text: str) -> None:
    assert ranks_text(ranks) == text


def test_the_document_has_a_line_a_rank_and_no_digest() -> None:
    odd = FleetGroup(ranks=(1,), operations=("matmul/a/fp32",), traits=(Differing(trait="x", here="1", there="2"),))
    bad = rank(1, unsteady={"matmul/a/fp32": (3, 14), "b": (1, 2)}, ended="hangs", host="gpu-7")
    text = render_fleet_json(
        fleet(
            world_size=3,
            ranks=(rank(0), bad),
            groups=(FleetGroup(ranks=(0, 2)), odd),
            unsteady=(1,),
            unrepeatable=("b",),
            slow={1: 2000},
            mixed={"driver": {"1": (0,), "2": (1,)}},
        )
    )
    told = {"cpu": "Some CPU", "driver": "550.1", "gpu": "Some GPU", "threads": "4", "torch": "2.6.0", "device": "cuda"}
    assert json.loads(text) == {
        "schema": "reprocheck/fleet/1",
        "tool": {"name": "reprocheck", "version": reprocheck.__version__},
        "outcome": "differ",
        "worldSize": 3,
        "nodes": 2,
        "operations": 300,
        "groups": [
            {"ranks": [0, 2], "reference": True, "operations": [], "traits": []},
            {
                "ranks": [1],
                "reference": False,
                "operations": ["matmul/a/fp32"],
                "traits": [{"trait": "x", "here": "1", "there": "2"}],
            },
        ],
        "ranks": [
            {"rank": 0, "node": 0, "localRank": 0, **told},
            {"rank": 1, "node": 0, "localRank": 1, **told, "host": "gpu-7", "ended": "hangs"},
        ],
        "silent": [],
        "unsteady": [{"rank": 1, "operations": [{"probe": "matmul/a/fp32", "differing": 3, "repeats": 14}]}],
        "unrepeatable": ["b"],
        "sums": {"backend": "nccl", "wrong": [], "fault": ""},
        "slow": [{"rank": 1, "permille": 2000}],
        "mixed": [{"trait": "driver", "values": [{"value": "1", "ranks": [0]}, {"value": "2", "ranks": [1]}]}],
        "notes": [],
        "fault": "",
    }


def test_of_a_tie_no_group_is_the_reference() -> None:
    document = json.loads(render_fleet_json(fleet(groups=(FleetGroup(ranks=(0,)), FleetGroup(ranks=(1,))))))
    assert [group["reference"] for group in document["groups"]] == [False, False]
