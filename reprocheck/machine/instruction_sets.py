"""Which instruction sets decide bits: the ones by which ATen, MKL, oneDNN, OpenBLAS and ACL choose a kernel."""

from __future__ import annotations

from collections.abc import Iterable

NUMERIC_NAMES = frozenset(
    {
        *("sse4_1", "sse4_2", "fma", "fma4", "f16c"),
        *("neon", "asimd", "asimdhp", "asimdfhm", "asimddp", "fphp", "fcma", "bf16", "i8mm", "dotprod", "fp16"),
        *("sme", "sme2", "sme2p1", "vsx", "altivec", "rvv"),
    }
)
NUMERIC_PREFIXES = ("avx", "amx", "sve")


def numeric_features(names: Iterable[str]) -> list[str]:
    """Return the names, as Linux spells them, that decide which kernel computes; sorted."""
    return sorted({name for name in names if name in NUMERIC_NAMES or name.startswith(NUMERIC_PREFIXES)})
