"""The table of measured effects: what is known, what is not, and that its switches and probes exist."""

from __future__ import annotations

import importlib

import pytest

from reprocheck.facts.switch_effects import Effect, all_effects, effect_on, effects_of
from reprocheck.facts.switches import all_switches
from reprocheck.facts.tables import rows_of


def test_an_effect_covers_names_and_beginnings() -> None:
    effect = Effect("threads", "*", "convolution", "2d-grad-*", "fp32", changes=True, confidence="high")
    assert effect.covers("convolution", "2d-grad-weight", "fp32")
    assert not effect.covers("convolution", "1d-grad-weight", "fp32")
    assert not effect.covers("convolution", "2d-grad-weight", "fp64")
    assert not effect.covers("matmul", "2d-grad-weight", "fp32")


def test_what_changes_stands_before_what_does_not() -> None:
    changed = effect_on("threads", "convolution", "2d-grad-weight", "fp32")
    assert changed is not None
    assert (changed.changes, changed.confidence) == (True, "high")
    kept = effect_on("threads", "convolution", "2d-forward", "fp32")
    assert kept is not None
    assert not kept.changes


def test_nothing_is_known_of_what_nobody_measured() -> None:
    assert effects_of("nccl-algo") == ()
    assert effect_on("nccl-algo", "matmul", "wide-96x256x64", "fp32") is None
    assert effect_on("threads", "no-such-family", "wide", "fp32") is None


def test_a_doubt_says_which_processor_it_comes_from() -> None:
    doubtful = [effect for effect in all_effects() if effect.confidence == "low"]
    assert doubtful
    assert {effect.note for effect in doubtful} == {
        "on the AMD processor only",
        "on the Intel processor only, or in operations like it",
    }


def test_the_table_speaks_of_switches_that_there_are() -> None:
    assert {effect.switch for effect in all_effects()} <= set(all_switches())
    assert {row["changes"] for row in rows_of("switch_effects", "effects")} == {"yes", "no"}


def test_the_table_speaks_of_probes_that_there_are() -> None:
    pytest.importorskip("torch")
    registry = importlib.import_module("reprocheck.worker.probes.registry")
    probes = [probe for family in registry.FAMILIES for probe in registry.probes_of(family)]
    idle = [
        effect
        for effect in all_effects()
        if not any(effect.covers(probe.family, probe.operation, probe.dtype) for probe in probes)
    ]
    assert idle == []
