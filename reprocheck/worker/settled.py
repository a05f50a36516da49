"""Torch as a job of measurements wants it: warmed up, with the switches that the job asks for, and silent."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any, Dict, Iterator, Optional

from .warm_up import warm_up


@contextlib.contextmanager
def settled_torch(torch: Any, settings: Optional[Dict[str, Any]]) -> Iterator[None]:
    """Warm up, then apply `settings`, switches by id; inside, warnings are silent.

    Raises:
        ValueError: a switch or value that is not known.
    """
    warm_up(torch)
    if settings:
        from .switches.applied import apply

        apply(torch, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
