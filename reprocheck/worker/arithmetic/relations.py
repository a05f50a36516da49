"""Relations between results that hold bit by bit, without knowing what the bits should be.

`must`: they follow from IEEE 754 for any order of additions and any library: rounding commutes with a power of two
and with the sign, small whole numbers are exact. One that is broken is a fault. `expected`: a platform may do
otherwise, and breaks them then: which kernel runs may depend on layout and batch.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import torch
from torch.nn import functional
from torch.optim.adamw import adamw

from ..hashing import hashed_below, key_of
from ..inputs import wide
from ..probing import failure_of

FLOATS = ("float64", "float32", "bfloat16", "float16")
WIDE_RANGE = ("float64", "float32", "bfloat16")  # scaled inputs stay far from both ends of the range
TRAINED = ("float32", "bfloat16")
SCALES = tuple(2.0**power for power in (4, 8, 12, 16, 24))

Pairs = Iterator[Tuple[str, torch.Tensor, torch.Tensor]]


class Relation(NamedTuple):
    """A name, `must` or `expected`, and the pairs of results, each with a word, that are to be equal in a type."""

    name: str
    kind: str
    pairs: Callable[[str, str], Pairs]
    dtypes: Tuple[str, ...] = ("float32",)


def relation_lines(device: str) -> Iterator[Dict[str, Any]]:
    """Yield one line a relation: holds, broken with what differs, or the status of what could not be run."""
    for relation in RELATIONS:
        yield {"relation": relation.name, "kind": relation.kind, "device": device, **outcome_of(relation, device)}


def outcome_of(relation: Relation, device: str) -> Dict[str, str]:
    """Return status and detail: a type that this device lacks does not hide what the others show; a fault does."""
    broken: List[str] = []
    failures: Dict[str, Dict[str, str]] = {}
    for dtype in relation.dtypes:
        try:
            broken += differences(dtype, relation.pairs(device, dtype))
        except Exception as error:  # an operation may raise anything in a type that it was not made for
            failures[dtype] = failure_of(error)
    if broken:
        return {"status": "broken", "detail": ", ".join(broken)}
    faults = [failure for failure in failures.values() if failure["status"] != "unsupported"]
    if faults or len(failures) == len(relation.dtypes):
        return next(iter([*faults, *failures.values()]))
    return {"status": "holds", **({"detail": "not run in " + ", ".join(failures)} if failures else {})}


def differences(dtype: str, pairs: Pairs) -> List[str]:
    """Return in words which pairs differ, and in how many elements."""
    counts = [(word, int((a != b).sum()), a.numel()) for word, a, b in pairs]
    return ["{} {}: {} of {} differ".format(dtype, *count) for count in counts if count[1]]


def _hashed(name: str, shape: Tuple[int, ...], dtype: str, device: str) -> torch.Tensor:
    return wide(key_of("relations", name), shape, getattr(torch, dtype)).to(device)


def _whole(name: str, shape: Tuple[int, int], dtype: str, device: str) -> torch.Tensor:
    """Return -1, 0 and 1: sums of 256 products of them are exact in every type, in any order."""
    count = shape[0] * shape[1]
    return (hashed_below(key_of("relations", name), count, 3) - 1).view(shape).to(getattr(torch, dtype)).to(device)


def _factors(dtype: str, device: str) -> Tuple[torch.Tensor, torch.Tensor]:
    return _hashed("a", (48, 64), dtype, device), _hashed("b", (64, 32), dtype, device)


def _whole_products(device: str, dtype: str) -> Pairs:
    a_MK, b_KN = _whole("a", (48, 256), dtype, "cpu"), _whole("b", (256, 32), dtype, "cpu")
    exact = (a_MK.to(torch.int64).unsqueeze(2) * b_KN.to(torch.int64).unsqueeze(0)).sum(1)
    yield "products", (a_MK.to(device) @ b_KN.to(device)).cpu().to(torch.int64), exact


def _whole_sums(device: str, dtype: str) -> Pairs:
    a_NK = _whole("sums", (32, 256), dtype, "cpu")
    exact, there = a_NK.to(torch.int64).sum(1), a_NK.to(device)
    yield "sum", there.sum(1).cpu().to(torch.int64), exact
    index = torch.arange(32, device=device).repeat_interleave(256)
    added = torch.zeros(32, dtype=there.dtype, device=device).index_add(0, index, there.reshape(-1))
    yield "index_add", added.cpu().to(torch.int64), exact


def _scaled_factors(device: str, dtype: str) -> Pairs:
    a_MK, b_KN = _factors(dtype, device)
    for power in (-20, 20):
        yield "by 2**{}".format(power), (a_MK * 2.0**power) @ b_KN, (a_MK @ b_KN) * 2.0**power


def _negated_factors(device: str, dtype: str) -> Pairs:
    a_MK, b_KN = _factors(dtype, device)
    yield "products", -a_MK @ b_KN, -(a_MK @ b_KN)


def _exchanged_operands(device: str, dtype: str) -> Pairs:
    a_N, b_N = _hashed("a", (4096,), dtype, device), _hashed("b", (4096,), dtype, device)
    yield "add", a_N + b_N, b_N + a_N
    yield "mul", a_N * b_N, b_N * a_N


def _widened_and_back(device: str, dtype: str) -> Pairs:
    x_N = _hashed("x", (4096,), dtype, device)
    yield "conversion", x_N.to(torch.float64 if dtype == "float32" else torch.float32).to(x_N.dtype), x_N


def _gradients(device: str, dtype: str, scale: float, autocast: bool) -> List[torch.Tensor]:
    """Return the gradients of two layers, the loss scaled and the gradients scaled back."""
    x_BI, weights = _layers(device, dtype)
    with torch.autocast(device, dtype=torch.bfloat16, enabled=autocast):
        loss = _loss(x_BI, weights)
    return [gradient * (1.0 / scale) for gradient in torch.autograd.grad(loss * scale, weights)]


def _layers(device: str, dtype: str) -> Tuple[torch.Tensor, List[torch.Tensor]]:
    shapes = {"w": (32, 24), "v": (8, 32)}
    weights = [_hashed(name, shape, dtype, device).mul(2.0**-6).requires_grad_() for name, shape in shapes.items()]
    return _hashed("x", (16, 24), dtype, device).mul(2.0**-3), weights


def _loss(x_BI: torch.Tensor, weights: List[torch.Tensor]) -> torch.Tensor:
    y_BO = functional.linear(torch.tanh(functional.linear(x_BI, weights[0])), weights[1])
    return y_BO.float().square().mean()


def _scaled_losses(autocast: bool) -> Callable[[str, str], Pairs]:
    def pairs(device: str, dtype: str) -> Pairs:
        plain = _gradients(device, dtype, 1.0, autocast)
        for scale in SCALES:
            for name, got, expected in zip("wv", _gradients(device, dtype, scale, autocast), plain):
                yield "{} at {:.0f}".format(name, scale), got, expected

    return pairs


def _grad_scaler(device: str, dtype: str) -> Pairs:
    """`GradScaler` scales and unscales by a power of two; before torch 2.3 there was one for CUDA alone."""
    plain = _gradients(device, dtype, 1.0, autocast=False)
    for scale in SCALES:
        x_BI, weights = _layers(device, dtype)
        scaler: Any = torch.amp.GradScaler(device, init_scale=scale)
        gradients = torch.autograd.grad(scaler.scale(_loss(x_BI, weights)), weights)
        for weight, gradient in zip(weights, gradients):
            weight.grad = gradient
        scaler.unscale_(SimpleNamespace(param_groups=[{"params": weights}]))  # all that it asks of an optimizer
        for name, got, expected in zip("wv", gradients, plain):
            yield "{} at {:.0f}".format(name, scale), got, expected


def _adamw_loops(device: str, dtype: str) -> Pairs:
    for a_N, b_N in zip(_stepped_by_adamw(device, dtype, True), _stepped_by_adamw(device, dtype, False)):
        yield "{} numbers".format(len(a_N)), a_N, b_N


def _stepped_by_adamw(device: str, dtype: str, foreach: bool) -> List[torch.Tensor]:
    """Return three vectors after three steps; the class would load torch's compiler first, the function does not."""
    sizes = (7, 64, 300)
    weights = [_hashed("adamw {}".format(size), (size,), dtype, device) for size in sizes]
    means, squares = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    steps = [torch.zeros(()) for _ in weights]
    for step in range(3):
        gradients = [_hashed("gradient {} {}".format(step, size), (size,), dtype, device) for size in sizes]
        adamw(
            *(weights, gradients, means, squares, [], steps),
            foreach=foreach,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=2.0**-7,
            weight_decay=0.01,
            eps=1e-8,
            maximize=False,
        )
    return weights


