from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="the reference data are made by torch", exc_type=ImportError)

from reprocheck.worker.hashing import hashed_below, hashed_floats, hashed_integers, key_of

MASK = (1 << 64) - 1


def splitmix64(state: int, count: int) -> list[int]:
    """The generator of Steele, Lea and Flood (2014), in Python's integers."""
    words = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        words.append(z ^ (z >> 31))
    return words


def test_splitmix64_gives_the_published_words() -> None:
    """The first outputs for seed 1234567, as published with many implementations (for example Rosetta Code)."""
    assert [word & MASK for word in hashed_integers(1234567, 3).tolist()] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@pytest.mark.parametrize("key", [0, 1, MASK, 1 << 63, key_of("a", 1)])
def test_wrapping_64_bit_arithmetic_of_torch_equals_python_integers(key: int) -> None:
    assert [word & MASK for word in hashed_integers(key, 1000).tolist()] == splitmix64(key, 1000)


def test_integers_stay_below_their_bound_and_reach_every_value() -> None:
    assert sorted(set(hashed_below(5, 1000, 7).tolist())) == list(range(7))


def test_floats_lie_on_their_grid_and_in_their_range() -> None:
    values = hashed_floats(9, 10_000)
    assert values.dtype == torch.float32
    assert float(values.min()) >= -1.0
    assert float(values.max()) < 1.0
    assert bool((values.double() * 2**23 == (values.double() * 2**23).round()).all())
    assert abs(float(values.double().mean())) < 0.02


def test_a_key_depends_on_every_part_and_on_where_it_ends() -> None:
    keys = {key_of("a", 1), key_of("a", 2), key_of("b", 1), key_of("a"), key_of(1, "a")}
    assert len(keys) == 5


def test_a_shorter_stream_is_the_beginning_of_a_longer_one() -> None:
    assert hashed_floats(3, 100)[:10].tolist() == hashed_floats(3, 10).tolist()
