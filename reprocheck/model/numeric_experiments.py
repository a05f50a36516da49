"""What rerunning the differing probes under other switches showed: trial by trial, and what the cause is.

Probes are named by their labels, settings as `switch=value`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["recorded", "hardware", "standard"]  # where the hypothesis comes from


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Some settings and what became of the differing probes under them.

    `equal` have the other side's bits now, `moved` counts those that have other bits than without the settings;
    `broken` are probes that both sides have alike and that are not alike any more, None where they were not run.
    `fault` says how the process ended where it did not end well.
    """

    settings: tuple[str, ...]
    origin: Origin
    equal: tuple[str, ...]
    moved: int
    broken: tuple[str, ...] | None = None
    fault: str = ""

    @property
    def cause(self) -> str:
        """Return the settings for people: `threads=4 and mkl-cbwr=AVX2`."""
        return " and ".join(self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An experiment on the probes `differing`, run on the side `home`: the one whose bits come out here unchanged.

    `home` is None where neither side's do: then there are no trials. `causes` are the best trials, all with the same
    bits, what the other side recorded first; `left` are the differing probes that they do not make equal. `notes` say
    what could not be tried, each a sentence without a final stop.
    """

    home: Literal["old", "new"] | None
    differing: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    causes: tuple[Trial, ...] = ()
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all differing probes are explained."""
        return bool(self.causes) and not self.left and not any(trial.broken for trial in self.causes)

    @property
    def verdict(self) -> str:
        """Return what came out, in a sentence without a final stop."""
        if self.home is None:
            return "no experiment: this machine gives neither side's bits"
        if not self.differing:
            return "no experiment: there is no differing probe to explain"
        if not self.causes:
            count = len(self.differing)
            probes = "the differing probe" if count == 1 else f"any of the {count} differing probes"
            return f"cause not found: no switch tried here makes {probes} equal"
        return _named(self.causes, len(self.differing), self.left)


def _named(causes: tuple[Trial, ...], total: int, left: tuple[str, ...]) -> str:
    made = total - len(left)
    many = "the differing probe" if total == 1 else f"all {total} differing probes"
    reach = many if not left else f"{made} of {total} differing probes"
    broken = causes[0].broken or ()
    beside = f", but changes {len(broken)} that both sides have alike" if broken else ""
    others = f"; the same bits: {', '.join(trial.cause for trial in causes[1:])}" if causes[1:] else ""
    return f"cause: {causes[0].cause} makes {reach} equal{beside}{others}"
