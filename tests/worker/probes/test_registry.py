from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    pytest.importorskip("torch", reason="probes are operations of torch", exc_type=ImportError)

import reprocheck.worker.probes as package
from reprocheck.worker.probes.probe import DTYPES
from reprocheck.worker.probes.registry import FAMILIES, probes_of

PROBES = [probe for family in FAMILIES for probe in probes_of(family)]
ON_CPU = [probe for probe in PROBES if "cpu" in probe.devices]
NO_FAMILY = {"__init__", "probe", "registry", "tensor_float"}


def test_every_family_of_the_folder_is_registered_once() -> None:
    files = {path.stem for path in Path(str(package.__file__)).parent.glob("*.py")} - NO_FAMILY
    assert sorted(family.__name__.rpartition(".")[2] for family in FAMILIES) == sorted(files)


def test_names_are_unique_and_tell_family_operation_and_dtype() -> None:
    assert [name for name, count in Counter(probe.name for probe in PROBES).items() if count > 1] == []
    for family in FAMILIES:
        assert {probe.family for probe in probes_of(family)} == {family.FAMILY}
    assert [probe.name for probe in PROBES if probe.name.split("/")[1:] != [probe.operation, probe.dtype]] == []
    assert {probe.dtype for probe in PROBES} == set(DTYPES)


def test_there_are_at_least_240_probes_of_the_cpu_and_more_of_cuda() -> None:
    assert len(ON_CPU) >= 240
    assert len([probe for probe in PROBES if "cuda" in probe.devices]) > len(ON_CPU)


def test_tensor_float_is_asked_of_cuda_only() -> None:
    assert {tuple(probe.devices) for probe in PROBES if probe.dtype == "tf32"} == {("cuda",)}


def test_every_family_has_probes_of_the_cpu() -> None:
    assert {probe.family for probe in ON_CPU} == {family.FAMILY for family in FAMILIES}
