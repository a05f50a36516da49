"""What a trial did to the differing probes, and which trials are worth combining. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reprocheck.model.numeric_experiments import Origin
from reprocheck.numerics.laboratories import Settings
from reprocheck.numerics.switched_probes import Key, Switched

# How sure it is that a probe comes out right where both parts of a combination change it.
BOTH_RIGHT, BOTH_MOVE = 0.9, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The probes that differ and those that are alike, with the bits to reach, and the bits without any change."""

    differing: tuple[Key, ...]
    alike: tuple[Key, ...]
    target: Mapping[Key, str]
    control: Mapping[Key, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What some settings did: `equal` have the bits to reach, `moved` other bits than without them."""

    settings: Settings
    origin: Origin
    digests: tuple[str, ...]
    equal: frozenset[Key]
    moved: frozenset[Key]
    fault: str = ""

    def is_full(self, case: Case) -> bool:
        """Whether all differing probes have the bits to reach."""
        return len(self.equal) == len(case.differing)


def outcome_of(switched: Switched, origin: Origin, case: Case) -> Outcome:
    """Return what the settings of a run did to the differing probes."""
    digests = {key: switched.digest(key) for key in case.differing}
    return Outcome(
        settings=switched.settings,
        origin=origin,
        digests=tuple(digests.values()),
        equal=frozenset(key for key, digest in digests.items() if digest == case.target[key]),
        moved=frozenset(key for key, digest in digests.items() if digest != case.control[key]),
        fault=switched.fault,
    )


def broken_by(switched: Switched, case: Case) -> tuple[Key, ...]:
    """Return the probes that both sides have alike, and that have other bits in a run."""
    return tuple(key for key in case.alike if switched.digest(key) != case.target[key])


def families_of_twins(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes grouped by the bits of the differing probes, in order."""
    families: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        families.setdefault(outcome.digests, []).append(outcome)
    return list(families.values())


def combinations(bases: Sequence[Outcome], additions: Sequence[Outcome], case: Case) -> list[tuple[Outcome, Outcome]]:
    """Return the pairs worth a trial, the most promising first: better than either alone, if they do not interfere."""
    hoped = {pair: _hope(*pair, case) for pair in _pairs(bases, additions)}
    worthy = [pair for pair, hope in hoped.items() if hope > max(len(pair[0].equal), len(pair[1].equal))]
    return sorted(worthy, key=lambda pair: -hoped[pair])


def _pairs(bases: Sequence[Outcome], additions: Sequence[Outcome]) -> Iterator[tuple[Outcome, Outcome]]:
    seen: set[frozenset[object]] = set()
    for base in bases:
        for added in additions:
            switches = {setting.switch for setting in (*base.settings, *added.settings)}
            key: frozenset[object] = frozenset((*base.settings, *added.settings))
            if len(switches) == len(base.settings) + len(added.settings) and key not in seen:
                seen.add(key)
                yield base, added


def _hope(base: Outcome, added: Outcome, case: Case) -> float:
    return sum(_chance(key, base, added) for key in case.differing)


def _chance(key: Key, base: Outcome, added: Outcome) -> float:
    right = (key in base.equal) + (key in added.equal)
    if key in base.moved and key in added.moved:
        return BOTH_RIGHT if right == 2 else BOTH_MOVE
    return float(right)
