"""Data loaders: what they yield, targets and all."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from .guard import After, Guard
from .program_settings import loader_settings

Told = Callable[[Dict[str, str]], None]


def install(torch: Any, guard: Guard, heard: Callable[[Any], None], told: Told) -> None:
    """Call `heard(batch)` with what each DataLoader of this process yields, and `told(settings)` before."""

    def before(args: Any, _kwargs: Any) -> Optional[After]:
        told(loader_settings(args[0]))
        return heard

    guard.patch(torch.utils.data.dataloader._BaseDataLoaderIter, "__next__", before)
