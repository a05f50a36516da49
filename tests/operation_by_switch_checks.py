"""Small measurements behind the explanations of `operation_by_switch.py`; prints a name and a digest a line.

It runs in the measured Python, under one setting, with standard library and torch only: what the probes leave open
(other sizes, other inputs, gradients) is asked here. Not collected by pytest.
"""

from __future__ import annotations

import sys
import warnings

import torch
from torch.nn import functional

from reprocheck.worker.digests import sha256_of
from reprocheck.worker.inputs import wide
from reprocheck.worker.warm_up import warm_up

FLOATS = {"fp64": torch.float64, "fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def say(name: str, value: torch.Tensor) -> None:
    print(name, sha256_of(value.detach().contiguous()))


def grid(key: int, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Return multiples of a quarter: their sums and products are exact, so that no order of addition shows."""
    return (wide(key, shape, torch.float32, 0) * 4).round().div(4).to(dtype)


def conv_weight_gradient(make: object, dtype: torch.dtype) -> torch.Tensor:
    x, weight = make(1, (4, 16, 12, 12), dtype), make(2, (24, 16, 3, 3), dtype).requires_grad_()  # type: ignore[operator]
    gradient = make(3, (4, 24, 12, 12), dtype)  # type: ignore[operator]
    found: torch.Tensor = torch.autograd.grad(functional.conv2d(x, weight, padding=1), weight, gradient)[0]
    return found


def products() -> None:
    for m, k, n in ((300, 300, 300), (512, 512, 512), (200, 3000, 10)):
        for name in ("fp64", "fp32", "bf16"):
            say(f"matmul {m}x{k}x{n} {name}", wide(1, (m, k), FLOATS[name]) @ wide(2, (k, n), FLOATS[name]))
    for name in ("fp64", "fp32"):
        a, v = wide(1, (1000, 3000), FLOATS[name]), wide(2, (3000,), FLOATS[name])
        say(f"matrix-vector {name}", a @ v)
        say(f"dot 300000 {name}", torch.dot(wide(3, (300_000,), FLOATS[name]), wide(4, (300_000,), FLOATS[name])))


def convolutions() -> None:
    for channels, size in ((16, 12), (64, 32)):
        x = wide(1, (4, channels, size, size), torch.float32)
        for kernel in (1, 3):
            weight = wide(2, (24, channels, kernel, kernel), torch.float32)
            say(f"conv {kernel}x{kernel} {channels} fp32", functional.conv2d(x, weight, padding=kernel // 2))
    for make in (wide, grid):
        say(f"conv weight gradient {make.__name__} bf16", conv_weight_gradient(make, torch.bfloat16))


def reductions() -> None:
    for name, dtype in FLOATS.items():
        for make in (wide, grid):
            say(f"sum 300000 {make.__name__} {name}", make(1, (300_000,), dtype).sum())
    for classes in (512, 515):
        scores = wide(1, (96, classes), torch.float32, 2).requires_grad_()
        gradient = torch.autograd.grad(torch.softmax(scores, 1), scores, wide(3, (96, classes), torch.float32))[0]
        say(f"softmax gradient {classes} fp32", gradient)
        say(f"softmax first {classes} fp32", torch.softmax(scores.detach(), 0))


def functions() -> None:
    for name in ("fp64", "fp32"):
        x = wide(5, (40_000,), FLOATS[name])
        for function in (torch.exp, torch.log, torch.sin, torch.erf, torch.sqrt, torch.tanh):
            positive = function in (torch.log, torch.sqrt)
            say(f"function {function.__name__} {name}", function(x.abs() if positive else x))
        leaf = x.requires_grad_()
        say(f"gradient tanh {name}", torch.autograd.grad(torch.tanh(leaf), leaf, wide(6, (40_000,), FLOATS[name]))[0])
        say(f"rfft {name}", torch.fft.rfft(wide(1, (8, 4096), FLOATS[name])).real)
    say("function erf fp16", torch.erf(wide(5, (40_000,), torch.float16)))


def others() -> None:
    for size in (30, 200):
        matrix = wide(1, (size, size), torch.float32, 0)
        say(f"qr {size} fp32", torch.linalg.qr(matrix)[0])
        say(f"inverse {size} fp32", torch.linalg.inv(matrix))
    for name in ("bf16", "fp16"):
        torch.manual_seed(0)
        say(f"randn 40000 {name}", torch.randn(40_000, dtype=FLOATS[name]))
    for size in (300, 100_000):
        leaf = wide(1, (size,), torch.bfloat16).requires_grad_()
        optimizer = torch.optim.SGD([leaf], lr=0.1, momentum=0.9, weight_decay=0.01)
        for step in range(3):
            leaf.grad = wide(10 + step, (size,), torch.bfloat16)
            optimizer.step()
        say(f"sgd {size} bf16", leaf)


def attention() -> None:
    for backend, flash in (("math", False), ("flash", True)):
        torch.backends.cuda.enable_flash_sdp(flash)
        torch.backends.cuda.enable_math_sdp(not flash)
        for length in (16, 128, 512):
            for name, dtype in FLOATS.items():
                q, k, v = (wide(key, (2, 4, length, 64), dtype, 2) for key in (1, 2, 3))
                say(f"attention {backend} {length} {name}", functional.scaled_dot_product_attention(q, k, v))


def main() -> None:
    warnings.simplefilter("ignore")
    warm_up(torch)
    if "medium" in sys.argv:
        torch.set_float32_matmul_precision("medium")
    for part in (products, convolutions, reductions, functions, others, attention):
        part()
    known = getattr(torch.ops.mkldnn, "_is_mkldnn_fp16_supported", None)
    print("onednn-fp16", "unknown" if known is None else known())


if __name__ == "__main__":
    main()
