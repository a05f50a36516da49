from __future__ import annotations

import collections
import dataclasses
import itertools
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="batches hold tensors", exc_type=ImportError)

from reprocheck.worker.watching.batches import batch_digest, digest_parts


def of(value: Any) -> int:
    return batch_digest(torch, value)


@dataclasses.dataclass
class Pair:
    inputs: Any
    label: Any


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


Named = collections.namedtuple("Named", ["inputs", "label"])

BATCHES: list[Any] = [
    torch.zeros(3),
    torch.zeros(3, dtype=torch.int32),
    torch.ones(3),
    [torch.zeros(3), torch.ones(3)],
    [torch.ones(3), torch.zeros(3)],
    (torch.zeros(3), torch.ones(3)),
    {"inputs": torch.zeros(3), "label": torch.ones(3)},
    {"inputs": torch.ones(3), "label": torch.zeros(3)},
    {"x": torch.zeros(3), "label": torch.ones(3)},
    Pair(torch.zeros(3), torch.ones(3)),
    Named(torch.zeros(3), torch.ones(3)),
    Plain(inputs=torch.zeros(3)),
    Plain(inputs=torch.ones(3)),
    [1, 2],
    [2, 1],
    [1.0, 2.0],
    ["1", "2"],
    [[1], [2]],
    "12",
    b"12",
    12,
    12.0,
    True,
    None,
    [],
    {},
    {1, 2},
    {1, 3},
]


def test_different_batches_have_different_digests() -> None:
    found = [of(batch) for batch in BATCHES]
    assert [pair for pair in itertools.combinations(range(len(found)), 2) if found[pair[0]] == found[pair[1]]] == []
    assert all(0 <= one < 1 << 64 for one in found)


@pytest.mark.parametrize("value", ["ab", 3, 2.5, [1, "x"], {"a": [1, {"b": (2, None)}]}, {"x", "y"}])
def test_equal_values_have_equal_digests(value: Any) -> None:
    import copy

    assert of(value) == of(copy.deepcopy(value))


def test_one_bit_deep_inside_is_seen() -> None:
    inner = torch.zeros(5)
    batch = {"a": [{"b": (1, inner)}]}
    before = of(batch)
    inner[3] = 1e-45
    assert of(batch) != before


def test_addresses_do_not_matter() -> None:
    assert of([object(), {object(): 1}, {object()}, lambda: 0]) == of([object(), {object(): 1}, {object()}, lambda: 0])
    assert of(Plain(made_at=1.0)) == of(Plain(made_at=2.0))


def test_iterators_are_not_drawn_from() -> None:
    numbers = iter([1, 2, 3])
    of([numbers, (one for one in numbers)])
    assert list(numbers) == [1, 2, 3]


def test_what_holds_itself_comes_to_an_end() -> None:
    ring: list[Any] = [object()]
    ring.append(ring)
    assert of(ring) == of(ring)


def test_a_batch_on_the_cpu_is_known_at_once() -> None:
    here, elsewhere = digest_parts(torch, [torch.ones(3), 1])
    assert elsewhere == []
    assert here == of([torch.ones(3), 1])


def test_arrays_are_digested_by_type_shape_and_content() -> None:
    numpy = pytest.importorskip("numpy")
    arrays = [numpy.zeros(4), numpy.zeros(4, dtype="f4"), numpy.zeros((2, 2)), numpy.ones(4), numpy.float64(0.0)]
    assert len({of(array) for array in arrays}) == 5
    assert of(numpy.zeros((2, 3)).T) == of(numpy.zeros((3, 2)))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_batch_on_a_device_is_known_later_and_the_same() -> None:
    batch = {"x": torch.randn(5, 3), "y": [torch.arange(7), "text"]}
    on_device = {"x": batch["x"].cuda(), "y": [batch["y"][0].cuda(), "text"]}
    assert len(digest_parts(torch, on_device)[1]) == 1
    assert of(on_device) == of(batch)
