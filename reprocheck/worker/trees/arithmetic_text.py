"""What a replay needs beside the tree, as canonical text: `; fma`, `; in fp64`, `; inputs rounded to 8 bits`.

    arithmetic := ("; " part)*
    part       := ("fma" | "products exact") [" but for " places] | "products rounded" | "in " type
                | "inputs " ("cut" | "rounded") " to " digits " bits" | "at once rounded" | "at once cut at +" digits
                | digits " of " digits (" rows" | " columns") " are computed otherwise"

`fma` says which products are fused with their addition: every one that is added to a sum, and of two products that are
added to each other the later. Empty where the accumulator holds all products whole and has the type of the result.
"""

from __future__ import annotations

from typing import List

import torch

from ..inputs import SIGNIFICAND_BITS
from .replay import Arithmetic, are_exact
from .text import places_text
from .tree import Tree
from .wide_adders import EXACT

NAMES = {torch.float64: "fp64", torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


def arithmetic_parts(tree: Tree, arithmetic: Arithmetic, dtype: torch.dtype) -> List[str]:
    """Return the parts in their order."""
    products = arithmetic.products
    parts = _fused_parts(tree, arithmetic) if products.fused else []
    if arithmetic.accumulator != dtype:
        parts.append("in " + NAMES[arithmetic.accumulator])
    if products.input_bits < SIGNIFICAND_BITS[dtype]:
        parts.append("inputs {} to {} bits".format("cut" if products.is_cut else "rounded", products.input_bits))
    if any(len(children) > 2 for children in tree.nodes):
        extra = arithmetic.extra_places
        parts.append("at once rounded" if extra == EXACT else "at once cut at +{}".format(extra))
    return parts


def _fused_parts(tree: Tree, arithmetic: Arithmetic) -> List[str]:
    fused = arithmetic.products.fused
    if not any(fused):
        return ["products rounded"]
    is_exact = are_exact(arithmetic)
    usual = [True] * len(fused) if is_exact or all(fused) else usually_fused(tree)
    odd = [place for place, is_fused, is_usual in zip(tree.places, fused, usual) if is_fused != is_usual]
    if not odd and is_exact:
        return []
    kind = "products exact" if is_exact or all(fused) else "fma"
    return ["{} but for {}".format(kind, places_text(odd)) if odd else kind]


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


def spoken(part: str) -> str:
    """Return a part in words for people."""
    if part.startswith("fma"):
        return "fused multiply-add" + part[len("fma") :]
    return "accumulated " + part if part.startswith("in ") else part
