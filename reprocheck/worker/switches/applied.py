"""Set switches in this process: those that need no environment variable before torch is loaded.

A setter that is torch's own attribute is named by its path; the others are functions. The new precision switches are
set through `torch._C`: in torch 2.13.0 the attribute `torch.backends.mkldnn.fp32_precision` sets the generic one.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from ..numeric_settings import ATTENTION_BACKENDS
from .table import SWITCHES

Setter = Callable[[Any, Any], None]
Accepted = Tuple[Any, ...]

YES_OR_NO: Accepted = (True, False)
ANY_COUNT: Accepted = ()  # a whole number from 1 on
PRECISIONS: Accepted = ("none", "ieee", "tf32", "bf16")
FLOATS: Accepted = ("float32", "float64", "bfloat16", "float16")


def apply(torch: Any, settings: Dict[str, Any]) -> None:
    """Set every switch of `settings`, by id, in the order of this table.

    Raises:
        ValueError: a switch is unknown, is set by environment variables alone, is not in this torch, or a value is not
            one that it takes.
    """
    for name in settings:
        if name not in SETTERS:
            raise ValueError(_why_not(name))
        _require(name, settings[name], SETTERS[name][0])
    for name, (_, setter) in SETTERS.items():
        if name in settings:
            _set(torch, name, setter, settings[name])


def _why_not(name: str) -> str:
    variables = next((switch.variables for switch in SWITCHES if switch.name == name), None)
    if variables is None:
        return "switch `{}` is unknown".format(name)
    by = "by `{}`, before Python starts".format(variables[0]) if variables else "by code of the run alone"
    return "switch `{}` is set {}".format(name, by)


def _require(name: str, value: Any, accepted: Accepted) -> None:
    """Refuse what the switch does not take; `True` is no count, though Python says it equals 1."""
    if accepted is ANY_COUNT:
        if type(value) is not int or value < 1:
            raise ValueError("switch `{}` takes a whole number from 1 on, not {!r}".format(name, value))
    elif accepted is ORDER:
        if not isinstance(value, (list, tuple)) or not value or not set(value) <= set(ATTENTION_BACKENDS):
            raise ValueError(
                "switch `{}` takes a list of {}, not {!r}".format(name, ", ".join(ATTENTION_BACKENDS), value)
            )
    elif not any(type(value) is type(one) and value == one for one in accepted):
        raise ValueError("switch `{}` takes {}, not {!r}".format(name, " or ".join(map(repr, accepted)), value))


def _set(torch: Any, name: str, setter: Setter, value: Any) -> None:
    try:
        setter(torch, value)
    except (AttributeError, AssertionError, RuntimeError) as error:
        # torch before 2.1 asserts where a later one has no such attribute.
        if isinstance(error, AttributeError) or "Unknown attribute" in str(error):
            raise ValueError("switch `{}` is not in this torch ({})".format(name, torch.__version__)) from error
        raise ValueError("switch `{}` cannot be set to {!r}: {}".format(name, value, error)) from error


def _at(path: str) -> Setter:
    """Return a setter of the attribute at a dotted path; one that is not there yet is not made."""

    def setter(torch: Any, value: Any) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            torch = getattr(torch, parent)
        getattr(torch, last)
        setattr(torch, last, value)

    return setter


def _by(path: str) -> Setter:
    """Return a setter that calls the function at a dotted path."""

    def setter(torch: Any, value: Any) -> None:
        for part in path.split("."):
            torch = getattr(torch, part)
        torch(value)

    return setter


def _precision(backend: str, operation: str) -> Setter:
    def setter(torch: Any, value: Any) -> None:
        torch._C._set_fp32_precision_setter(backend, operation, value)

    return setter


def _set_deterministic(torch: Any, value: bool) -> None:
    # `use_deterministic_algorithms` would load inductor, which takes seconds.
    torch.set_deterministic_debug_mode("error" if value else "default")


def _set_warn_only(torch: Any, value: bool) -> None:
    if torch.are_deterministic_algorithms_enabled():
        torch.set_deterministic_debug_mode("warn" if value else "error")
    elif value:
        raise RuntimeError("`deterministic-algorithms` is off")


def _set_order(torch: Any, value: Any) -> None:
    torch._C._set_sdp_priority_order([ATTENTION_BACKENDS.index(name) for name in value])


def _set_default_dtype(torch: Any, value: str) -> None:
    torch.set_default_dtype(getattr(torch, value))


ORDER: Accepted = ATTENTION_BACKENDS

# The old switches come before the new: setting an old one resets the new ones of its backend.
SETTERS: Dict[str, Tuple[Accepted, Setter]] = {
    "threads": (ANY_COUNT, _by("set_num_threads")),
    "flush-denormal": (YES_OR_NO, _by("set_flush_denormal")),
    "default-dtype": (FLOATS, _set_default_dtype),
    "deterministic-algorithms": (YES_OR_NO, _set_deterministic),
    "deterministic-warn-only": (YES_OR_NO, _set_warn_only),
    "fill-uninitialized-memory": (YES_OR_NO, _at("utils.deterministic.fill_uninitialized_memory")),
    "mkldnn-enabled": (YES_OR_NO, _by("_C._set_mkldnn_enabled")),
    "mkldnn-deterministic": (YES_OR_NO, _by("_C._set_mkldnn_deterministic")),
    "nnpack-enabled": (YES_OR_NO, _by("_C._set_nnpack_enabled")),
    "mha-fastpath": (YES_OR_NO, _by("backends.mha.set_fastpath_enabled")),
    "cudnn-enabled": (YES_OR_NO, _at("backends.cudnn.enabled")),
    "cudnn-benchmark": (YES_OR_NO, _at("backends.cudnn.benchmark")),
    "cudnn-deterministic": (YES_OR_NO, _at("backends.cudnn.deterministic")),
    "float32-matmul-precision": (("highest", "high", "medium"), _by("set_float32_matmul_precision")),
    "allow-tf32-cuda-matmul": (YES_OR_NO, _at("backends.cuda.matmul.allow_tf32")),
    "allow-tf32-cudnn": (YES_OR_NO, _at("backends.cudnn.allow_tf32")),
    "fp32-precision": (PRECISIONS, _precision("generic", "all")),
    "fp32-precision-cudnn": (PRECISIONS, _precision("cuda", "all")),
    "fp32-precision-cuda-matmul": (PRECISIONS, _precision("cuda", "matmul")),
    "fp32-precision-cudnn-conv": (PRECISIONS, _precision("cuda", "conv")),
    "fp32-precision-cudnn-rnn": (PRECISIONS, _precision("cuda", "rnn")),
    "fp32-precision-mkldnn": (PRECISIONS, _precision("mkldnn", "all")),
    "fp32-precision-mkldnn-matmul": (PRECISIONS, _precision("mkldnn", "matmul")),
    "fp32-precision-mkldnn-conv": (PRECISIONS, _precision("mkldnn", "conv")),
    "fp32-precision-mkldnn-rnn": (PRECISIONS, _precision("mkldnn", "rnn")),
    "fp16-reduced-precision-reduction": (
        YES_OR_NO,
        _at("backends.cuda.matmul.allow_fp16_reduced_precision_reduction"),
    ),
    "bf16-reduced-precision-reduction": (
        YES_OR_NO,
        _at("backends.cuda.matmul.allow_bf16_reduced_precision_reduction"),
    ),
    "fp16-accumulation": (YES_OR_NO, _at("backends.cuda.matmul.allow_fp16_accumulation")),
    "math-sdpa-in-half-precision": (YES_OR_NO, _by("backends.cuda.allow_fp16_bf16_reduction_math_sdp")),
    "sdpa-flash": (YES_OR_NO, _by("backends.cuda.enable_flash_sdp")),
    "sdpa-memory-efficient": (YES_OR_NO, _by("backends.cuda.enable_mem_efficient_sdp")),
    "sdpa-math": (YES_OR_NO, _by("backends.cuda.enable_math_sdp")),
    "sdpa-cudnn": (YES_OR_NO, _by("backends.cuda.enable_cudnn_sdp")),
    "sdpa-priority": (ORDER, _set_order),
}
