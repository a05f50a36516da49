from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="the modules are torch's", exc_type=ImportError)

from torch import nn

from reprocheck.worker.exact_digests import digest, to_hex
from reprocheck.worker.watching.module_paths import RootLabels
from reprocheck.worker.watching.outputs import watch_outputs


def must_not(error: Exception) -> None:
    raise error


def watched(*roots: Any, on_fault: Any = must_not) -> Any:
    return watch_outputs(torch, list(roots), on_fault, RootLabels())


def test_outputs_are_marked_in_the_order_in_which_modules_end() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    outputs = watched(model)
    result = model(torch.ones(4, 2))
    marks = outputs.take()
    assert [path for path, _ in marks] == ["0", "1.0", "1.1", "1", ""]
    assert {mark.partition(":")[0] for _, mark in marks[2:]} == {to_hex(int(digest(result)))}
    assert all(len(mark.partition(":")[2].split(".")) in range(4, 9) for _, mark in marks)
    assert outputs.take() == []


def test_one_low_bit_of_one_module_is_named() -> None:
    model: Any = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 1))
    nn.init.zeros_(model[1].weight)  # so that no rounding swallows the bit
    outputs, inputs = watched(model), torch.ones(4, 2)
    model(inputs)
    before = outputs.take()
    model(inputs)
    assert outputs.take() == before
    with torch.no_grad():
        model[1].bias[0] = torch.nextafter(model[1].bias[0], torch.tensor(9.0))
    model(inputs)
    changed = [path for (path, old), (_, new) in zip(before, outputs.take(), strict=True) if old != new]
    assert changed[0] == "1"


def test_removed_hooks_leave_nothing_behind() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    outputs = watched(model)
    outputs.remove()
    model(torch.ones(1, 2))
    assert outputs.take() == []
    assert [len(module._forward_hooks) for module in model.modules()] == [0, 0, 0]


def test_hooks_change_neither_results_nor_gradients_nor_random_numbers() -> None:
    def trained(is_watched: bool) -> list[Any]:
        torch.manual_seed(3)
        model: Any = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
        outputs = watched(model) if is_watched else None
        loss = model(torch.randn(4, 2)).pow(2).sum()
        loss.backward()
        if outputs is not None:
            assert len(outputs.take()) == 4
        return [loss.detach(), torch.rand(1), *(parameter.grad for parameter in model.parameters())]

    assert all(torch.equal(a, b) for a, b in zip(trained(True), trained(False), strict=True))


@dataclasses.dataclass
class Result:
    logits: Any
    hidden: Any


class Nested(nn.Module):
    def forward(self, kind: str) -> Any:
        ones = torch.ones(2)
        return {"list": [ones, None, (ones * 2, 3)], "dict": {"logits": ones}, "class": Result(ones, [ones])}[kind]


@pytest.mark.parametrize(
    ("kind", "paths"), [("list", ["[0]", "[2][0]"]), ("dict", ["[logits]"]), ("class", ["[logits]", "[hidden][0]"])]
)
def test_tensors_within_outputs_have_a_path(kind: str, paths: list[str]) -> None:
    model = Nested()
    outputs = watched(model)
    model(kind)
    assert [path for path, _ in outputs.take()] == paths


def test_wrappers_are_left_out() -> None:
    model = nn.DataParallel(nn.Sequential(nn.Linear(2, 3)))
    outputs = watched(model)
    model(torch.ones(1, 2))
    assert [path for path, _ in outputs.take()] == ["0", ""]


def test_two_roots_have_their_labels() -> None:
    first, second = nn.Sequential(nn.ReLU()), nn.ReLU()
    outputs = watched(first, second)
    first(torch.ones(1))
    second(torch.ones(1))
    assert [path for path, _ in outputs.take()] == ["Sequential.0", "Sequential", "ReLU"]


def test_a_shared_module_is_told_once_a_call() -> None:
    shared = nn.ReLU()
    model = nn.Sequential(shared, shared)
    outputs = watched(model)
    model(torch.ones(1))
    assert [path for path, _ in outputs.take()] == ["0", "0", ""]


def test_modules_that_a_compiler_holds_are_left_alone() -> None:
    model: Any = nn.Sequential(nn.Linear(2, 2), torch.compile(nn.Linear(2, 2), backend="eager"))
    outputs = watched(model)
    assert [len(module._forward_hooks) for module in model[1].modules()] == [0, 0]
    assert len(model[0]._forward_hooks) == 1
    outputs.remove()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_traced_modules_are_left_alone() -> None:
    model: Any = nn.Sequential(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), nn.ReLU())
    outputs = watched(model)
    model(torch.ones(1, 2))
    assert [path for path, _ in outputs.take()] == ["1", ""]


def test_an_output_that_cannot_be_read_has_no_mark() -> None:
    model = nn.Linear(2, 2)
    outputs = watched(model)
    torch.func.vmap(model)(torch.ones(3, 2))
    assert outputs.take() == [["", "-"]]
    model.to("meta")(torch.ones(3, 2, device="meta"))
    assert [path for path, _ in outputs.take()] == [""]


def test_a_fault_ends_the_watch_and_not_the_training() -> None:
    class Hostile(dict):  # type: ignore[type-arg]
        def __getitem__(self, name: Any) -> Any:
            raise ValueError("hostile")

    class Model(nn.Module):
        def forward(self) -> Any:
            return Hostile(a=1)

    faults: list[Exception] = []
    model = Model()
    watched(model, on_fault=faults.append)
    model()
    model()
    assert [str(fault) for fault in faults] == ["hostile"]
