from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="programs train torch's modules", exc_type=ImportError)

from torch import nn

from reprocheck.worker.watching.descriptions import description
from reprocheck.worker.watching.module_paths import RootLabels, own_path
from reprocheck.worker.watching.program import Program, find_program


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)


class Other(Net):
    pass


class Holder(nn.Module):
    """A loss, or a trainer, that holds the model."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model


NAMES = ["first.weight", "first.bias", "norm.weight", "norm.bias"]


def found(parameters: Any, **more: Any) -> Program:
    return find_program(torch, parameters, labels=more.pop("labels", RootLabels()), **more)


def names(parameters: Any, **more: Any) -> list[str]:
    tensors = list(parameters)
    program = found(tensors, **more)
    return [program.names[id(tensor)] for tensor in tensors]


def test_names_are_those_of_the_model() -> None:
    model = Net()
    assert names(model.parameters()) == NAMES


def test_the_model_is_found_from_a_part_of_its_parameters() -> None:
    model = Net()
    program = found([model.norm.bias])
    assert program.roots == [model]
    assert program.names == {id(model.norm.bias): "norm.bias"}


def test_a_module_of_another_model_is_no_root() -> None:
    model, other = Net(), Net()
    assert found(model.parameters()).roots == [model]
    assert other is not model


def test_wrappers_are_left_out_of_names() -> None:
    model = Net()
    wrapped = nn.DataParallel(model)
    assert names(model.parameters()) == NAMES
    assert found(model.parameters()).roots == [wrapped]


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("module.first.weight", "first.weight"),
        ("_orig_mod.module.first.weight", "first.weight"),
        ("module._orig_mod.first.weight", "first.weight"),
        ("layers.0._orig_mod.weight", "layers.0.weight"),
        ("_fsdp_wrapped_module.layers.0._checkpoint_wrapped_module.weight", "layers.0.weight"),
        ("layers.module.weight", "layers.module.weight"),
        ("modules.weight", "modules.weight"),
        ("module", ""),
        ("", ""),
    ],
)
def test_paths_are_without_wrappers(path: str, own: str) -> None:
    assert own_path(path) == own


def test_a_model_is_rather_itself_than_a_part_of_its_loss() -> None:
    model = Net()
    loss, wrapped = Holder(model), nn.DataParallel(model)
    assert names(model.parameters()) == NAMES
    assert found(model.parameters()).roots == [wrapped]
    assert loss.model is model


def test_a_holder_of_more_trained_tensors_is_the_root() -> None:
    model = Net()
    holder = Holder(model)
    holder.scale = nn.Parameter(torch.ones(1))
    assert names(holder.parameters()) == ["scale", *("model." + name for name in NAMES)]


def test_two_roots_have_their_classes_in_front() -> None:
    first, second = Net(), Other()
    told = names([*first.parameters(), *second.parameters()])
    assert told == [*("Net." + name for name in NAMES), *("Other." + name for name in NAMES)]


def test_a_second_optimizer_has_names_of_its_own() -> None:
    labels, first, second, third = RootLabels(), Net(), Net(), Net()
    assert names(first.parameters(), labels=labels) == NAMES
    assert names(second.parameters(), labels=labels) == ["Net." + name for name in NAMES]
    assert names(third.parameters(), labels=labels) == ["Net#2." + name for name in NAMES]
    assert names(first.parameters(), labels=labels) == NAMES


def test_a_model_keeps_its_label_when_it_is_wrapped() -> None:
    labels, first, second = RootLabels(), Net(), Net()
    found(first.parameters(), labels=labels)
    found(second.parameters(), labels=labels)
    wrapped = nn.DataParallel(second)
    assert labels.of([first, wrapped]) == ["", "Net."]


def test_names_that_are_taken_are_numbered() -> None:
    model = nn.Linear(1, 1)
    assert names(model.parameters(), taken=["weight", "weight#2"]) == ["weight#3", "bias"]


def test_a_shared_parameter_has_its_first_name() -> None:
    model = Net()
    model.tied = nn.Linear(2, 3)
    model.tied.weight = model.first.weight
    assert names(model.parameters()) == [*NAMES, "tied.bias"]


def test_a_model_within_a_ring_of_modules_is_found() -> None:
    model = Net()
    model.__dict__["_modules"]["self"] = model
    assert names([model.first.weight]) in (["first.weight"], ["parameter.0"])


def test_tensors_without_a_module_have_their_global_name_or_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    lonely, known = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    monkeypatch.setattr(sys.modules["__main__"], "offsets", known, raising=False)
    assert names([lonely, known]) == ["parameter.0", "offsets"]


def test_objects_that_lie_about_their_class_are_not_asked() -> None:
    class Liar:
        @property  # type: ignore[misc]
        def __class__(self) -> Any:
            raise RuntimeError("nobody may ask")

    liars, model = [Liar()], Net()
    assert names(model.parameters()) == NAMES
    assert len(liars) == 1


def test_buffers_are_told_as_they_are_now() -> None:
    model = Net()
    program = found(model.parameters())
    assert [name for name, _ in program.buffers] == [
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    ]
    model.norm.running_mean = torch.full((3,), 7.0)
    assert program.buffers[0][1] is model.norm.running_mean
    model.norm.running_var = None
    assert [name for name, _ in program.buffers] == ["norm.running_mean", "norm.num_batches_tracked"]


def test_a_buffer_of_the_root_has_no_dot_in_front() -> None:
    model = Net()
    model.register_buffer("mask", torch.ones(1))
    assert found(model.parameters()).buffers[0][0] == "mask"


def test_modules_are_described_by_path() -> None:
    wrapped = nn.DataParallel(Net())
    program = found(wrapped.parameters())
    assert [path for path, _ in program.modules] == ["", "first", "norm"]
    assert program.modules[:2] == [("", "Net()"), ("first", "Linear(in_features=2, out_features=3, bias=True)")]


def test_what_causes_differences_stands_in_descriptions() -> None:
    assert description(nn.LayerNorm(4, eps=1e-6)).startswith("LayerNorm((4,), eps=1e-06, elementwise_affine=True")
    assert description(nn.Dropout(0.25)) == "Dropout(p=0.25, inplace=False)"
    assert description(nn.GELU(approximate="tanh")) == "GELU(approximate='tanh')"
    assert "dropout=0.5" in description(nn.MultiheadAttention(4, 2, dropout=0.5))
    layer = nn.TransformerEncoderLayer(4, 2, activation=nn.functional.gelu)
    assert "activation=gelu" in description(layer)


def test_of_a_users_module_numbers_are_told_and_no_texts() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rate, self.heads, self.causal = 0.1, 4, True
            self.token, self.config, self._hidden = "secret", {"key": "secret"}, 3

        def extra_repr(self) -> str:
            return self.token

    assert description(Own()) == "Own(causal=True, heads=4, rate=0.1)"


def test_a_users_linear_layer_is_described_as_torch_does() -> None:
    class Mine(nn.Linear):
        pass

    assert description(Mine(1, 2)) == "Mine(in_features=1, out_features=2, bias=True)"


def test_descriptions_are_short_and_without_addresses() -> None:
    class Long(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for number in range(100):
                setattr(self, f"number_{number}", number)

    assert len(description(Long())) == 200
    assert " at 0x" not in description(nn.Softmax(dim=object()))  # type: ignore[arg-type]
