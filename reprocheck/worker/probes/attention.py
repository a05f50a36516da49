"""Scaled dot product attention: each backend by itself, and the one that torch chooses.

Short and long: kernels take blocks of 32 to 512 of queries and keys. Legend: B batch, H heads, L tokens, E width.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any, ContextManager, List, NamedTuple, Sequence

import torch
from torch.nn import functional

from .probe import CPU_AND_CUDA, CUDA_ONLY, Bench, Case, Probe, gradients, in_dtypes
from .tensor_float import allowed

FAMILY = "attention"
ALL, MAIN, HALVES = ("fp64", "fp32", "tf32", "bf16", "fp16"), ("fp32", "tf32", "bf16"), ("bf16", "fp16")
BATCH, HEADS, WIDTH = 2, 2, 32
SHORT, LONG = 48, 200
OLDER_FLAGS = {"flash": "enable_flash", "math": "enable_math", "efficient": "enable_mem_efficient"}
MATH = 0  # the number of that backend (torch/nn/attention, `SDPBackend`)
NAMES = {
    "flash": "FLASH_ATTENTION",
    "math": "MATH",
    "efficient": "EFFICIENT_ATTENTION",
    "cudnn": "CUDNN_ATTENTION",
}


class Attention(NamedTuple):
    """One way to call it."""

    backend: str
    tokens: int
    is_causal: bool = False
    is_backward: bool = False


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *_of("default-short", ALL, Attention("default", SHORT)),
        *_of("default-causal", MAIN, Attention("default", SHORT, is_causal=True)),
        *_of("default-long", ("fp32", "tf32", "bf16", "fp16"), Attention("default", LONG)),
        *_of("default-backward", ("fp32", "tf32", "bf16"), Attention("default", SHORT, is_backward=True)),
        *_of("math-short", ("fp64", *MAIN), Attention("math", SHORT)),
        *_of("math-backward", ("fp32", "tf32"), Attention("math", SHORT, is_backward=True)),
        *_of("flash-short", ("fp32", "bf16"), Attention("flash", SHORT), CPU_AND_CUDA),
        *_of("flash-long", HALVES, Attention("flash", LONG), CUDA_ONLY),
        *_of("flash-backward", HALVES, Attention("flash", SHORT, is_backward=True), CUDA_ONLY),
        *_of("efficient-short", (*MAIN, "fp16"), Attention("efficient", SHORT), CUDA_ONLY),
        *_of("efficient-backward", (*MAIN, "fp16"), Attention("efficient", SHORT, is_backward=True), CUDA_ONLY),
        *_of("cudnn-short", HALVES, Attention("cudnn", SHORT), CUDA_ONLY),
        *_of("cudnn-backward", HALVES, Attention("cudnn", SHORT, is_backward=True), CUDA_ONLY),
    ]


def _of(
    operation: str, dtypes: Sequence[str], attention: Attention, devices: Sequence[str] = CPU_AND_CUDA
) -> List[Probe]:
    return in_dtypes(FAMILY, operation, dtypes, functools.partial(_case, attention=attention), devices)


def _case(bench: Bench, attention: Attention) -> Case:
    shape = (BATCH, HEADS, attention.tokens, WIDTH)
    # Scores of a few units: some keys take most of the weight.
    query, key, value = (bench.leaf(name, *shape, spread=2, centre=-1) for name in ("query", "key", "value"))

    if attention.backend not in ("default", "math"):
        _require_choice(attention, query, key, value)

    def forward() -> torch.Tensor:
        with _backend(attention.backend):
            return functional.scaled_dot_product_attention(query, key, value, is_causal=attention.is_causal)

    if attention.is_backward:
        run = gradients(forward(), [query, key, value], bench.wide("gradient", *shape, spread=2, centre=-1))
        return Case(run=allowed(bench, run), scale=4.0)
    return Case(run=allowed(bench, torch.no_grad()(forward)), scale=2.0)


def _require_choice(attention: Attention, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> None:
    """Refuse a backend that torch does not take though no other is allowed: torch 2.0 has one alone on the CPU.

    Raises:
        NotImplementedError: it takes another one.
    """
    with _backend(attention.backend):
        chosen = torch._fused_sdp_choice(query, key, value, is_causal=attention.is_causal)
    if chosen == MATH:
        raise NotImplementedError("this torch has no {} attention here".format(attention.backend))


def _backend(name: str) -> ContextManager[Any]:
    """Return a context in which no other backend is taken."""
    if name == "default":
        return contextlib.nullcontext()
    try:
        from torch.nn.attention import SDPBackend, sdpa_kernel  # from torch 2.3 on
    except ImportError:
        if name not in OLDER_FLAGS:
            raise NotImplementedError("this torch has no {} attention".format(name)) from None
        flags = {flag: backend == name for backend, flag in OLDER_FLAGS.items()}
        older: ContextManager[Any] = torch.backends.cuda.sdp_kernel(**flags)
        return older
    backend = getattr(SDPBackend, NAMES[name], None)
    if backend is None:
        raise NotImplementedError("this torch has no {} attention".format(name))
    context: ContextManager[Any] = sdpa_kernel([backend])
    return context
