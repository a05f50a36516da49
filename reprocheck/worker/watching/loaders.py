"""Data loaders: what they yield, targets and all."""

from __future__ import annotations

from typing import Any, Callable, Optional

from .guard import After, Guard


def install(torch: Any, guard: Guard, heard: Callable[[Any], None]) -> None:
    """Call `heard(batch)` with what each DataLoader of this process yields."""
    import torch.utils.data.dataloader as module

    def before(_args: Any, _kwargs: Any) -> Optional[After]:
        return heard

    guard.patch(module._BaseDataLoaderIter, "__next__", before)
