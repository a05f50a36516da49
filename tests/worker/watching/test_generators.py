from __future__ import annotations

import random
import types
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="the generators are torch's", exc_type=ImportError)

from reprocheck.worker.watching.generators import random_state


@pytest.fixture(autouse=True)
def generators_as_before() -> Any:
    python, own = random.getstate(), torch.get_rng_state()
    yield
    random.setstate(python)
    torch.set_rng_state(own)


def test_looking_at_the_generators_draws_nothing() -> None:
    assert random_state(torch) == random_state(torch)


def test_equal_seeds_are_equal_states() -> None:
    torch.manual_seed(1)
    random.seed(1)
    first = random_state(torch)
    torch.rand(3)
    random.random()
    torch.manual_seed(1)
    random.seed(1)
    assert random_state(torch) == first


def test_a_draw_changes_the_generator_that_it_came_from_and_no_other() -> None:
    before = random_state(torch)
    torch.rand(1)
    after_torch = random_state(torch)
    assert [name for name in before if before[name] != after_torch[name]] == ["torch"]
    random.random()
    after_python = random_state(torch)
    assert [name for name in before if after_torch[name] != after_python[name]] == ["python"]


def test_the_spare_number_of_gauss_is_part_of_the_state() -> None:
    random.seed(5)
    before = random_state(torch)
    state = random.getstate()
    random.setstate((state[0], state[1], 0.5))
    assert random_state(torch)["python"] != before["python"]


class FakeGenerator:
    def __init__(self, seed: int, offset: int) -> None:
        self.state = torch.tensor([*seed.to_bytes(8, "little"), *offset.to_bytes(8, "little")], dtype=torch.uint8)

    def get_state(self) -> Any:
        return self.state


def torch_with_devices(*generators: FakeGenerator, current: int = 0, capturing: bool = False, used: bool = True) -> Any:
    """An honest stand-in for the parts of torch that are asked, as a machine with devices answers."""
    cuda = types.SimpleNamespace(
        is_initialized=lambda: used,
        is_current_stream_capturing=lambda: capturing,
        current_device=lambda: current,
        default_generators=generators,
    )
    return types.SimpleNamespace(default_generator=torch.default_generator, cuda=cuda)


def test_the_generator_of_the_current_device_is_told() -> None:
    first = random_state(torch_with_devices(FakeGenerator(1, 0)))["cuda"]
    assert random_state(torch_with_devices(FakeGenerator(1, 4)))["cuda"] != first
    assert random_state(torch_with_devices(FakeGenerator(2, 0)))["cuda"] != first


def test_devices_that_drew_nothing_do_not_matter() -> None:
    alone = random_state(torch_with_devices(FakeGenerator(1, 8)))["cuda"]
    idle, busy = FakeGenerator(1, 0), FakeGenerator(1, 4)
    assert random_state(torch_with_devices(idle, FakeGenerator(1, 8), idle, current=1))["cuda"] == alone
    assert random_state(torch_with_devices(busy, FakeGenerator(1, 8), current=1))["cuda"] != alone


def test_cuda_is_not_begun_and_a_captured_graph_not_disturbed() -> None:
    assert "cuda" not in random_state(torch_with_devices(FakeGenerator(1, 8), used=False))
    assert "cuda" not in random_state(torch_with_devices(FakeGenerator(1, 8), capturing=True))


def test_numpy_is_told_where_the_program_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Key:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def tobytes(self) -> bytes:
            return self.content

    def with_numpy(*state: Any) -> str:
        module: Any = types.ModuleType("numpy.random")
        module.get_state = lambda: state
        with monkeypatch.context() as patch:
            patch.setitem(__import__("sys").modules, "numpy.random", module)
            return random_state(torch)["numpy"]

    first = with_numpy("MT19937", Key(b"1234"), 624, 0, 0.0)
    assert with_numpy("MT19937", Key(b"1234"), 624, 0, 0.0) == first
    assert with_numpy("MT19937", Key(b"1235"), 624, 0, 0.0) != first
    assert with_numpy("MT19937", Key(b"1234"), 1, 0, 0.0) != first
    assert with_numpy("MT19937", Key(b"1234"), 624, 1, 0.5) != first


def test_numpy_is_not_imported_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "numpy.random", None)
    assert "numpy" not in random_state(torch)