def _rows(call: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[str, str], Pairs]:
    def pairs(device: str, dtype: str) -> Pairs:
        x_MN = _hashed("rows", (16, 97), dtype, device)
        yield "rows", call(x_MN), torch.cat([call(row_N.unsqueeze(0)) for row_N in x_MN])

    return pairs


def _slices(device: str, dtype: str) -> Pairs:
    for name in ("exp", "tanh", "sqrt"):
        x_N = _hashed("slices", (1000,), dtype, device).abs() * 2.0**-3
        call = getattr(torch, name)
        yield name, call(x_N), torch.cat([call(x_N[first : first + 37].clone()) for first in range(0, 1000, 37)])


def _layouts(variant: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Callable[[str, str], Pairs]:
    def pairs(device: str, dtype: str) -> Pairs:
        a_MK, b_KN = _factors(dtype, device)
        yield "products", variant(a_MK, b_KN), a_MK @ b_KN

    return pairs


def _channels_last(device: str, dtype: str) -> Pairs:
    x, w = _hashed("image", (2, 16, 9, 9), dtype, device), _hashed("kernel", (8, 16, 3, 3), dtype, device)
    yield "convolution", functional.conv2d(x.contiguous(memory_format=torch.channels_last), w), functional.conv2d(x, w)


def _layer_norm(x_MN: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(x_MN, x_MN.shape[1:])


RELATIONS: List[Relation] = [
    Relation("whole numbers, matmul", "must", _whole_products, FLOATS),
    Relation("whole numbers, sums", "must", _whole_sums, FLOATS),
    Relation("factors times a power of two, matmul", "must", _scaled_factors, WIDE_RANGE),
    Relation("negated factors, matmul", "must", _negated_factors, FLOATS),
    Relation("exchanged operands, add and mul", "must", _exchanged_operands, FLOATS),
    Relation("widened and back", "must", _widened_and_back, ("float32", "bfloat16", "float16")),
    Relation("loss times a power of two, fp32", "must", _scaled_losses(autocast=False)),
    Relation("loss times a power of two, bf16 autocast", "must", _scaled_losses(autocast=True)),
    Relation("loss times a power of two, GradScaler", "must", _grad_scaler),
    Relation("AdamW, foreach and for-loop", "expected", _adamw_loops),
    Relation("rows alone, softmax", "expected", _rows(lambda x_MN: torch.softmax(x_MN, 1)), TRAINED),
    Relation("rows alone, layer_norm", "expected", _rows(_layer_norm), TRAINED),
    Relation("slices, exp tanh sqrt", "expected", _slices),
    Relation("layout, right factor by columns", "expected", _layouts(lambda a, b: a @ b.t().contiguous().t()), TRAINED),
    Relation("layout, left factor by columns", "expected", _layouts(lambda a, b: a.t().contiguous().t() @ b), TRAINED),
    Relation("layout, bmm", "expected", _layouts(lambda a, b: torch.bmm(a[None], b[None])[0]), TRAINED),
    Relation("layout, einsum", "expected", _layouts(lambda a, b: torch.einsum("mk,kn->mn", a, b)), TRAINED),
    Relation("layout, addmm", "expected", _layouts(lambda a, b: torch.addmm(torch.zeros_like(a @ b), a, b)), TRAINED),
    Relation("layout, channels_last", "expected", _channels_last, TRAINED),
]
