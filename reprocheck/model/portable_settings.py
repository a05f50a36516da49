"""The settings under which machines compute the same bits, as far as one machine can show, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableFamily:
    """One family of probes.

    `depends_on` are the machines (see `PortableSetting.machines`) that change its bits by default; `unequal` the probes
    that have other bits on some machine under the setting too. `cost` is its time under the setting, 1.0 being the time
    by default.
    """

    family: str
    probes: int
    depends_on: tuple[str, ...]
    unequal: tuple[str, ...]
    cost: float

    @property
    def is_equal(self) -> bool:
        """Whether all machines give the same bits under the setting."""
        return not self.unequal


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableChoice:
    """A setting that was tried: its switches, how many probes it makes equal on all machines, and its cost."""

    settings: tuple[str, ...]
    equal: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableSetting:
    """The setting to take, the families under it, and what else was tried.

    `environment` and `code` are how it is set; `machines` those that were played here, `rounds` how often the times
    were taken. `notes` say what could not be measured, each a sentence without a final stop.
    """

    settings: tuple[str, ...]
    environment: Mapping[str, str]
    code: tuple[str, ...]
    families: tuple[PortableFamily, ...]
    cost: float
    choices: tuple[PortableChoice, ...]
    machines: tuple[str, ...]
    rounds: int
    notes: tuple[str, ...] = ()

    @property
    def probes(self) -> int:
        """Return how many probes were run."""
        return sum(family.probes for family in self.families)

    @property
    def unequal(self) -> tuple[str, ...]:
        """Return the probes that the setting does not make equal."""
        return tuple(probe for family in self.families for probe in family.unequal)
