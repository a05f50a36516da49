"""Inputs whose sums cancel: the exact result is zero, and what comes out is the rounding noise itself.

In bfloat16 and float16 the last rounding hides in which order was summed; nothing hides it where the sum is zero.
The second half of the summands takes back the first in another order: in the same order, a sum in pairs would cancel
without any noise. Each operation here says which axes of which arguments it sums over.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

import torch

from ..hashing import hashed_integers, key_of

Variant = Callable[[List[Any]], None]
# Of the inputs: the noise of their sums then lies inside the range of float16.
CONTENTS = "4"
_TRANSPOSED, _GROUPS = 6, 8  # places among the arguments of `convolution`


def variants_of(name: str) -> Tuple[Variant, ...]:
    """Return the ways to make the sums of the operation `name` (as in `aten.mm.default`) cancel, none for most."""
    return VARIANTS.get(name, ())


def can_be_overwritten(value: Any) -> bool:
    """Return whether no two elements of the tensor share memory."""
    if not isinstance(value, torch.Tensor):
        return True
    return all(stride > 0 or size <= 1 for size, stride in zip(value.shape, value.stride()))


def _products(left: int, left_axis: int, right: int, right_axis: int, added: Tuple[int, ...] = ()) -> Variant:
    """Cancel the sum of products of two arguments; the arguments `added` become zero."""

    def apply(args: List[Any]) -> None:
        _take_back(args[left], left_axis, 1)
        _take_back(args[right], right_axis, -1)
        for index in added:
            if isinstance(args[index], torch.Tensor):
                args[index].zero_()

    return apply


def _channels(args: List[Any]) -> None:
    if args[_GROUPS] == 1:
        _products(0, 1, 1, 0 if args[_TRANSPOSED] else 1, added=(2,))(args)


def _output_channels(args: List[Any]) -> None:
    """Cancel the input's gradient in `convolution_backward`, whose arguments begin with the output's gradient."""
    if args[9] == 1 and not args[7]:
        _products(0, 1, 2, 0)(args)


def _single(args: List[Any]) -> None:
    """Cancel along the axis that is summed, the last one where all are."""
    axes = args[1] if len(args) > 1 else None
    tensor = args[0]
    if tensor.dim():
        _take_back(tensor, axes[0] if isinstance(axes, list) and axes else tensor.dim() - 1, -1)


def _take_back(tensor: torch.Tensor, axis: int, sign: int) -> None:
    """Write the first half along `axis`, reordered and times `sign`, over the second; one left over becomes zero."""
    half = tensor.shape[axis] // 2
    order = torch.argsort(hashed_integers(key_of("cancelling", half), half)).to(tensor.device)
    taken = tensor.narrow(axis, 0, half).index_select(axis, order)
    tensor.narrow(axis, half, half).copy_(taken if sign > 0 else -taken)
    tensor.narrow(axis, 2 * half, tensor.shape[axis] - 2 * half).zero_()


VARIANTS: Dict[str, Tuple[Variant, ...]] = {
    "aten.mm.default": (_products(0, 1, 1, 0),),
    "aten.addmm.default": (_products(1, 1, 2, 0, added=(0,)),),
    "aten.bmm.default": (_products(0, 2, 1, 1),),
    "aten.baddbmm.default": (_products(1, 2, 2, 1, added=(0,)),),
    "aten.mv.default": (_products(0, 1, 1, 0),),
    "aten.addmv.default": (_products(1, 1, 2, 0, added=(0,)),),
    "aten.dot.default": (_products(0, 0, 1, 0),),
    "aten.convolution.default": (_channels,),
    # The weight's gradient sums over the batch, the input's over the output channels.
    "aten.convolution_backward.default": (_products(0, 0, 1, 0), _output_channels),
    "aten.embedding_dense_backward.default": (_products(1, 0, 0, 0),),
    "aten.sum.default": (_single,),
    "aten.sum.dim_IntList": (_single,),
    "aten.mean.default": (_single,),
    "aten.mean.dim": (_single,),
}
