"""Work that goes on beside the caller: the machine is read while the reference runs compute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A call in a thread of its own.

    The thread is a daemon: Ctrl-C ends the caller at once instead of waiting for the work.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._outcome: list[T] = []
        self._failure: list[BaseException] = []
        self._over = threading.Event()  # Ctrl-C in `Thread.join` makes a running thread count as ended (Python < 3.13)
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def result(self) -> T:
        """Wait for the work and return what it returned, or raise what it raised."""
        self._over.wait()
        if self._failure:
            raise self._failure[0]
        return self._outcome[0]

    def wait(self, timeout_s: float) -> bool:
        """Wait until the work is over, but no longer than `timeout_s`; say whether it is. `result` has its outcome."""
        return self._over.wait(timeout_s)

    def _run(self, work: Callable[[], T]) -> None:
        try:
            self._outcome.append(work())
        except BaseException as error:  # raised again by `result`, in the thread that asks
            self._failure.append(error)
        finally:
            self._over.set()
