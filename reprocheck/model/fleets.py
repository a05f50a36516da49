"""What the ranks of one job computed, and what that says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED

Outcome = Literal["alike", "differ", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankAnswer:
    """What one rank said.

    `values` are the bits of each operation, by name: the beginning of their SHA-256, or a status where there are none.
    `unsteady` are the operations that it did not repeat: how many runs gave other bits than the first, of how many.
    `wrong_sums` are the sums over all ranks that came out wrong here, `sums_fault` why there are none.
    `traits` are what may make a rank compute differently, as words; `families` what it could have computed.
    `ended` says why its answer is not whole, and is empty where it is.
    """

    rank: int
    local_rank: int = 0
    node: int = 0
    device: str = ""
    gpus: int = 0
    host: str = ""
    traits: Mapping[str, str]
    values: Mapping[str, str]
    unsteady: Mapping[str, tuple[int, int]]
    times_ns: Mapping[str, int]
    wrong_sums: tuple[str, ...] = ()
    sums_fault: str = ""
    families: tuple[str, ...] = ()
    ended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A trait that all ranks of a group have otherwise than all ranks of the group that it is held against."""

    trait: str
    here: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetGroup:
    """Ranks that compute alike; `operations` and `traits` are those in which they differ from the first group."""

    ranks: tuple[int, ...]
    operations: tuple[str, ...] = ()
    traits: tuple[Differing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is known of all ranks of a job.

    `groups` are sorted by size, then by their first rank; none is the right one where the first two are `tied`.
    `silent` ranks said nothing at all. `unrepeatable` operations, which most ranks did not repeat, say nothing of any
    rank. `sums` names the backend that summed over all ranks, `sums_fault` why none did. `slow` holds the time of a
    rank in permille of the median rank's, `mixed` the traits that not all ranks have alike, `fault` how the job ended.
    """

    world_size: int
    nodes: int = 1
    ranks: tuple[RankAnswer, ...]
    groups: tuple[FleetGroup, ...] = ()
    operations: int = 0
    silent: tuple[int, ...] = ()
    unsteady: tuple[int, ...] = ()
    unrepeatable: tuple[str, ...] = ()
    wrong_sums: tuple[str, ...] = ()
    sums: str = ""
    sums_fault: str = ""
    slow: Mapping[int, int]
    mixed: Mapping[str, Mapping[str, tuple[int, ...]]]
    notes: tuple[str, ...] = ()
    fault: str = ""

    @property
    def tied(self) -> bool:
        """Say whether no group is larger than all others."""
        return len(self.groups) > 1 and len(self.groups[0].ranks) == len(self.groups[1].ranks)

    @property
    def outcome(self) -> Outcome:
        """Return `differ` where anything is wrong for certain, `undecided` where anything is not known."""
        if len(self.groups) > 1 or self.unsteady or self.wrong_sums:
            return "differ"
        broken = [answer for answer in self.ranks if answer.ended]
        if broken or self.silent or self.fault or self.sums_fault or self.world_size == 1 or not self.operations:
            return "undecided"
        return "alike"

    @property
    def exit_code(self) -> int:
        """Return the exit code of the outcome."""
        codes = {"alike": EXIT_CLEAN, "differ": EXIT_FINDINGS, "undecided": EXIT_UNDECIDED}
        return codes[self.outcome]
