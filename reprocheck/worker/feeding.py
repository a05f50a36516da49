"""The batches of one rank, step after step and epoch after epoch: picked in this process, or made by a DataLoader.

The loader's worker processes blank some columns of each sample, by their own generators: which ones depends on the
generator of the loader, on `worker_init_fn`, on the number of workers and on the order in which they serve, as any
augmentation does. Python promises that `random.random` gives the same numbers in every release.
"""

from __future__ import annotations

import random
from typing import Any, Dict, Iterator, Optional, Tuple, cast

import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from .data import Samples
from .hashing import key_of
from .placement import Place
from .precision import Unsupported

GLOBAL_BATCH = 8  # shared by the ranks: six steps an epoch, so that ten steps see `set_epoch` at work
WORKERS = 2
BLANKED = 0.125

Batch = Tuple[torch.Tensor, torch.Tensor]


class Feed:
    """Gives the batches of a run in turn; knows where it is, and can go on from there in another process."""

    def __init__(self, samples: Samples, place: Place, seed: int, *, with_workers: bool) -> None:
        self._samples = samples
        self._size = GLOBAL_BATCH // place.world_size
        self._sampler: Any = DistributedSampler(
            cast(Any, samples), num_replicas=place.world_size, rank=place.rank, seed=seed
        )
        self._generator = torch.Generator()
        self._generator.manual_seed(key_of(seed, "loader", place.rank) >> 1)
        self._loader = self._made_loader() if with_workers else None
        self._epoch, self._taken = 0, 0
        self._begun_with = self._generator.get_state()
        self._batches: Optional[Iterator[Batch]] = None

    def batch(self) -> Batch:
        """Return inputs and targets of the next step.

        Raises:
            Unsupported: the system lets no worker process begin or send.
        """
        while True:
            batches = self._batches or self._begin_epoch()
            found = next(batches, None) if self._loader is None else _sent(batches)
            if found is not None:
                self._taken += 1
                return found
            self._epoch, self._taken = self._epoch + 1, 0
            self.close()

    def position(self) -> Dict[str, Any]:
        """Return what a later feed needs in order to go on: epoch, batches taken, the generator at its beginning."""
        return {"epoch": self._epoch, "taken": self._taken, "generator": self._begun_with}

    def go_on_from(self, position: Dict[str, Any]) -> None:
        """Go to a position; batches of its epoch that were taken are made again and dropped."""
        self._epoch, self._taken = position["epoch"], 0
        self._generator.set_state(position["generator"])
        while self._taken < position["taken"]:
            self.batch()

    def close(self) -> None:
        """End the worker processes, if there are any."""
        self._batches = None

    def _begin_epoch(self) -> Iterator[Batch]:
        self._sampler.set_epoch(self._epoch)
        self._begun_with = self._generator.get_state()
        if self._loader is None:
            self._batches = self._picked()
        else:
            self._batches = cast("Iterator[Batch]", _begun(self._loader))
        return self._batches

    def _picked(self) -> Iterator[Batch]:
        order = list(self._sampler)
        for first in range(0, len(order) - self._size + 1, self._size):
            picked = order[first : first + self._size]
            yield self._samples.inputs[picked], self._samples.targets[picked]

    def _made_loader(self) -> Any:
        return DataLoader(
            _Blanking(self._samples),
            batch_size=self._size,
            sampler=self._sampler,
            num_workers=WORKERS,
            drop_last=True,
            worker_init_fn=_begin_worker,
            generator=self._generator,
        )


class _Blanking(Dataset):  # type: ignore[type-arg]  # torch 2.0's can not be subscripted where it is a base
    """The samples, with columns blanked by the generator of the process that serves them."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Batch:
        inputs = self._samples.inputs[index]
        kept = torch.tensor([random.random() >= BLANKED for _ in range(inputs.shape[-1])])  # noqa: S311 -- no secret
        return inputs * kept.to(inputs.dtype), self._samples.targets[index]


def _begin_worker(_worker: int) -> None:
    """Seed Python's generator by torch's seed of this worker, as the notes on reproducibility have it."""
    random.seed(torch.initial_seed() % 2**32)


def _begun(loader: Any) -> Iterator[Any]:
    try:
        return iter(loader)
    except (OSError, RuntimeError) as error:
        raise Unsupported("no data-loader workers can be started: {}".format(_first_line(error))) from error


def _sent(batches: Iterator[Batch]) -> Optional[Batch]:
    """Return what the workers send next; torch tells by `RuntimeError` of one that died or has no memory to share."""
    try:
        found = next(batches, None)
    except (OSError, RuntimeError) as error:
        raise Unsupported("the data-loader workers sent nothing: {}".format(_first_line(error))) from error
    return None if found is None else (found[0], found[1])


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
