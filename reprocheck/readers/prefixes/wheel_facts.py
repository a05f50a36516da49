"""What an installed wheel says of how it was built: its tags, and for torch the CUDA.

Sources: PyPA "Binary distribution format", the file WHEEL; `torch/version.py` of torch 1.4 to 2.13, which the build
writes: `cuda = '10.2'`, later `cuda: Optional[str] = '12.4'`, None in builds without CUDA; read 2026-11-21.
"""

from __future__ import annotations

import re

_TAG = re.compile(rb"^Tag:[ \t]*([\w.]+-[\w.]+-[\w.]+)[ \t]*\r?$", re.MULTILINE)
_BUILT_FOR = re.compile(rb"^(cuda|hip|xpu)\b[^=\n]*=[ \t]*(?:None|'([\w.+-]+)'|\"([\w.+-]+)\")[ \t]*\r?$", re.MULTILINE)


def parse_tags(data: bytes) -> tuple[str, ...]:
    """Return the tags of the bytes of WHEEL, in the order of the file."""
    return tuple(dict.fromkeys(tag.decode() for tag in _TAG.findall(data)))


def parse_torch_cuda(data: bytes) -> str | None:
    """Return the CUDA of the bytes of `torch/version.py`, empty for none; None where it is for another maker's GPUs."""
    told = {name.decode(): (one or other).decode() for name, one, other in _BUILT_FOR.findall(data)}
    cuda = told.pop("cuda", None)
    if cuda and not re.fullmatch(r"\d+\.\d+(?:\.\d+)*", cuda):
        return None
    return None if cuda == "" and any(told.values()) else cuda
