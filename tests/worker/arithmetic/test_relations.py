"""Relations that must hold do hold here, and each of them breaks where its fault is planted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="operations are torch's", exc_type=ImportError)

from torch.utils._python_dispatch import TorchDispatchMode

from reprocheck.worker.arithmetic.relations import RELATIONS, Relation, outcome_of, relation_lines

BY_NAME = {relation.name: relation for relation in RELATIONS}
aten = torch.ops.aten


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small operations on a busy machine wait long for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Broken(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Puts a fault into one operation on floats: what it returns goes through `fault`, with the operands beside it."""

    def __init__(self, operation: Any, fault: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operation, self.fault = operation, fault

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        floats = not isinstance(result, torch.Tensor) or result.is_floating_point()
        return self.fault(result, *args) if func is self.operation and floats else result


def outcome(name: str, operation: Any, fault: Any) -> dict[str, str]:
    with Broken(operation, fault):
        return outcome_of(BY_NAME[name], "cpu")


def test_here_every_relation_that_must_hold_does() -> None:
    lines = [line for line in relation_lines("cpu") if line["kind"] == "must"]
    assert len(lines) == 9
    assert {line["status"] for line in lines} <= {"holds", "unsupported"}


def test_a_product_that_drops_one_summand_breaks_whole_numbers() -> None:
    told = outcome("whole numbers, matmul", aten.mm.default, lambda out, a, b: a[:, 1:] @ b[1:])
    assert told["status"] == "broken"
    assert told["detail"].startswith("float64 products: ")


def test_one_wrong_sum_breaks_whole_numbers() -> None:
    def one_off(out: Any, *_: Any) -> Any:
        return torch.cat([out[:1] + 1, out[1:]])

    told = outcome("whole numbers, sums", aten.sum.dim_IntList, one_off)
    assert told["detail"].startswith("float64 sum: 1 of 32 differ, float32 sum: 1 of 32 differ, ")


def test_a_product_with_an_absolute_error_breaks_powers_of_two() -> None:
    told = outcome("factors times a power of two, matmul", aten.mm.default, lambda out, *_: out + 0.125)
    assert told["status"] == "broken"


def test_rounding_that_depends_on_the_sign_breaks_negation() -> None:
    told = outcome(
        "negated factors, matmul", aten.mm.default, lambda out, *_: torch.where(out > 0, out * (1 + 2.0**-6), out)
    )
    assert told["status"] == "broken"


def test_an_addition_that_prefers_its_left_operand_is_seen() -> None:
    told = outcome("exchanged operands, add and mul", aten.add.Tensor, lambda out, a, *_: out + a * 2.0**-6)
    assert told["status"] == "broken"
    assert " add: " in told["detail"]
    assert " mul: " not in told["detail"]


def test_a_gradient_that_is_not_scaled_is_seen() -> None:
    told = outcome("loss times a power of two, fp32", aten.tanh_backward.default, lambda out, *_: out + 2.0**-10)
    assert told["status"] == "broken"
    assert told["detail"].startswith("float32 w at 16: ")
    assert " v at " not in told["detail"]


def test_an_unscaling_that_is_off_by_a_little_is_seen() -> None:
    if not hasattr(torch.amp, "GradScaler"):
        pytest.skip("this torch has a GradScaler for CUDA alone")

    def worse(_: Any, gradients: Any, *__: Any) -> None:
        for gradient in gradients:
            gradient.mul_(1 + 2.0**-20)

    operation = aten._amp_foreach_non_finite_check_and_unscale_.default
    assert outcome("loss times a power of two, GradScaler", operation, worse)["status"] == "broken"


def test_rows_that_see_their_neighbours_are_told_and_are_no_fault() -> None:
    told = outcome("rows alone, softmax", aten._softmax.default, lambda out, x, *_: out + (len(x) - 1) * 2.0**-10)
    assert told["status"] == "broken"
    assert BY_NAME["rows alone, softmax"].kind == "expected"


def test_layouts_are_expected_to_be_equal_and_need_not_be() -> None:
    kinds = {relation.name.partition(",")[0]: relation.kind for relation in RELATIONS}
    assert kinds["layout"] == kinds["AdamW"] == kinds["slices"] == "expected"
    assert kinds["loss times a power of two"] == kinds["whole numbers"] == "must"


def test_a_type_that_is_lacking_does_not_hide_the_others() -> None:
    def pairs(device: str, dtype: str) -> Any:
        if dtype == "float16":
            raise RuntimeError("\"addmm\" not implemented for 'Half'")
        yield "products", torch.ones(2), torch.ones(2)

    told = outcome_of(Relation("some", "must", pairs, ("float32", "float16")), "cpu")
    assert told == {"status": "holds", "detail": "not run in float16"}
    told = outcome_of(Relation("some", "must", pairs, ("float16",)), "cpu")
    assert told == {"status": "unsupported", "detail": "RuntimeError: \"addmm\" not implemented for 'Half'"}


def test_a_fault_in_one_type_is_not_told_as_holding() -> None:
    def pairs(device: str, dtype: str) -> Any:
        if dtype == "float16":
            raise RuntimeError("CUDA error: unspecified launch failure")
        yield "products", torch.ones(2), torch.ones(2)

    told = outcome_of(Relation("some", "must", pairs, ("float32", "float16")), "cpu")
    assert told == {"status": "lost-device", "detail": "RuntimeError: CUDA error: unspecified launch failure"}


def test_the_difference_is_told_by_type_word_and_count() -> None:
    def pairs(device: str, dtype: str) -> Any:
        yield "products", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0])
        yield "sums", torch.ones(2), torch.ones(2)

    told = outcome_of(Relation("some", "must", pairs), "cpu")
    assert told == {"status": "broken", "detail": "float32 products: 1 of 2 differ"}
