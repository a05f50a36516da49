"""Switches that a run gives to its own objects: what can be told from here is what torch takes when none is given."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Mapping

from ..readings import reading, unread
from ..torch_build import nccl_versions


def ddp_argument(name: str, instead_of_none: Any = None) -> Callable[[Any, Mapping[str, str]], Any]:
    """Return the reader of what DistributedDataParallel takes by itself; None may stand for a number there."""

    def read(torch: Any, _environ: Mapping[str, str]) -> Any:
        told = _argument(torch.nn.parallel.DistributedDataParallel, name)
        return instead_of_none if told == "unset" and instead_of_none is not None else told

    return read


def loader_argument(name: str) -> Callable[[Any, Mapping[str, str]], Any]:
    """Return the reader of what a DataLoader takes by itself."""
    return lambda torch, _environ: _argument(torch.utils.data.DataLoader, name)


def _argument(kind: Any, name: str) -> Any:
    parameters = inspect.signature(kind).parameters
    if name not in parameters:
        return unread("missing", "not in this torch")
    return reading(lambda: parameters[name].default)


def nccl_version(torch: Any, _environ: Mapping[str, str]) -> Any:
    """Return the version of the NCCL that is loaded, else of the one that torch was built with."""
    told = nccl_versions(torch)
    loaded = told.get("loaded")
    return loaded if isinstance(loaded, str) and loaded[:1].isdigit() else told.get("built", told)
