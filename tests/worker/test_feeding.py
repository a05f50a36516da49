"""Batches in turn, from this process or from workers, and the place from which another process goes on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)
    pytest.importorskip("torch.utils.data")  # it warns, too

from reprocheck.numerics.runs import LARGEST_WORLD_IN_HALVES, PIECES, STOPS_AFTER
from reprocheck.worker import checkpoint, workloads
from reprocheck.worker.data import image_samples
from reprocheck.worker.feeding import GLOBAL_BATCH, Feed, _begun, _sent
from reprocheck.worker.placement import Place
from reprocheck.worker.precision import Unsupported


def feed(*, with_workers: bool, rank: int = 0, ranks: int = 1) -> Feed:
    place = Place(rank=rank, world_size=ranks, device=torch.device("cpu"))
    return Feed(image_samples(48, 0), place, 0, with_workers=with_workers)


def taken(source: Feed, count: int) -> list[list[float]]:
    batches = [source.batch() for _ in range(count)]
    return [[float(inputs.double().sum()), *map(float, targets)] for inputs, targets in batches]


def test_the_worker_knows_what_a_name_may_have() -> None:
    assert tuple(PIECES) == workloads.PIECES
    assert checkpoint.STOP_BEFORE_STEP == STOPS_AFTER
    assert workloads.micro_batches({"workload": "convnet-accumulate"}) == GLOBAL_BATCH // LARGEST_WORLD_IN_HALVES


@pytest.mark.parametrize("with_workers", [False, True])
@pytest.mark.parametrize("stop", [2, 6, 8])
def test_a_feed_goes_on_where_another_one_stopped(stop: int, *, with_workers: bool) -> None:
    """Within the first epoch, at its end, and within the second."""
    whole = taken(feed(with_workers=with_workers), 10)
    first, second = feed(with_workers=with_workers), feed(with_workers=with_workers)
    begun = taken(first, stop)
    second.go_on_from(first.position())
    first.close()
    assert begun + taken(second, 10 - stop) == whole
    second.close()


def test_workers_blank_columns_and_ranks_share_no_sample() -> None:
    plain, blanked = feed(with_workers=False), feed(with_workers=True)
    (before, targets), (after, same) = plain.batch(), blanked.batch()
    assert torch.equal(targets, same)
    assert not torch.equal(before, after)
    assert torch.equal(after[after != 0], before[after != 0])
    blanked.close()
    ranks = [feed(with_workers=False, rank=rank, ranks=2).batch()[0] for rank in (0, 1)]
    assert [len(batch) for batch in ranks] == [4, 4]
    assert not torch.equal(*ranks)


class NoWorkers:
    """A loader whose system starts no process."""

    def __iter__(self) -> Iterator[object]:
        raise OSError(12, "Cannot allocate memory")


class LostWorkers:
    """Batches whose workers died."""

    def __iter__(self) -> LostWorkers:
        return self

    def __next__(self) -> Any:
        raise RuntimeError("DataLoader worker (pid 12) is killed by signal: Bus error.\nmore")


def test_a_system_without_room_for_workers_is_told() -> None:
    with pytest.raises(
        Unsupported, match=r"^no data-loader workers can be started: \[Errno 12\] Cannot allocate memory$"
    ):
        _begun(NoWorkers())
    with pytest.raises(Unsupported, match=r"^the data-loader workers sent nothing: DataLoader worker .* Bus error\.$"):
        _sent(LostWorkers())
