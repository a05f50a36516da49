"""Where experiments are made: processes that run probes under settings, within one deadline for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol

from reprocheck.numerics.switch_settings import Setting, words_of
from reprocheck.numerics.switched_probes import PROCESS_DEADLINE_S, Bench, Key, Switched, Together, probe_under

Settings = tuple[Setting, ...]


class Laboratory(Protocol):
    """Something that runs probes under settings."""

    def run(self, trials: Sequence[Settings], keys: Sequence[Key], repeats: int = 1) -> Iterator[Switched]:
        """Yield what the probes `keys` give under each of the settings, in order; ends early when time is up."""
        ...

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        ...


class ProcessLaboratory:
    """Runs every trial in a process of its own under `python`, two at a time."""

    def __init__(self, python: Path, deadline_s: float, tell: Callable[[str], None]) -> None:
        self._python = python
        self._end_s = time.monotonic() + deadline_s
        self._tell = tell

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._end_s

    def run(self, trials: Sequence[Settings], keys: Sequence[Key], repeats: int = 1) -> Iterator[Switched]:
        """Yield what the probes `keys` give under each of the settings.

        Raises:
            InputError: the Python is no program.
            UndecidedError: there is no room for a process.
        """
        stop = Event()
        together: Together[Settings, Switched] = Together(
            lambda settings: self._trial(settings, keys, repeats, stop), stop
        )
        for number, switched in enumerate(together.results(trials), start=1):
            if self.is_late:
                return
            self._tell(
                f"rerunning {len(keys)} probes: {number} of {len(trials)}, {words_of(switched.settings) or 'as it is'}"
            )
            yield switched

    def _trial(self, settings: Settings, keys: Sequence[Key], repeats: int, stop: Event) -> Switched:
        left_s = max(1.0, min(PROCESS_DEADLINE_S, self._end_s - time.monotonic()))
        names, devices = sorted({name for name, _ in keys}), sorted({device for _, device in keys})
        bench = Bench(
            python=self._python,
            devices=tuple(devices),
            only=tuple(names),
            repeats=repeats,
            deadline_s=left_s,
            stop=stop,
        )
        return probe_under(bench, settings)
