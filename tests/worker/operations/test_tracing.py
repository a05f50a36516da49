"""The trace keeps what may round, once, and says with what it was called."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="operations are torch's", exc_type=ImportError)

from reprocheck.worker.operations.tracing import OperationTrace


def traced(work: Callable[[], object]) -> list[str]:
    trace = OperationTrace()
    with trace:
        work()
    assert len(trace) == len(trace.texts())
    return trace.texts()


def test_a_product_is_kept_with_shapes_strides_and_sizes_of_numbers() -> None:
    left, right = torch.full((2, 3), 0.75), torch.full((4, 3), -20.0)
    assert traced(lambda: left @ right.t()) == ["aten.mm.default(fp32[2,3]~0+,fp32[3,4]{1,3}~6-)"]


def test_the_backward_pass_and_the_optimizer_are_seen() -> None:
    weight = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.125, momentum=0.75)

    def work() -> None:
        for _ in range(2):
            (weight * weight).sum().backward()
            optimizer.step()

    names = {text.partition("(")[0] for text in traced(work)}
    assert {"aten.mul.Tensor", "aten.sum.default", "aten.add.Tensor", "aten.add_.Tensor", "aten.mul_.Tensor"} <= names


def test_what_autocast_makes_of_an_operation_is_what_is_kept() -> None:
    def work() -> object:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return torch.ones(2, 2) @ torch.ones(2, 2)

    assert traced(work)[-1] == "aten.mm.default(bf16[2,2]~2+,bf16[2,2]~2+)"


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.ones(4).view(2, 2).t(),
        lambda: torch.arange(9) * 3 % 4,
        lambda: torch.cat([torch.ones(2), torch.zeros(3)]),
        lambda: torch.ones(5)[torch.tensor([1, 3])],
        lambda: torch.ones(3).clone().copy_(torch.zeros(3)),
        lambda: float(torch.ones(1)),
    ],
)
def test_what_only_moves_bits_or_counts_is_left_out(work: Callable[[], object]) -> None:
    assert traced(work) == []


def test_a_copy_that_changes_the_type_rounds() -> None:
    assert traced(lambda: torch.ones(3).to(torch.bfloat16)) == ["aten._to_copy.default(fp32[3]~2+,dtype=dtype.bf16)"]
    into = torch.zeros(3, dtype=torch.float16)
    assert traced(lambda: into.copy_(torch.ones(3))) == ["aten.copy_.default(fp16[3],fp32[3]~2+)"]


def test_integers_that_become_floats_are_kept() -> None:
    assert traced(lambda: torch.tensor([0, 7]) * 0.5) == ["aten.mul.Tensor(int64[2]~0:7^,0.5)"]


def test_calls_that_differ_in_a_plain_number_are_one_kind() -> None:
    values = torch.ones(3)
    texts = traced(lambda: [values * rate for rate in (0.1, 0.2, 0.3)])
    assert texts == ["aten.mul.Tensor(fp32[3]~2+,0x1.999999999999ap-4)"]


def test_calls_that_differ_in_a_special_number_are_several() -> None:
    assert len(traced(lambda: [torch.ones(3) * 3**power for power in (0.5, 2.0, 0.3)])) == 2
    assert len(traced(lambda: [torch.ones(3).pow(power) for power in (0.5, 2.0, 3.0)])) == 3


def test_the_numbers_of_several_calls_are_taken_together() -> None:
    assert traced(lambda: [torch.tensor([one]).exp() for one in (0.5, -3.0)]) == ["aten.exp.default(fp32[1]~2)"]


def test_a_tensor_that_is_given_twice_is_told_once() -> None:
    total, gradient = torch.ones(3), torch.full((3,), 0.5)
    assert traced(lambda: total.addcmul_(gradient, gradient)) == [
        "aten.addcmul_.default(fp32[3]~2+,fp32[3]~0+,fp32[3]~0+&1)"
    ]


def test_what_is_written_over_has_no_contents() -> None:
    """The numbers that lie there are chance, and a record would differ each time."""
    out = torch.empty(3)
    assert traced(lambda: torch.mul(torch.ones(3), 0.5, out=out)) == ["aten.mul.out(fp32[3]~2+,0.5,out=fp32[3])"]
    generator = torch.Generator()
    assert traced(lambda: torch.empty(3).bernoulli_(0.25, generator=generator)) == [
        "aten.bernoulli_.float(fp32[3],0x1.0000000000000p-2,generator=generator)"
    ]


def test_lists_of_tensors_are_kept_as_lists() -> None:
    assert traced(lambda: torch._foreach_sqrt([torch.ones(2), torch.ones(2), torch.ones(3)])) == [
        "aten._foreach_sqrt.default([fp32[2]~2+*2,fp32[3]~2+])"
    ]


def test_what_no_text_can_hold_is_an_object() -> None:
    sparse = torch.ones(2, 2).to_sparse()
    assert "object" in traced(lambda: torch.sparse.mm(sparse, torch.ones(2, 2)))[0]


def test_many_calls_cost_few_looks() -> None:
    values = torch.ones(2)
    texts = traced(lambda: [values * 0.3 for _ in range(100)] + [torch.full((2,), -1e6) * 0.3])
    assert texts == ["aten.mul.Tensor(fp32[2]~2+,0x1.3333333333333p-2)"]
