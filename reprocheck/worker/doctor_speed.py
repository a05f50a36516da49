"""How fast a GPU multiplies matrices in a precision, against fp32: what the switch of mixed precision really brings.

Rounds of both are interleaved, so that clocks and neighbours strike both alike, and medians are told.
Legend: N rows and columns.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, Callable, Dict, List

from .readings import reading, unread

SIDES = (2048, 4096)
FAST_NS = 2_500_000  # a product of the smaller side below that is nearly all launching
BUDGET_S = 0.4
FEWEST_ROUNDS = 3
MOST_ROUNDS = 15
REPEATS = 2

Product = Callable[[], Any]


def speed_against_fp32(torch: Any, kind: str) -> Dict[str, Any]:
    """Return the median times of one product in fp32 and in `kind`, in nanoseconds."""
    if kind == "fp8" and not (hasattr(torch, "float8_e4m3fn") and hasattr(torch, "_scaled_mm")):
        return unread("missing", "this torch has no fp8 product")
    before = torch.get_float32_matmul_precision()
    try:
        side = _side(torch)
        plain, tried = _product(torch, "fp32", side), _product(torch, kind, side)
        times = _rounds(torch, plain, kind, tried)
    finally:
        torch.set_float32_matmul_precision(before)
    claims = {"claimed": reading(torch.cuda.is_bf16_supported)} if kind == "bf16" else {}
    return {"side": side, "fp32Ns": times["fp32"], "ns": times[kind], "rounds": times["rounds"], **claims}


def _side(torch: Any) -> int:
    """Return a size that keeps the GPU busy, and a slow one not for long."""
    product = _product(torch, "fp32", SIDES[0])
    _time_ns(torch, "fp32", product)  # the first call loads cuBLAS
    return SIDES[_time_ns(torch, "fp32", product) < FAST_NS]


def _rounds(torch: Any, plain: Product, kind: str, tried: Product) -> Dict[str, int]:
    times: Dict[str, List[int]] = {"fp32": [], kind: []}
    _time_ns(torch, kind, tried)
    end_s = time.monotonic() + BUDGET_S
    while len(times[kind]) < FEWEST_ROUNDS or (time.monotonic() < end_s and len(times[kind]) < MOST_ROUNDS):
        times["fp32"].append(_time_ns(torch, "fp32", plain))
        times[kind].append(_time_ns(torch, kind, tried))
    medians = {name: int(statistics.median(values)) for name, values in times.items()}
    return {**medians, "rounds": len(times[kind])}


def _time_ns(torch: Any, kind: str, product: Product) -> int:
    # `high` lets cuBLAS take TF32 for fp32 products, `highest` forbids it.
    torch.set_float32_matmul_precision("high" if kind == "tf32" else "highest")
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(REPEATS):
        product()
    end.record()
    end.synchronize()
    return int(start.elapsed_time(end) * 1e6 / REPEATS)


def _product(torch: Any, kind: str, side: int) -> Product:
    values_NN = torch.rand(side, side, device=torch.device("cuda"))
    if kind == "fp8":
        return _product_in_fp8(torch, values_NN)
    types = {"fp16": torch.float16, "bf16": torch.bfloat16}
    operand_NN = values_NN.to(types.get(kind, torch.float32))
    return lambda: operand_NN @ operand_NN


def _product_in_fp8(torch: Any, values_NN: Any) -> Product:
    """Return the product by the function behind every fp8 layer; the second operand has to lie column by column."""
    operand_NN = values_NN.to(torch.float8_e4m3fn)
    scale = torch.ones((), device=values_NN.device)
    return lambda: torch._scaled_mm(operand_NN, operand_NN.t(), scale_a=scale, scale_b=scale, out_dtype=torch.bfloat16)
