"""What two machines compute differently: probe by probe, the orders in which they add, and what explains it.

The old side is said to be *there*, the new one *here*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reprocheck.model.numeric_experiments import Experiment
from reprocheck.model.numeric_fingerprints import Probe

# `varying` does not repeat itself on a side, so that no switch can be blamed; `unmeasured` has a status on a side.
ProbeChange = Literal["different", "rounding", "varying", "unmeasured", "one-sided"]
PROBE_CHANGES: tuple[ProbeChange, ...] = ("different", "rounding", "varying", "unmeasured", "one-sided")
CandidateKind = Literal["switch", "library", "processor", "gpu"]
Part = Literal["canary", "relations", "trees", "arithmetic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDifference:
    """One probe whose bits are not the same; a side is None where it has no such probe.

    `distance` is how far the coarse digests are apart, in units of the dtype's rounding unit; None where it cannot be
    known. The values are those of `Probe.first` as decimal numbers, empty where the bits are of no known format.
    """

    name: str
    family: str
    operation: str
    dtype: str
    device: str
    kind: ProbeChange
    distance: float | None = None
    old: Probe | None = None
    new: Probe | None = None
    old_values: tuple[str, ...] = ()
    new_values: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what names it for people: its name, and its device where that is not the CPU."""
        return probe_label(self.name, self.device)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """How many probes of one family, dtype and device are equal and are not; `unmeasured` on either side."""

    family: str
    dtype: str
    device: str
    equal: int = 0
    rounding: int = 0
    different: int = 0
    varying: int = 0
    unmeasured: int = 0
    only_old: int = 0
    only_new: int = 0

    @property
    def compared(self) -> int:
        """Return how many were measured on both sides."""
        return self.equal + self.rounding + self.different + self.varying

    @property
    def is_equal(self) -> bool:
        """Whether nothing in it was found to differ."""
        return self.compared == self.equal and not self.only_old and not self.only_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that differs between the two sides and may change bits: a switch by its id, a library, a processor."""

    cause: str
    kind: CandidateKind
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A cause of differing probes, which are named by their labels.

    `contradicts` are probes that the cause should have changed and that are equal. `how` it was found: in the table of
    measured effects, by an experiment here, or not at all: it differs, reaches these probes and is `possible`.
    """

    cause: str
    how: Literal["table", "experiment", "possible"]
    explains: tuple[str, ...]
    contradicts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """What both sides say of one measured thing in words, where it differs.

    `rows` lay two orders of addition side by side: label, there, here; depth, and the first sum that is made otherwise.
    """

    part: Part
    what: str
    old: str
    new: str
    rows: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericFault:
    """What must hold on every healthy machine and is broken on a side: a fault, never noise of the platform."""

    side: Literal["there", "here", "both"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericDifference:
    """Everything that two numeric fingerprints say differently.

    `ruled_out` are causes that the table says change none of the differing probes, each with its values; `unexplained`
    are labels of differing probes.
    """

    rows: tuple[FamilyRow, ...] = ()
    probes: tuple[ProbeDifference, ...] = ()
    measured: tuple[SideBySide, ...] = ()
    faults: tuple[NumericFault, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    experiment: Experiment | None = None

    @property
    def is_empty(self) -> bool:
        """Whether both sides compute the same; a fault that both have is no difference."""
        return not self.probes and not self.measured and all(fault.side == "both" for fault in self.faults)

    def count(self, kind: ProbeChange) -> int:
        """Return how many probes differ in this way."""
        return sum(1 for probe in self.probes if probe.kind == kind)

    @property
    def to_explain(self) -> tuple[ProbeDifference, ...]:
        """Return the probes that a cause is to be found for: other bits on both sides, each time the same ones."""
        return tuple(probe for probe in self.probes if probe.kind in ("different", "rounding"))

    @property
    def left_open(self) -> tuple[ProbeDifference, ...]:
        """Return the probes that nothing explains."""
        labels = set(self.unexplained)
        return tuple(probe for probe in self.to_explain if probe.label in labels)


def probe_label(name: str, device: str) -> str:
    """Return what names a probe for people."""
    return name if device == "cpu" else f"{name} ({device})"
