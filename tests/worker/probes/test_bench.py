"""What cases are made with: inputs, streams, gradients, and TF32 for one operation."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="probes are operations of torch", exc_type=ImportError)

from reprocheck.worker.probes.probe import Bench, as_list, gradients
from reprocheck.worker.probes.tensor_float import allowed
from reprocheck.worker.tensor_float import tf32

CPU = torch.device("cpu")


def precision() -> list[str]:
    """Return what every switch of TF32 reads, those that raise among them."""
    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    readings = (
        torch.get_float32_matmul_precision,
        lambda: cuda.allow_tf32,
        lambda: cudnn.allow_tf32,
        lambda: cuda.fp32_precision,
        lambda: cudnn.conv.fp32_precision,
        lambda: cudnn.rnn.fp32_precision,
        lambda: torch.backends.fp32_precision,
    )
    return [attempt(read) for read in readings]


def attempt(read: Any) -> str:
    try:
        return str(read())
    except Exception as error:
        return type(error).__name__


@pytest.fixture(params=["highest", "high", "medium"])
def _precision(request: pytest.FixtureRequest) -> Any:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(request.param)
    yield
    torch.set_float32_matmul_precision(before)


@pytest.mark.usefixtures("_precision")
def test_tensor_float_is_allowed_inside_and_all_reads_as_before_outside() -> None:
    before = precision()
    with tf32():
        inside = precision()
    assert precision() == before
    assert "tf32" in inside or inside[:3] == ["high", "True", "True"]


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "rnn"), reason="this torch has one switch for all of cuDNN")
def test_tensor_float_reaches_convolutions_and_recurrent_layers_that_were_told_otherwise() -> None:
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
    before = [place.fp32_precision for place in places]
    try:
        for place in places:
            place.fp32_precision = "ieee"
        with tf32():
            assert [place.fp32_precision for place in places] == ["tf32"] * 3
        assert [place.fp32_precision for place in places] == ["ieee"] * 3
    finally:
        for place, value in zip(places, before, strict=True):
            place.fp32_precision = value


def test_tensor_float_ends_with_an_error() -> None:
    before = precision()
    with pytest.raises(RuntimeError, match="inside"), tf32():
        raise RuntimeError("inside")
    assert precision() == before


def test_only_a_bench_of_tensor_float_allows_it() -> None:
    def run() -> Any:
        return torch.tensor([float("tf32" in precision() or torch.backends.cuda.matmul.allow_tf32)])

    assert allowed(Bench(CPU, "fp32"), run) is run
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (inside,) = as_list(allowed(Bench(CPU, "tf32"), run)())
    assert inside.tolist() == [1.0]


def test_inputs_are_the_same_in_every_dtype_and_differ_by_name_and_shape() -> None:
    one, half = Bench(CPU, "fp32"), Bench(CPU, "bf16")
    assert bool(((one.wide("x", 50) - half.wide("x", 50).float()).abs() < 2.0**-7 * one.wide("x", 50).abs()).all())
    assert one.wide("x", 50).tolist() != one.wide("y", 50).tolist()
    assert one.wide("x", 5, 10).reshape(-1).tolist() != one.wide("x", 50).tolist()


def test_a_stream_begins_anew_and_leaves_the_stream_outside_alone() -> None:
    bench = Bench(CPU, "fp32")
    torch.manual_seed(1)
    first = torch.rand(1)
    torch.manual_seed(1)
    with bench.seeded():
        inside = torch.rand(3)
    assert torch.equal(torch.rand(1), first)
    with bench.seeded():
        assert torch.equal(torch.rand(3), inside)
    assert torch.equal(torch.rand(3, generator=bench.generator()), inside)


def test_gradients_are_those_of_autograd_and_come_as_often_as_wanted() -> None:
    bench = Bench(CPU, "fp32")
    x, weight, gradient = bench.leaf("x", 4, 5), bench.leaf("weight", 3, 5), bench.wide("gradient", 4, 3)
    run = gradients(x @ weight.t(), [x, weight], gradient)
    expected = (gradient @ weight.detach(), gradient.t() @ x.detach())
    for _ in range(2):
        assert all(torch.equal(got, wanted) for got, wanted in zip(run(), expected, strict=True))


def test_no_probe_loads_the_compiler_of_torch() -> None:
    """Importing it takes longer than all probes."""
    names = "sys.modules.keys() & {'torch._dynamo', 'sympy'}"
    code = (
        f"import sys, torch; before = set({names}); from reprocheck.worker.jobs import JOBS;"
        f"JOBS['probe']({{'device': 'cpu', 'repeats': 1}}, lambda line: None); print(sorted({names} - before))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
