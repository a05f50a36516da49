"""The settings in force that decide bits, each read on its own: one getter that raises must not hide the others.

In torch 2.9 and later, mixing the old and the new TF32 switches makes getters raise; in 2.13.0
`torch.backends.mkldnn.fp32_precision = x` sets the generic precision. What is in force is what is asked here,
after torch is loaded; environment variables alone do not tell (`OMP_NUM_THREADS=8` may give 2 threads).
"""

from __future__ import annotations

import re
from typing import Any, Dict

from .readings import reading, reading_at, unread

# Group, key, where torch tells it; `()` at the end means a call.
SETTINGS = (
    ("precision", "float32MatmulPrecision", "get_float32_matmul_precision()"),
    ("precision", "fp32Generic", "backends.fp32_precision"),
    ("precision", "fp32CudaMatmul", "backends.cuda.matmul.fp32_precision"),
    ("precision", "fp32Cudnn", "backends.cudnn.fp32_precision"),
    ("precision", "fp32CudnnConv", "backends.cudnn.conv.fp32_precision"),
    ("precision", "fp32CudnnRnn", "backends.cudnn.rnn.fp32_precision"),
    ("precision", "fp32Mkldnn", "backends.mkldnn.fp32_precision"),
    ("precision", "fp32MkldnnMatmul", "backends.mkldnn.matmul.fp32_precision"),
    ("precision", "fp32MkldnnConv", "backends.mkldnn.conv.fp32_precision"),
    ("precision", "fp32MkldnnRnn", "backends.mkldnn.rnn.fp32_precision"),
    ("precision", "allowTf32CudaMatmul", "backends.cuda.matmul.allow_tf32"),
    ("precision", "allowTf32Cudnn", "backends.cudnn.allow_tf32"),
    ("precision", "fp16ReducedPrecisionReduction", "backends.cuda.matmul.allow_fp16_reduced_precision_reduction"),
    ("precision", "bf16ReducedPrecisionReduction", "backends.cuda.matmul.allow_bf16_reduced_precision_reduction"),
    ("precision", "fp16Accumulation", "backends.cuda.matmul.allow_fp16_accumulation"),
    ("precision", "defaultDtype", "get_default_dtype()"),
    ("determinism", "algorithms", "are_deterministic_algorithms_enabled()"),
    ("determinism", "warnOnly", "is_deterministic_algorithms_warn_only_enabled()"),
    ("determinism", "fillUninitializedMemory", "utils.deterministic.fill_uninitialized_memory"),
    ("determinism", "cudnnDeterministic", "backends.cudnn.deterministic"),
    ("determinism", "cudnnBenchmark", "backends.cudnn.benchmark"),
    ("determinism", "cudnnBenchmarkLimit", "backends.cudnn.benchmark_limit"),
    ("determinism", "mkldnnDeterministic", "backends.mkldnn.deterministic"),
    ("backends", "cudnnEnabled", "backends.cudnn.enabled"),
    ("backends", "mkldnnEnabled", "backends.mkldnn.enabled"),
    ("backends", "mhaFastpath", "backends.mha.get_fastpath_enabled()"),
    ("backends", "optEinsum", "backends.opt_einsum.enabled"),
    ("backends", "optEinsumStrategy", "backends.opt_einsum.strategy"),
    ("backends", "preferredBlas", "backends.cuda.preferred_blas_library()"),
    ("backends", "preferredLinalg", "backends.cuda.preferred_linalg_library()"),
    ("backends", "quantizedEngine", "backends.quantized.engine"),
    ("backends", "pythonNativeKernels", "backends.python_native.available_dsls"),
    ("attention", "flash", "backends.cuda.flash_sdp_enabled()"),
    ("attention", "memoryEfficient", "backends.cuda.mem_efficient_sdp_enabled()"),
    ("attention", "math", "backends.cuda.math_sdp_enabled()"),
    ("attention", "cudnn", "backends.cuda.cudnn_sdp_enabled()"),
    ("attention", "mathInHalfPrecision", "backends.cuda.fp16_bf16_reduction_math_sdp_allowed()"),
    ("cpu", "capability", "backends.cpu.get_cpu_capability()"),
    ("cpu", "bf16Matmul", "ops.mkldnn._is_mkldnn_bf16_supported()"),
    ("cpu", "fp16Matmul", "ops.mkldnn._is_mkldnn_fp16_supported()"),
    ("devices", "cuda", "cuda.is_available()"),
    ("devices", "cudaCount", "cuda.device_count()"),
    ("devices", "mps", "backends.mps.is_available()"),
    ("devices", "xpu", "xpu.is_available()"),
    ("threads", "intraOp", "get_num_threads()"),
    ("threads", "interOp", "get_num_interop_threads()"),
)
AUTOCAST_DEVICES = ("cpu", "cuda")
ATTENTION_BACKENDS = ("math", "flash", "memoryEfficient", "cudnn", "overrideable")  # as torch numbers them

# The lines of `torch.__config__.parallel_info()`.
THREAD_PATTERNS = {
    "openmp": r"omp_get_max_threads\(\) : (\d+)",
    "mkl": r"mkl_get_max_threads\(\) : (\d+)",
}
_BACKEND = re.compile(r"ATen parallel backend: (.+)")


def numeric_settings(torch: Any) -> Dict[str, Any]:
    """Return the settings by group: precision, determinism, backends, attention, amp, cpu, devices, threads."""
    groups: Dict[str, Dict[str, Any]] = {}
    for group, key, path in SETTINGS:
        groups.setdefault(group, {})[key] = reading_at(torch, path)
    groups["attention"]["priority"] = attention_order(reading_at(torch, "_C._get_sdp_priority_order()"))
    groups["cpu"]["denormals"] = reading(lambda: denormals(torch))
    groups["amp"] = {device: autocast_dtype(torch, device) for device in AUTOCAST_DEVICES}
    groups["threads"].update(parallel_threads(reading_at(torch, "__config__.parallel_info()")))
    return groups


def attention_order(order: Any) -> Any:
    """Return the names of the attention backends in the order in which torch tries them."""
    names = dict(enumerate(ATTENTION_BACKENDS))
    return [names.get(index, str(index)) for index in order] if isinstance(order, list) else order


def denormals(torch: Any) -> str:
    """Return `kept` or `flushed`: torch has no getter, so 2^-130 (below float32's 2^-126) is multiplied by one."""
    tiny = torch.full((8,), 2.0**-130, dtype=torch.float32)
    product = tiny * torch.ones(8)
    return "flushed" if float(product.sum()) == 0.0 else "kept"


def autocast_dtype(torch: Any, device: str) -> Any:
    """Return the type that autocast casts to on `device`; torch before 2.4 tells it by another name."""
    if hasattr(torch, "get_autocast_dtype"):
        return reading(lambda: torch.get_autocast_dtype(device))
    return reading_at(torch, {"cpu": "get_autocast_cpu_dtype()", "cuda": "get_autocast_gpu_dtype()"}[device])


def parallel_threads(info: Any) -> Dict[str, Any]:
    """Return the threads of OpenMP and MKL, and the kind of pool, from `torch.__config__.parallel_info()`."""
    text = info if isinstance(info, str) else ""
    found = {name: re.search(pattern, text) for name, pattern in THREAD_PATTERNS.items()}
    counts = {name: int(match[1]) if match else unread("missing", "not in this build") for name, match in found.items()}
    backend = _BACKEND.search(text)
    return {**counts, "backend": backend[1].strip() if backend else unread("missing", "not told by this torch")}
