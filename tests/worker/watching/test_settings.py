from __future__ import annotations

import types
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="the optimizers are torch's", exc_type=ImportError)

from reprocheck.worker.watching.settings import optimizer_settings


def settings_of(*groups: dict[str, Any]) -> dict[str, str]:
    return optimizer_settings(types.SimpleNamespace(param_groups=list(groups)))


def test_settings_of_an_optimizer_are_told_by_group_and_name() -> None:
    first, second = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.AdamW([{"params": [first]}, {"params": [second], "weight_decay": 0.0}], lr=0.1, eps=1e-6)
    told = optimizer_settings(optimizer)
    assert {name: told[name] for name in ("0.lr", "0.betas", "0.eps", "0.weight_decay", "1.weight_decay")} == {
        "0.lr": "0.1",
        "0.betas": "(0.9, 0.999)",
        "0.eps": "1e-06",
        "0.weight_decay": "0.01",
        "1.weight_decay": "0.0",
    }
    assert not any("params" in name for name in told)


def test_one_bit_of_a_float_is_told() -> None:
    assert settings_of({"lr": 0.1}) != settings_of({"lr": 0.1 + 2**-56})


def test_true_is_not_one() -> None:
    assert settings_of({"a": True, "b": 1, "c": None}) == {"0.a": "True", "0.b": "1", "0.c": "None"}


def test_a_tensor_on_the_cpu_is_told_by_its_value() -> None:
    assert settings_of({"lr": torch.tensor(0.5)}) == {"0.lr": "0.5"}


def test_a_tensor_elsewhere_is_not_waited_for() -> None:
    assert settings_of({"lr": torch.ones((), device="meta")}) == {"0.lr": "on meta"}


def test_texts_and_objects_are_not_told() -> None:
    told = settings_of({"name": "token-123", "of": object(), "both": (1, "secret"), "many": torch.ones(3)})
    assert told == {}
