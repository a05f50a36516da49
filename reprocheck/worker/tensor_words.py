"""What a tensor consists of, in the order of its elements, as 32-bit words; whatever its kind and layout in memory."""

from __future__ import annotations

from typing import List

import torch

WORD_BYTES = 4


def strided_parts(tensor: torch.Tensor) -> List[torch.Tensor]:
    """Return what a tensor consists of: itself, the shard that is here, indices and values, or what it wraps."""
    if tensor.layout is torch.strided:
        if type(tensor) in (torch.Tensor, torch.nn.Parameter):
            return [tensor]
        return [part for one in _wrapped(tensor) for part in ([one] if one is tensor else strided_parts(one))]
    if tensor.layout is torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return [tensor.to_dense()]


def _wrapped(tensor: torch.Tensor) -> List[torch.Tensor]:
    """Return the tensors within one of a subclass, such as the shard of a DTensor; itself if there are none."""
    if hasattr(tensor, "_local_tensor"):
        return [tensor._local_tensor]
    if hasattr(tensor, "__tensor_flatten__"):
        return [getattr(tensor, name) for name in tensor.__tensor_flatten__()[0]]
    return [tensor]


def words_of(tensor: torch.Tensor) -> torch.Tensor:
    """Return the bytes of a tensor, in the order of its elements, as 32-bit words; zeros fill the last one."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    flat = (tensor.int_repr() if tensor.is_quantized else tensor).reshape(-1)
    if flat.stride(0) != 1:  # one element may keep the stride of the matrix that it is from
        flat = flat.clone(memory_format=torch.contiguous_format)
    size = flat.element_size()
    if size >= WORD_BYTES:
        return flat.view(torch.int32)
    each = WORD_BYTES // size
    if flat.numel() % each == 0 and flat.storage_offset() % each == 0:
        return flat.view(torch.int32)
    padded = torch.zeros(-(-flat.numel() // each) * WORD_BYTES, dtype=torch.uint8, device=flat.device)
    padded[: flat.numel() * size].copy_(flat.view(torch.uint8))
    return padded.view(torch.int32)
