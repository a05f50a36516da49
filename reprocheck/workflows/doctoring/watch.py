"""The one clock of the doctor: how long all sources together may take, and what becomes of those that take longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, TypeVar

from reprocheck.background import Background
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

T = TypeVar("T")

GRACE_S = 1.0  # for what was stopped at the deadline to hand over what it has
TIDY_S = 0.5


class Watch:
    """The time that is left until all must have been said, the work that goes on, and the bell that ends it."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.stop = Event()
        self._end_s = time.monotonic() + timeout_s
        self._begun: list[Background[Any]] = []

    @property
    def left_s(self) -> float:
        """Return the seconds that are left, 0 when the bell has rung."""
        return 0.0 if self.stop.is_set() else max(self._end_s - time.monotonic(), 0.0)

    @property
    def too_late(self) -> Mapping[str, Json]:
        """Return the status of what did not come in time."""
        return unread("timeout", f"no answer within {self.timeout_s:g} s")

    def begin(self, work: Callable[[], T]) -> Background[T]:
        """Start some work beside us."""
        begun = Background(work)
        self._begun.append(begun)
        return begun

    def outcome(self, work: Background[T] | None, late: T) -> T:
        """Return what some work gave, or `late` where it is not over in time, or was not asked for."""
        last_s = self._end_s + GRACE_S - time.monotonic()
        return work.result() if work and work.wait(max(last_s, 0.0)) else late

    def ring(self) -> None:
        """End what still runs, and let it tidy up for a moment."""
        self.stop.set()
        last_s = time.monotonic() + TIDY_S
        for work in self._begun:
            work.wait(max(last_s - time.monotonic(), 0.0))
