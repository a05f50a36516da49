"""Which operations of a run may round, and so are worth a replay: not those that move bits or count in integers."""

from __future__ import annotations

from typing import Any, Iterator, List

import torch

# They copy bits, choose among them or write one constant, unless they change the type on the way.
MOVES = frozenset(
    [
        *("_foreach_copy_", "_foreach_zero_", "_local_scalar_dense", "_pin_memory", "_reshape_copy", "_to_copy"),
        *("alias_copy", "cat", "clone", "constant_pad_nd", "contiguous", "copy", "copy_", "detach_", "embedding"),
        *("empty", "empty_like", "empty_permuted", "empty_strided", "expand_copy", "fill", "fill_", "flip", "full"),
        *("full_like", "gather", "index", "index_select", "is_same_size", "isfinite", "isinf", "isnan", "item"),
        *("lift", "lift_fresh", "lift_fresh_copy", "masked_fill", "masked_fill_", "masked_select", "new_empty"),
        *("new_empty_strided", "new_full", "new_ones", "new_zeros", "nonzero", "ones", "ones_like", "pin_memory"),
        *("record_stream", "relu", "relu_", "repeat", "resize_", "roll", "scalar_tensor", "select_backward", "set_"),
        *("slice_backward", "split_with_sizes_copy", "stack", "tril", "triu", "unbind_copy", "unfold_copy"),
        *("view_copy", "where", "zero", "zero_", "zeros", "zeros_like"),
    ]
)
# They write over their first argument whatever it held; so do all that draw random numbers in place.
OVERWRITING = frozenset({"_foreach_copy_", "copy_"})
# They hand a tensor of one rank to others, unchanged.
HANDED_ROUND = frozenset(
    [
        *("_allgather_base_", "allgather_", "allgather_coalesced_", "allgather_into_tensor_coalesced_", "alltoall_"),
        *("alltoall_base_", "barrier", "broadcast_", "gather_", "monitored_barrier_", "recv_", "recv_any_source_"),
        *("scatter_", "send"),
    ]
)


def may_round(func: Any, args: Any, kwargs: Any) -> bool:
    """Return whether this call may round, as far as can be told before it is made."""
    namespace, _, name = func._schema.name.partition("::")
    if namespace == "c10d":
        return name not in HANDED_ROUND
    if is_view(func):
        return False
    if namespace != "aten" or name not in MOVES or kwargs.get("dtype") is not None:
        return True
    return len({tensor.dtype for tensor in tensors_in([args, kwargs]) if not is_exact(tensor)}) > 1


def has_rounded(func: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Return whether floats took part in a call that `may_round`, and were not merely moved."""
    floats = {tensor.dtype for tensor in tensors_in([args, kwargs, out]) if not is_exact(tensor)}
    return len(floats) > 1 or (bool(floats) and func._schema.name.partition("::")[2] not in MOVES)


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors in nested lists, tuples and mappings, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)


def written_tensors(func: Any, args: Any, kwargs: Any) -> List[torch.Tensor]:
    """Return the tensors among the arguments that the operation writes to, as its schema tells."""
    found: List[torch.Tensor] = []
    for index, argument in enumerate(func._schema.arguments):
        if argument.alias_info is None or not argument.alias_info.is_write:
            continue
        given = args[index] if index < len(args) else kwargs.get(argument.name)
        found += tensors_in(given)
    return found


def overwritten_tensors(func: Any, args: Any, kwargs: Any) -> List[torch.Tensor]:
    """Return the tensors that are written to and not read: what they held before is chance."""
    name = func._schema.name.partition("::")[2]
    if name in OVERWRITING or torch.Tag.nondeterministic_seeded in func.tags:
        return written_tensors(func, args, kwargs)
    outs = [argument.name for argument in func._schema.arguments if argument.is_out]
    return [tensor for key in outs for tensor in tensors_in(kwargs.get(key))]


def is_view(func: Any) -> bool:
    """Return whether the result shares the memory of an argument and nothing is written."""
    returns = [one.alias_info for one in func._schema.returns if one.alias_info is not None]
    return bool(returns) and not any(info.is_write for info in returns)


def is_exact(tensor: torch.Tensor) -> bool:
    """Return whether the tensor holds integers or booleans."""
    return not (tensor.is_floating_point() or tensor.is_complex())
