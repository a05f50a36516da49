"""Play other machines here: run the probes under what makes this processor take another one's code paths."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from reprocheck.numerics.switch_settings import Setting
from reprocheck.numerics.switched_probes import Bench, Switched, Together, probe_under

Settings = tuple[Setting, ...]

# Processes rather than an operation: none of these switches concerns it, and it takes the longest.
LEFT_OUT = ("all-reduce",)
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Role:
    """A machine to play: its name, the settings that play it, and variables that are no switch of torch."""

    name: str
    settings: Settings = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def under(self, chosen: Settings) -> Settings:
        """Return what is set when this machine takes the chosen settings, which win."""
        return tuple({setting.switch: setting for setting in (*self.settings, *chosen)}.values())


class Stage:
    """Runs roles in processes of `python`, within one deadline; `threads` is what this machine takes by itself."""

    def __init__(self, python: Path, threads: int, deadline_s: float, tell: Callable[[str], None]) -> None:
        self.python = python
        self.threads = threads
        self._end_s = time.monotonic() + deadline_s
        self._tell = tell

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._end_s

    def play(self, scenes: Sequence[tuple[Role, Settings]], *, at_once: int) -> Iterator[Switched]:
        """Yield what each role gives under its settings, in order; ends early when time is up.

        Raises:
            InputError: the Python is no program.
            UndecidedError: there is no room for a process.
        """
        stop = Event()
        together: Together[tuple[Role, Settings], Switched] = Together(
            lambda scene: self._scene(*scene, stop), stop, at_once
        )
        for (role, _), switched in zip(scenes, together.results(scenes), strict=True):
            if self.is_late:
                stop.set()
                return
            self._tell(f"playing {role.name}")
            yield switched

    def _scene(self, role: Role, chosen: Settings, stop: Event) -> Switched:
        bench = Bench(
            python=self.python,
            skip=LEFT_OUT,
            repeats=REPEATS,
            environment=role.environment,
            deadline_s=max(1.0, self._end_s - time.monotonic()),
            stop=stop,
        )
        return probe_under(bench, role.under(chosen))
