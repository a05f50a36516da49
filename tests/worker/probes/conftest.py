"""All probes of the CPU, run once for all tests that look at what comes out."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="probes are operations of torch", exc_type=ImportError)

from reprocheck.worker.probes.probe import Bench, Probe, as_list
from reprocheck.worker.probes.registry import FAMILIES, probes_of
from reprocheck.worker.probing import failure_of
from reprocheck.worker.settled import settled_torch


@dataclass(frozen=True)
class Ran:
    """A probe, what it gave, and its scale for each output; or why it gave nothing."""

    probe: Probe
    outputs: tuple[Any, ...] = ()
    scales: tuple[float, ...] = ()
    status: str = ""


@pytest.fixture(scope="session")
def ran() -> Mapping[str, Ran]:
    """Return every probe of the CPU by its name, with its outputs from one thread."""
    every = [probe for family in FAMILIES for probe in probes_of(family) if "cpu" in probe.devices]
    with one_thread(), settled_torch(torch, None):
        return {probe.name: run_once(probe) for probe in every}


def run_once(probe: Probe) -> Ran:
    try:
        case = probe.make(Bench(torch.device("cpu"), probe.dtype))
        outputs = tuple(output.detach() for output in as_list(case.run()))
    except Exception as error:
        return Ran(probe, status=failure_of(error)["status"])
    scales = (case.scale,) * len(outputs) if isinstance(case.scale, float) else tuple(case.scale)
    return Ran(probe, outputs, scales)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Small operations on a busy machine wait long for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
