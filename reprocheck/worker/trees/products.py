"""What happens to products before they are added: inputs cut, products rounded, or fused with the addition.

Legend: Q questions, N summands, C columns.
"""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

import torch

from ..inputs import SIGNIFICAND_BITS
from .recovery import UnrecoveredError
from .summation import Questions, half_precision
from .tree import Tree


class Products(NamedTuple):
    """How products are made; a sum of plain numbers has none of it.

    Inputs keep `input_bits` of the significand, rounded to nearest or cut off. `fused[i]` tells that the product of
    leaf i is added as it is, False that it is rounded to the type of the inputs before; () stands for all.
    """

    input_bits: int
    is_cut: bool = False
    fused: Tuple[bool, ...] = ()


def products_of(questions: Questions, tree: Tree) -> Products:
    """Ask how the products are made; of numbers without products, all bits are kept.

    Raises:
        UnrecoveredError: a product comes out as none of both, rounded or unrounded.
    """
    bits = SIGNIFICAND_BITS[questions.dtype]
    if not questions.summation.columns:
        return Products(bits)
    kept = _input_bits(questions, bits)
    if kept < bits:
        return Products(kept, _is_cut(questions, kept))
    return Products(bits, False, _fused(questions, tree))


def _alone(questions: Questions, values: List[float]) -> torch.Tensor:
    """Return what comes out of each value, alone at the first place and multiplied by one."""
    left_QN = torch.zeros(len(values), questions.summation.size, dtype=questions.dtype)
    left_QN[:, 0] = torch.tensor(values, dtype=questions.dtype)
    return questions.answers(left_QN, questions.full(1.0)).to(torch.float64)


def _input_bits(questions: Questions, bits: int) -> int:
    """Return how many bits of the significand are kept: 1 + 2^-k comes out as something above 1 up to the last."""
    out_Q = _alone(questions, [1.0 + 2.0**-k for k in range(1, bits)])
    return 1 + int((out_Q > 1.0).sum())


def _is_cut(questions: Questions, kept: int) -> bool:
    """Say whether three quarters of the last kept place are cut off; rounded to nearest they are one whole."""
    return bool(_alone(questions, [1.0 + 0.75 * 2.0 ** (1 - kept)])[0] == 1.0)


def _fused(questions: Questions, tree: Tree) -> Tuple[bool, ...]:
    """Ask of every leaf whether (1 + h)^2 is rounded before it is added to a sum that holds -(1 + h).

    h^2 is below the last place of (1 + h)^2: 2h + h^2 - h comes out where it is fused, h where it was rounded.
    """
    h = half_precision(questions.dtype)
    partners = partners_of(tree)
    leaves = [leaf for leaf, partner in enumerate(partners) if partner >= 0]
    if not leaves:
        return ()
    left_QN = questions.two_products([(partners[leaf], leaf) for leaf in leaves])
    out_Q = questions.answers(left_QN, questions.full(1.0 + h)).to(torch.float64)
    if not bool(((out_Q == h) | (out_Q == h + h * h)).all()):
        raise UnrecoveredError("a product is neither rounded nor fused with the addition")
    fused = [True] * len(partners)  # adders of more than two take products as they are
    for leaf, out in zip(leaves, out_Q.tolist()):
        fused[leaf] = out != h
    return tuple(fused)


def partners_of(tree: Tree) -> List[int]:
    """Return for every leaf one of the sum that it is added to, -1 where more than two are added at once."""
    leaf_of = {place: leaf for leaf, place in enumerate(tree.places)}
    first = tree.outline.first
    partners = [-1] * len(tree.places)
    for children in tree.nodes:
        if len(children) == 2:
            for child, other in (children, children[::-1]):
                if child < len(partners):
                    partners[child] = leaf_of[first[other]]
    return partners
