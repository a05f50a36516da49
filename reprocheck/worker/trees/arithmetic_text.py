"""What a replay needs beside the tree, as canonical text: `; fma`, `; in fp64`, `; inputs rounded to 8 bits`.

    arithmetic := ("; " part)*
    part       := "fma" | "fma but for " places | "products rounded" | "products exact" | "in " type
                | "inputs " ("cut" | "rounded") " to " digits " bits" | "at once rounded" | "at once cut at +" digits

`fma` says which products are fused with their addition: every one that is added to a sum, and of two products that are
added to each other the later. Empty where all products are exact and sums are kept in the type of the result.
"""

from __future__ import annotations

from typing import List

import torch

from ..inputs import SIGNIFICAND_BITS
from .replay import Arithmetic
from .text import places_text
from .tree import Tree
from .wide_adders import EXACT

NAMES = {torch.float64: "fp64", torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


def arithmetic_parts(tree: Tree, arithmetic: Arithmetic, dtype: torch.dtype) -> List[str]:
    """Return the parts in their order."""
    products = arithmetic.products
    parts = _fused_parts(tree, list(products.fused)) if products.fused else []
    if arithmetic.accumulator != dtype:
        parts.append("in " + NAMES[arithmetic.accumulator])
    if products.input_bits < SIGNIFICAND_BITS[dtype]:
        parts.append("inputs {} to {} bits".format("cut" if products.is_cut else "rounded", products.input_bits))
    if any(len(children) > 2 for children in tree.nodes):
        extra = arithmetic.extra_places
        parts.append("at once rounded" if extra == EXACT else "at once cut at +{}".format(extra))
    return parts


def _fused_parts(tree: Tree, fused: List[bool]) -> List[str]:
    if all(fused):
        return ["products exact"]
    if not any(fused):
        return ["products rounded"]
    usual = usually_fused(tree)
    odd = [place for place, is_fused, is_usual in zip(tree.places, fused, usual) if is_fused != is_usual]
    return ["fma but for " + places_text(odd)] if odd else ["fma"]


def usually_fused(tree: Tree) -> List[bool]:
    """Return for every leaf whether a chain that starts with a rounded product fuses its product."""
    count = len(tree.places)
    fused = [False] * count
    for children in tree.nodes:
        if len(children) == 2:
            one, other = children
            for child, is_fused in ((one, other >= count), (other, True)):
                if child < count:
                    fused[child] = is_fused
    return fused
