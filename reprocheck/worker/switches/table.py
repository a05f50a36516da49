"""Every switch that changes bits: how it is read in this process, torch's default, and the variables that govern it.

`facts/tables/switches.yaml` says what each of them does; a test holds that the names are the same. What torch
tells is read where `numeric_settings` reads it. A switch that nothing can be asked for is told by its variable.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping, NamedTuple, Tuple

from ..numeric_settings import SETTINGS, attention_order, denormals, parallel_threads
from ..readings import reading_at, unread
from . import python_side, run_side
from .mkl_calls import mkl_branch, mkl_dynamic
from .topology import is_a_default_thread_count

Environ = Mapping[str, str]
Reader = Callable[[Any, Environ], Any]

UNSET = "unset"


class Switch(NamedTuple):
    """One switch. `default` is a value, or says of a value whether torch itself comes to it.

    `variables` are in the order in which the libraries ask for them; `asks` turns the text of one into a value.
    """

    name: str
    read: Reader
    default: Any
    variables: Tuple[str, ...] = ()
    asks: Callable[[str], Any] = str


def any_value(_torch: Any, _value: Any) -> bool:
    """Say that torch may come to this value by itself: it depends on the machine or on the build."""
    return True


def is_one(text: str) -> bool:
    """Return what a variable that is on with `1` asks for."""
    return text == "1"


def is_not_off(text: str) -> bool:
    """Return what a variable asks for that is on unless it says otherwise."""
    return text.strip().lower() not in ("0", "false", "no", "off")


def count(text: str) -> Any:
    """Return the number that a variable asks for: OpenMP takes a list, one number a level of nesting."""
    first = text.split(",")[0].strip()
    return int(first) if first.isdecimal() else text


def loud(text: str) -> str:
    """Return the value of a variable whose letters may be of either case."""
    return text.strip().upper()


def _torch(path: str) -> Reader:
    return lambda torch, _environ: reading_at(torch, path)


def _setting(name: str) -> Reader:
    """Return the reader of one of the settings that every fingerprint tells, `group.key`."""
    return _torch(next(path for group, key, path in SETTINGS if name == "{}.{}".format(group, key)))


def _set(name: str, setting: str, default: Any, *variables: str) -> Switch:
    return Switch(name, _setting(setting), default, variables)


def _variable(name: str, *variables: str, default: Any = UNSET, asks: Callable[[str], Any] = str) -> Switch:
    """Return a switch that no function tells: its variable is all that can be known."""

    def read(_torch: Any, environ: Environ) -> Any:
        return next((asks(environ[variable]) for variable in variables if environ.get(variable)), default)

    return Switch(name, read, default, variables, asks)


def _capability(torch: Any, _environ: Environ) -> Any:
    """Return the kernels in use in the words of `ATEN_CPU_CAPABILITY`; torch before 2.1 tells them in its build."""
    told = reading_at(torch, "backends.cpu.get_cpu_capability()")
    if not isinstance(told, str):
        found = re.search(r"CPU capability usage: (.+)", str(reading_at(torch, "__config__.show()")))
        if not found:
            return unread("missing", "not told by this torch")
        told = found[1].strip()
    return "default" if told in ("NO AVX", "DEFAULT") else told.lower()


def _parallel(name: str) -> Reader:
    return lambda torch, _environ: parallel_threads(reading_at(torch, "__config__.parallel_info()"))[name]


def _flushes(torch: Any, _environ: Environ) -> bool:
    return denormals(torch) == "flushed"


def _attention_order(torch: Any, _environ: Environ) -> Any:
    return attention_order(reading_at(torch, "_C._get_sdp_priority_order()"))


_THREADS = (
    Switch(
        "threads",
        _setting("threads.intraOp"),
        is_a_default_thread_count,
        ("MKL_NUM_THREADS", "OMP_NUM_THREADS"),
        count,
    ),
    Switch("interop-threads", _setting("threads.interOp"), any_value),
    Switch("openmp-threads", _parallel("openmp"), any_value, ("OMP_NUM_THREADS",), count),
    Switch("mkl-threads", _parallel("mkl"), any_value, ("MKL_NUM_THREADS",), count),
    _variable("omp-num-threads", "OMP_NUM_THREADS", asks=count),
    _variable("mkl-num-threads", "MKL_NUM_THREADS", asks=count),
    Switch("mkl-dynamic", mkl_dynamic, True, ("MKL_DYNAMIC",), is_not_off),
)

_PROCESSOR = (
    Switch("aten-cpu-capability", _capability, any_value, ("ATEN_CPU_CAPABILITY",)),
    Switch("mkl-cbwr", mkl_branch, "OFF", ("MKL_CBWR",), loud),
    _variable("mkl-enable-instructions", "MKL_ENABLE_INSTRUCTIONS", asks=loud),
    _variable("mkl-debug-cpu-type", "MKL_DEBUG_CPU_TYPE"),
    _variable("onednn-max-cpu-isa", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", asks=loud),
    _variable(
        "onednn-fpmath",
        *("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
        default="STRICT",
        asks=loud,
    ),
    Switch("flush-denormal", _flushes, False),
)

_BACKENDS = (
    _set("mkldnn-enabled", "backends.mkldnnEnabled", True),
    _set("mkldnn-deterministic", "determinism.mkldnnDeterministic", False),
    _variable("mkldnn-matmul-min-dim", "TORCH_MKLDNN_MATMUL_MIN_DIM"),
    _variable("mkldnn-matmul-min-size", "TORCH_MKLDNN_MATMUL_MIN_SIZE"),
    Switch("nnpack-enabled", _torch("_C._get_nnpack_enabled()"), True),
    _set("mha-fastpath", "backends.mhaFastpath", True),
    Switch("opt-einsum", python_side.opt_einsum("enabled"), python_side.is_opt_einsum_available),
    Switch("opt-einsum-strategy", python_side.opt_einsum("strategy"), python_side.is_first_strategy),
    _set("quantized-engine", "backends.quantizedEngine", any_value),
    _set("python-native-kernels", "backends.pythonNativeKernels", any_value),
    _variable("linear-flatten-3d", "TORCH_LINEAR_FLATTEN_3D"),
    Switch(
        "preferred-blas",
        _setting("backends.preferredBlas"),
        "Cublas",
        ("TORCH_BLAS_PREFER_CUBLASLT",),
        lambda text: "Cublaslt" if is_one(text) else "Cublas",
    ),
    Switch(
        "preferred-linalg",
        _setting("backends.preferredLinalg"),
        "Default",
        ("TORCH_LINALG_PREFER_CUSOLVER",),
        lambda text: "Cusolver" if is_one(text) else "Default",
    ),
)

_PRECISION = (
    _set("default-dtype", "precision.defaultDtype", "float32"),
    Switch(
        "float32-matmul-precision",
        _setting("precision.float32MatmulPrecision"),
        "highest",
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",),
        lambda text: "high" if is_one(text) else "highest",
    ),
    _set("fp32-precision", "precision.fp32Generic", "none"),
    Switch(
        "fp32-precision-cuda-matmul",
        _setting("precision.fp32CudaMatmul"),
        "none",
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",),
        lambda text: "tf32" if is_one(text) else "none",
    ),
    _set("fp32-precision-cudnn", "precision.fp32Cudnn", "none"),
    _set("fp32-precision-cudnn-conv", "precision.fp32CudnnConv", "tf32"),
    _set("fp32-precision-cudnn-rnn", "precision.fp32CudnnRnn", "tf32"),
    _set("fp32-precision-mkldnn", "precision.fp32Mkldnn", "none"),
    _set("fp32-precision-mkldnn-matmul", "precision.fp32MkldnnMatmul", "none"),
    _set("fp32-precision-mkldnn-conv", "precision.fp32MkldnnConv", "none"),
    _set("fp32-precision-mkldnn-rnn", "precision.fp32MkldnnRnn", "none"),
    Switch(
        "allow-tf32-cuda-matmul",
        _setting("precision.allowTf32CudaMatmul"),
        False,
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",),
        is_one,
    ),
    _set("allow-tf32-cudnn", "precision.allowTf32Cudnn", True),
    _variable("nvidia-tf32-override", "NVIDIA_TF32_OVERRIDE"),
    _set("fp16-reduced-precision-reduction", "precision.fp16ReducedPrecisionReduction", True),
    _set("bf16-reduced-precision-reduction", "precision.bf16ReducedPrecisionReduction", True),
    Switch(
        "fp16-reduced-precision-split-k",
        _torch("backends.cuda.matmul.allow_fp16_reduced_precision_reduction_split_k"),
        True,
    ),
    Switch(
        "bf16-reduced-precision-split-k",
        _torch("backends.cuda.matmul.allow_bf16_reduced_precision_reduction_split_k"),
        True,
    ),
    _set("fp16-accumulation", "precision.fp16Accumulation", False),
    _set("math-sdpa-in-half-precision", "attention.mathInHalfPrecision", False),
)

_CUDA = (
    _variable("cublas-workspace", "CUBLAS_WORKSPACE_CONFIG"),
    _variable("cublaslt-workspace", "CUBLASLT_WORKSPACE_SIZE"),
    _set("cudnn-enabled", "backends.cudnnEnabled", True),
    _set("cudnn-benchmark", "determinism.cudnnBenchmark", False),
    _set("cudnn-deterministic", "determinism.cudnnDeterministic", False),
    Switch(
        "cudnn-benchmark-limit", _setting("determinism.cudnnBenchmarkLimit"), lambda _torch, value: value in (10, UNSET)
    ),
    _variable("cudnn-heuristic-mode-b", "TORCH_CUDNN_USE_HEURISTIC_MODE_B"),
    _set("sdpa-flash", "attention.flash", True),
    _set("sdpa-memory-efficient", "attention.memoryEfficient", True),
    _set("sdpa-math", "attention.math", True),
    _set("sdpa-cudnn", "attention.cudnn", True),
    Switch("sdpa-priority", _attention_order, any_value),
)

_DETERMINISM = (
    _set("deterministic-algorithms", "determinism.algorithms", False),
    _set("deterministic-warn-only", "determinism.warnOnly", False),
    _set("fill-uninitialized-memory", "determinism.fillUninitializedMemory", True),
    Switch("python-hash-seed", python_side.hash_seed, "random", ("PYTHONHASHSEED",)),
)

_COMPILER = tuple(
    Switch(name, python_side.inductor(option, variable), False, (variable,), is_one)
    for name, option, variable in (
        ("inductor-deterministic", "deterministic", "TORCHINDUCTOR_DETERMINISTIC"),
        ("inductor-batch-invariant", "batch_invariant", "TORCHINDUCTOR_BATCH_INVARIANT"),
        ("inductor-emulate-precision-casts", "emulate_precision_casts", "TORCHINDUCTOR_EMULATE_PRECISION_CASTS"),
        ("inductor-emulate-division-rounding", "emulate_division_rounding", "TORCHINDUCTOR_EMULATE_DIVISION_ROUNDING"),
        ("inductor-max-autotune", "max_autotune", "TORCHINDUCTOR_MAX_AUTOTUNE"),
    )
)

_DISTRIBUTED = (
    _variable("nccl-algo", "NCCL_ALGO"),
    _variable("nccl-proto", "NCCL_PROTO"),
    _variable("nccl-nvls", "NCCL_NVLS_ENABLE"),
    _variable("nccl-collnet", "NCCL_COLLNET_ENABLE"),
    _variable("nccl-max-channels", "NCCL_MAX_NCHANNELS", "NCCL_MAX_CTAS", asks=count),
    _variable("nccl-min-channels", "NCCL_MIN_NCHANNELS", "NCCL_MIN_CTAS", asks=count),
    Switch("nccl-version", run_side.nccl_version, any_value),
    Switch("ddp-bucket-cap-mb", run_side.ddp_argument("bucket_cap_mb", 25), any_value),
    Switch("ddp-first-bucket-bytes", _torch("distributed._DEFAULT_FIRST_BUCKET_BYTES"), any_value),
    Switch("ddp-find-unused-parameters", run_side.ddp_argument("find_unused_parameters"), any_value),
    Switch("ddp-static-graph", run_side.ddp_argument("static_graph"), any_value),
    Switch("ddp-gradient-as-bucket-view", run_side.ddp_argument("gradient_as_bucket_view"), any_value),
    Switch("loader-workers", run_side.loader_argument("num_workers"), any_value),
    Switch("loader-generator", run_side.loader_argument("generator"), any_value),
    Switch("loader-worker-init", run_side.loader_argument("worker_init_fn"), any_value),
)

SWITCHES: Tuple[Switch, ...] = (
    *_THREADS,
    *_PROCESSOR,
    *_BACKENDS,
    *_PRECISION,
    *_CUDA,
    *_DETERMINISM,
    *_COMPILER,
    *_DISTRIBUTED,
)
