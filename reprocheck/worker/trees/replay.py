"""Evaluate a summation tree in software, one rounding an addition, for many lanes at once.

Nodes of one depth are evaluated together. Legend: N leaves, L lanes, V values (leaves and nodes).
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from ..inputs import SIGNIFICAND_BITS
from .exact_steps import exact_product, fused_multiply_add
from .products import Products
from .tree import Tree
from .wide_adders import EXACT, added_at_once, exponent_of


class Arithmetic(NamedTuple):
    """The type of the sums, how products are made, and how many places an adder of many keeps below fp32's last."""

    accumulator: torch.dtype
    products: Products
    extra_places: int = EXACT


class Step(NamedTuple):
    """Nodes of one depth and kind: `numbers[i]` adds `children[i]`, a fused leaf first."""

    kind: str
    numbers: List[int]
    children: List[Tuple[int, ...]]


def evaluate(
    tree: Tree, arithmetic: Arithmetic, left_NL: torch.Tensor, right_NL: Optional[torch.Tensor]
) -> torch.Tensor:
    """Return the sums (L) in the type of the accumulator; summands are `left_NL`, or its products with `right_NL`."""
    lanes = _Lanes(arithmetic, left_NL, right_NL, tree)
    for step in _steps(tree, _fused_leaves(arithmetic)):
        lanes.take(step)
    return lanes.values_VL[tree.root]


def _fused_leaves(arithmetic: Arithmetic) -> Sequence[bool]:
    return () if are_exact(arithmetic) else arithmetic.products.fused


def are_exact(arithmetic: Arithmetic) -> bool:
    """Say whether the accumulator holds every product whole, so that nothing is to be fused."""
    return 2 * arithmetic.products.input_bits <= SIGNIFICAND_BITS[arithmetic.accumulator]


def _steps(tree: Tree, fused: Sequence[bool]) -> List[Step]:
    depths = tree.outline.depths
    leaves = len(tree.places)
    steps: Dict[Tuple[int, str, int], Step] = {}
    for number, children in enumerate(tree.nodes, leaves):
        # The higher of two leaves is the one that is fused with the product of the other.
        chosen = [child for child in reversed(children) if child < leaves and fused and fused[child]]
        kind = "wide" if len(children) > 2 else "fused" if chosen else "plain"
        if kind == "fused":
            children = (chosen[0], *(child for child in children if child != chosen[0]))
        step = steps.setdefault((depths[number], kind, len(children)), Step(kind, [], []))
        step.numbers.append(number)
        step.children.append(children)
    return [step for _, step in sorted(steps.items())]


class _Lanes:
    """The values of all leaves and nodes, lane by lane."""

    def __init__(
        self, arithmetic: Arithmetic, left_NL: torch.Tensor, right_NL: Optional[torch.Tensor], tree: Tree
    ) -> None:
        dtype = left_NL.dtype
        self._arithmetic = arithmetic
        self._leaves = len(tree.places)
        self._left_NL = _kept(left_NL.to(torch.float64), arithmetic.products)
        self._right_NL = torch.ones(1, 1, dtype=torch.float64)
        self._high_NL, self._low_NL = self._left_NL, self._left_NL
        if right_NL is not None:
            self._right_NL = _kept(right_NL.to(torch.float64), arithmetic.products)
            self._high_NL = self._left_NL * self._right_NL
            if arithmetic.accumulator == torch.float64:  # products of narrower types are exact in float64
                _, self._low_NL = exact_product(self._left_NL, self._right_NL)
        self.values_VL = torch.empty(tree.root + 1, left_NL.shape[1], dtype=arithmetic.accumulator)
        if right_NL is not None and arithmetic.products.fused:
            is_fused_N = torch.tensor(arithmetic.products.fused).view(-1, 1)
            self._high_NL = torch.where(is_fused_N, self._high_NL, self._high_NL.to(dtype).to(torch.float64))
            self._low_NL = torch.where(is_fused_N, self._low_NL, torch.zeros_like(self._low_NL))
        self.values_VL[: self._leaves] = self._high_NL.to(arithmetic.accumulator)

    def take(self, step: Step) -> None:
        """Evaluate the nodes of a step."""
        columns = list(zip(*step.children))
        if step.kind == "wide":
            out = torch.stack([self._wide(children) for children in step.children])
        elif step.kind == "fused":
            product = (_rows(self._high_NL, columns[0]), _rows(self._low_NL, columns[0]))
            out = fused_multiply_add(product, _rows(self.values_VL, columns[1]))
        else:
            out = _rows(self.values_VL, columns[0]) + _rows(self.values_VL, columns[1])
        if len(step.numbers) == 1:
            self.values_VL[step.numbers[0]] = out[0]
        else:
            self.values_VL[torch.tensor(step.numbers)] = out.to(self.values_VL.dtype)

    def _wide(self, children: Tuple[int, ...]) -> torch.Tensor:
        addends = [self._high_NL[i] if i < self._leaves else self.values_VL[i].to(torch.float64) for i in children]
        exponents = [
            self._exponent(child) if child < self._leaves else exponent_of(addend)
            for child, addend in zip(children, addends)
        ]
        return added_at_once(torch.stack(addends), torch.stack(exponents), self._arithmetic.extra_places)

    def _exponent(self, leaf: int) -> torch.Tensor:
        """Return the exponent of a product as the adder has it: the sum of those of its factors."""
        rights = self._right_NL[leaf % len(self._right_NL)]
        return (exponent_of(self._left_NL[leaf]) + exponent_of(rights)).expand(self._left_NL.shape[1])


def _rows(values: torch.Tensor, numbers: Sequence[int]) -> torch.Tensor:
    """Return some rows; a chain has one a step, and a slice is cheaper than an index."""
    if len(numbers) == 1:
        return values[numbers[0] : numbers[0] + 1]
    return values.index_select(0, torch.tensor(numbers))


def _kept(values: torch.Tensor, products: Products) -> torch.Tensor:
    """Return float64 values with the bits of the significand that the operation keeps of its inputs."""
    if products.input_bits >= SIGNIFICAND_BITS[torch.float32]:
        return values
    ulp = torch.exp2((exponent_of(values) + 1 - products.input_bits).to(torch.float64))
    return (torch.trunc(values / ulp) if products.is_cut else torch.round(values / ulp)) * ulp
