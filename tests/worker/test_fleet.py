"""What a rank of a fleet does by itself: what it doubts, whom it waits for, and which sums it takes for right."""

from __future__ import annotations

import time
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from reprocheck.worker.fleet import doubtful_probes  # noqa: E402 -- torch may be missing here
from reprocheck.worker.ranks import sums  # noqa: E402
from reprocheck.worker.ranks.meeting import Meeting, unpacked  # noqa: E402
from reprocheck.worker.ranks.place import chosen_device, numbers_of_rank, traits  # noqa: E402
from reprocheck.worker.ranks.watched_probes import watched_probes  # noqa: E402

NUMBERS = {"rank": 3, "localRank": 1, "node": 1, "ranks": 4, "localRanks": 2, "nodes": 2}


class Store:
    """The three methods of torchrun's store that a meeting needs."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.counts: dict[str, int] = {}

    def set(self, key: str, value: bytes) -> None:
        self.values[key] = value

    def get(self, key: str) -> bytes:
        return self.values[key]

    def add(self, key: str, amount: int) -> int:
        self.counts[key] = self.counts.get(key, 0) + amount
        return self.counts[key]


def meeting(store: Store, rank: int, ranks: int = 3) -> Meeting:
    made = Meeting.__new__(Meeting)
    made.store, made.rank, made.ranks = store, rank, ranks
    return made


def test_ranks_find_what_the_others_put_down() -> None:
    store = Store()
    for rank in (0, 2):
        meeting(store, rank).put("first", {"rank": rank, "text": "µ" * 5})
    one = meeting(store, 1)
    start_s = time.time()
    assert one.present("first", 2, start_s + 60) == [0, 2]
    assert one.present("first", 3, start_s + 0.1) == [0, 2]
    assert unpacked(one.packed("first", 2)) == {"rank": 2, "text": "µ" * 5}
    assert one.await_rank("first", 0, start_s)
    assert not one.await_rank("first", 1, time.time() + 0.1)
    assert time.time() - start_s < 10


def record(*told: dict[str, Any]) -> dict[str, Any]:
    return {"probes": dict(zip("abc", told, strict=False))}


def test_an_operation_is_doubtful_that_is_not_the_same_everywhere_or_not_repeated() -> None:
    same, other = {"digest": "x", "differing": 0}, {"digest": "y", "differing": 0}
    restless, absent = {"digest": "x", "differing": 1}, {"status": "unsupported"}
    assert doubtful_probes([record(same, same), record(same, same)]) == []
    assert doubtful_probes([record(same, same), record(same, other)]) == ["b"]
    assert doubtful_probes([record(same, restless), record(same, restless)]) == ["b"]
    assert doubtful_probes([record(absent, absent), record(absent, same)]) == ["b"]
    assert doubtful_probes([record(same), record(same, same)]) == []


def test_the_numbers_of_a_rank_are_those_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("RANK", "LOCAL_RANK", "GROUP_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE")
    for name, value in zip(names, NUMBERS.values(), strict=True):
        monkeypatch.setenv(name, str(value))
    assert numbers_of_rank() == NUMBERS


class PlayedCuda:
    """A torch that sees some GPUs and remembers which one was taken."""

    def __init__(self, gpus: int) -> None:
        self.gpus, self.taken = gpus, -1
        self.cuda = self

    def is_available(self) -> bool:
        return self.gpus > 0

    def device_count(self) -> int:
        return self.gpus

    def set_device(self, place: int) -> None:
        self.taken = place


@pytest.mark.parametrize(
    ("gpus", "wanted", "device", "shortage", "taken"),
    [
        (2, "auto", "cuda", "", 1),
        (1, "auto", "cpu", "", -1),
        (0, "auto", "cpu", "", -1),
        (2, "cpu", "cpu", "", -1),
        (2, "cuda", "cuda", "", 1),
        (1, "cuda", "cuda", "no GPU for local rank 1: 1 found", -1),
    ],
)
def test_auto_takes_the_gpus_where_every_rank_of_the_node_has_one(
    gpus: int, wanted: str, device: str, shortage: str, taken: int
) -> None:
    played = PlayedCuda(gpus)
    assert chosen_device(played, wanted, NUMBERS) == (device, shortage)
    assert played.taken == taken


def test_traits_are_words_and_hold_no_status() -> None:
    found = traits(torch, "cpu")
    assert found["torch"] == torch.__version__
    assert all(isinstance(value, str) and value and "status" not in value for value in found.values())


@pytest.mark.parametrize(
    ("dtype", "numbers"),
    [
        (torch.int64, sums._integers),
        (torch.float32, sums._grid),
        (torch.float64, sums._wide(torch.float64)),
        (torch.float32, sums._wide(torch.float32)),
        (torch.bfloat16, sums._wide(torch.bfloat16)),
        (torch.float16, sums._wide(torch.float16)),
    ],
)
def test_a_sum_is_right_in_any_order_and_wrong_without_one_rank(dtype: Any, numbers: Any) -> None:
    for order in ((0, 1, 2), (2, 0, 1)):
        total = sum((numbers(rank) for rank in order[1:]), start=numbers(order[0]))
        assert total.dtype == dtype
        assert sums._is_right(total, dtype, numbers, 3)
    assert not sums._is_right(numbers(0) + numbers(1), dtype, numbers, 3)


def test_an_exact_sum_is_wrong_with_one_bit_flipped() -> None:
    total = sums._grid(0) + sums._grid(1)
    total.view(torch.int32)[7] ^= 1
    assert not sums._is_right(total, torch.float32, sums._grid, 2)


@pytest.mark.parametrize(
    ("patience_s", "left_s", "ended"),
    [(0.001, 60.0, "hangs before the first operation"), (60.0, 0.0, "ran out of time before the first operation")],
)
def test_a_rank_whose_time_is_over_is_not_said_to_hang(patience_s: float, left_s: float, ended: str) -> None:
    task = {"device": "cpu", "numbers": {}, "environment": {}, "hosts": False, "patience_s": patience_s}
    assert watched_probes(task, time.time() + left_s, lambda line: None) == ended
