"""The first values of a probe as decimal numbers, from their bits."""

from __future__ import annotations

from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.ulp import FORMATS, FloatFormat, float_of

DIGITS = {64: 17, 32: 9, 16: 5}  # so many tell two neighbours apart (IEEE 754-2019, 5.12.2)
_OF_WIDTH = {64: FORMATS["torch.float64"], 32: FORMATS["torch.float32"]}


def decimal_values(probe: Probe) -> tuple[str, ...]:
    """Return the first values as numbers; empty where the bits are of no format that is known here."""
    return tuple(filter(None, (_decimal(bits, probe.dtype) for bits in probe.first)))


def _decimal(bits: str, dtype: str) -> str:
    width = 4 * len(bits)
    if dtype == "int64" and width == 64:
        return str(int.from_bytes(bytes.fromhex(bits), "big", signed=True))
    form = _format(width, dtype)
    return format(float_of(int(bits, 16), form), f".{DIGITS[width]}g") if form else ""


def _format(width: int, dtype: str) -> FloatFormat | None:
    """Return the format of an output, which may be wider than the probe's dtype: sums of bfloat16 may be float32."""
    if width == 16:
        return {"bf16": FORMATS["torch.bfloat16"], "fp16": FORMATS["torch.float16"]}.get(dtype)
    return _OF_WIDTH.get(width) if dtype != "int64" else None
