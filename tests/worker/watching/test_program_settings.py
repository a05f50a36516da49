"""What a program is set to beside its optimizers, read from real loaders and optimizers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader, DistributedSampler, TensorDataset  # noqa: E402 -- only where torch is

from reprocheck.worker.watching.program_settings import (  # noqa: E402 -- only where torch is
    autocast_setting,
    clip_settings,
    loader_settings,
    seed_setting,
    state_setting,
)

DATA = TensorDataset(torch.arange(6))


def test_the_seed_is_the_one_given_last() -> None:
    state = torch.get_rng_state()
    torch.manual_seed(17)
    assert seed_setting(torch) == {"seed.torch": "17"}
    torch.set_rng_state(state)


def test_a_loader_tells_its_sampler_and_batches() -> None:
    told = loader_settings(iter(DataLoader(DATA, batch_size=2)))
    assert told == {
        "data.sampler": "SequentialSampler",
        "data.workers": "0",
        "data.batch_size": "2",
        "data.drop_last": "False",
    }


def test_a_shuffling_loader_tells_another_sampler() -> None:
    assert loader_settings(iter(DataLoader(DATA, shuffle=True)))["data.sampler"] == "RandomSampler"


def test_a_distributed_sampler_tells_epoch_and_seed() -> None:
    sampler: DistributedSampler[int] = DistributedSampler(DATA, num_replicas=2, rank=0, seed=7)
    sampler.set_epoch(3)
    told = loader_settings(iter(DataLoader(DATA, sampler=sampler)))
    assert (told["data.epoch"], told["data.seed"], told["data.shuffle"]) == ("3", "7", "True")


def test_a_generator_of_the_sampler_tells_its_seed() -> None:
    generator = torch.Generator().manual_seed(11)
    assert loader_settings(iter(DataLoader(DATA, shuffle=True, generator=generator)))["data.generator_seed"] == "11"
    assert "data.generator_seed" not in loader_settings(iter(DataLoader(DATA, shuffle=True)))


def test_autocast_is_told_with_its_format_and_only_where_it_is_on() -> None:
    assert autocast_setting(torch) == {"autocast": "off"}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert autocast_setting(torch) == {"autocast": "cpu bfloat16"}
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=False):
        assert autocast_setting(torch) == {"autocast": "off"}


class Hostile:
    """A sampler whose attributes cannot be asked."""

    @property
    def epoch(self) -> int:
        raise RuntimeError

    def __iter__(self) -> Iterator[int]:
        return iter([0])


def test_a_property_that_raises_is_not_asked() -> None:
    told = loader_settings(iter(DataLoader(DATA, sampler=Hostile())))
    assert told["data.sampler"] == "Hostile"
    assert "data.epoch" not in told


def test_an_iterator_without_a_sampler_tells_little() -> None:
    assert loader_settings(object()) == {"data.sampler": "NoneType", "data.workers": "0"}


def test_the_bound_of_a_norm_is_told_alike_however_it_was_given() -> None:
    told = {"clip.norm": "1.0 2.0"}
    assert clip_settings("clip_grad_norm_", (1,), {}) == told
    assert clip_settings("clip_grad_norm_", (), {"max_norm": 1.0, "norm_type": 2}) == told
    assert clip_settings("clip_grad_norm_", (1.0, 2.0), {}) == told


def test_the_bound_of_values_is_told() -> None:
    assert clip_settings("clip_grad_value_", (), {"clip_value": 0.5}) == {"clip.value": "0.5"}


def test_a_bound_that_is_a_tensor_is_not_read() -> None:
    assert clip_settings("clip_grad_norm_", (torch.tensor(1.0),), {}) == {}


def test_an_optimizer_tells_whether_it_was_resumed() -> None:
    one = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([one])
    assert state_setting(1, optimizer) == {"1.state": "empty"}
    one.grad = torch.ones(2)
    optimizer.step()
    optimizer.step()
    assert state_setting(1, optimizer) == {"1.state": "step 2"}


def test_a_state_without_steps_is_filled() -> None:
    one = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([one], lr=0.1, momentum=0.9)
    one.grad = torch.ones(2)
    optimizer.step()
    assert state_setting(0, optimizer) == {"0.state": "filled"}
