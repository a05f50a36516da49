"""A probe that always gives the same bits, whatever the order of additions and the rounding, is blind."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="probes are operations of torch", exc_type=ImportError)

from reprocheck.worker.probes.registry import FAMILIES, probes_of

# Their exact result is zero, or (of a linear layer, addmv, baddbmm) a number as small as rounding noise.
CANCELLING = (
    *("matmul/cancelling-*", "linear/*", "bmm/*", "gemv/*"),
    *("convolution/2d-forward", "convolution/2d-strided-forward", "convolution/2d-pointwise-forward"),
    *("convolution/1d-forward", "convolution/*-grad-*", "reduction/sum-*", "reduction/mean-*"),
    *("scatter/embedding-backward", "scatter/index-add", "scatter/scatter-add", "scatter/gather-backward"),
    "scatter/index-put-accumulate",
)
EXACT_SUMS = 0.75  # of the outputs of a cancelling probe, at most
NAMES = [probe.name for family in FAMILIES for probe in probes_of(family) if "cpu" in probe.devices]
CANCELLING_NAMES = [name for name in NAMES if any(PurePosixPath(name).parent.match(one) for one in CANCELLING)]


def flat(ran: Any) -> Any:
    return torch.cat([torch.view_as_real(o).reshape(-1) if o.is_complex() else o.reshape(-1) for o in ran.outputs])


def test_every_probe_runs_here_or_is_one_that_this_torch_lacks(ran: Mapping[str, Any]) -> None:
    assert {name: one.status for name, one in ran.items() if one.status not in ("", "unsupported")} == {}
    assert len([one for one in ran.values() if not one.status]) >= 240


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_finite_and_not_all_the_same(name: str, ran: Mapping[str, Any]) -> None:
    if ran[name].status:
        pytest.skip("not in this torch")
    for output in ran[name].outputs:
        assert bool(torch.isfinite(output.to(torch.complex128) if output.is_complex() else output.double()).all())
    assert flat(ran[name]).double().unique().numel() >= 2


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_about_as_large_as_their_scale(name: str, ran: Mapping[str, Any]) -> None:
    """Nothing is lost in a scale that is far too large, and no noise blown up by one that is far too small.

    A sum that cancels is smaller: rounding noise of float32 at least, for no sum here is kept in fewer bits.
    """
    if ran[name].status:
        pytest.skip("not in this torch")
    least = 2.0**-64 if name in CANCELLING_NAMES or name.endswith("matmul/bf16") else 2.0**-8
    for output, scale in zip(ran[name].outputs, ran[name].scales, strict=True):
        values = (torch.view_as_real(output) if output.is_complex() else output).double() / scale
        size = float(values.square().mean().sqrt())
        assert least <= size <= 8.0


@pytest.mark.parametrize("name", CANCELLING_NAMES)
def test_sums_that_cancel_leave_rounding_noise_and_not_the_exact_result(name: str, ran: Mapping[str, Any]) -> None:
    if ran[name].status:
        pytest.skip("not in this torch")
    assert float((flat(ran[name]) == 0).double().mean()) <= EXACT_SUMS


def test_a_backend_of_attention_that_torch_does_not_take_is_not_told_under_its_name(ran: Mapping[str, Any]) -> None:
    """In torch 2.0 the CPU has one way alone, and `flash` would be its bits."""
    query = torch.ones(1, 1, 8, 32)
    chosen = torch._fused_sdp_choice(query, query, query)
    flash = [one.status for name, one in ran.items() if name.startswith("attention/flash-")]
    assert flash == (["", ""] if chosen else ["unsupported", "unsupported"])
