"""From the name of an NVIDIA GPU to its compute capability.

Source: NVIDIA "CUDA GPU Compute Capability"; the table names its sources row by row.
"""

from __future__ import annotations

import re

from reprocheck.facts.tables import rows_of, text

_SM = re.compile(r"^(?:sm|compute)_?(?P<major>\d{1,2})(?P<minor>\d)[af]?$")
_BRAND = re.compile(r"\b(?:nvidia|geforce|tesla|generation|gpu)\b")
_VARIANT = re.compile(r"(?<=\d)(?: ti| super)+$")  # the same chip family as the plain model
_FORM = re.compile(r"-?\b(?:pcie|sxm\d?|nvl|hbm\d\w?|\d+gb|laptop|max-q)\b")


def compute_capability_of(name: str) -> str | None:
    """Return `7.0` for `sm_70`, `compute_70`, `7.0`, `V100` or `Tesla V100-SXM2-16GB`; None for an unknown name."""
    wanted = name.strip().lower()
    found = _SM.match(wanted)
    written = f"{found['major']}.{found['minor']}" if found else wanted
    if written in _capabilities():
        return written
    bare, products = _bare(wanted), _products()
    return products.get(bare) or products.get(_VARIANT.sub("", bare))


def gpu_names() -> list[str]:
    """Return every name that is understood, sorted: `sm_90` and the products."""
    products = {name for row in rows_of("gpu_arch", "architectures") for name in row["products"]}
    return sorted(products | {f"sm_{capability.replace('.', '')}" for capability in _capabilities()})


def _capabilities() -> frozenset[str]:
    return frozenset(text(row, "cc") for row in rows_of("gpu_arch", "architectures"))


def _products() -> dict[str, str]:
    rows = rows_of("gpu_arch", "architectures")
    return {_bare(name.lower()): text(row, "cc") for row in rows for name in row["products"]}


def _bare(name: str) -> str:
    """Return a product name without brand, form factor and memory size, so that `nvidia-smi` and people agree."""
    return " ".join(_FORM.sub(" ", _BRAND.sub(" ", name)).replace("-", " ").split())
