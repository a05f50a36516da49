"""Which difference between two machines explains that their probes differ, from the table of measured effects.

A candidate explains a differing probe where the table says that it changes the operation in that dtype, and is
contradicted by an equal probe that it should have changed. The causes are chosen greedily: the one that explains the
most probes that are still open, then the one with the fewest contradictions. A switch that was never measured, another
library, processor or GPU is only possible: no table can say what it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reprocheck.facts.switch_effects import Effect, effects_of
from reprocheck.model.numeric_differences import Candidate, Explanation, ProbeDifference, probe_label
from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.numeric_candidates import is_for_gpu, reaches

Verdict = Literal["yes", "maybe", "no"]  # maybe: both sides are settings that change it, perhaps to the same bits

NAMED_KINDS = 4
_ANY = "*"
_SURE = ("high", "medium")


Effects = Callable[[str], Sequence[Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What was found: the causes, what the table excludes, and what nothing explains."""

    explanations: tuple[Explanation, ...]
    ruled_out: tuple[str, ...]
    unexplained: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A switch and what the table says of it: the differing probes that it explains, the equal ones against it."""

    candidate: Candidate
    explains: tuple[str, ...]
    contradicts: tuple[str, ...]
    is_excluded: bool


def explain(
    candidates: Iterable[Candidate],
    differing: Sequence[ProbeDifference],
    equal: Sequence[Probe],
    effects: Effects = effects_of,
) -> Explained:
    """Return what explains the `differing` probes, given those that are `equal`."""
    if not differing:
        return Explained(explanations=(), ruled_out=(), unexplained=())
    found = tuple(candidates)
    cases = [_case(one, differing, equal, effects) for one in found if one.kind == "switch"]
    likely, open_labels = _chosen(cases, differing)
    closed = {case.candidate.cause for case in cases if case.explains or case.is_excluded}
    rest = [probe for probe in differing if probe.label in open_labels]
    possible = list(_possible([one for one in found if one.cause not in closed], rest, len(differing)))
    reached = {label for explanation in possible for label in explanation.explains}
    return Explained(
        explanations=(*likely, *possible),
        ruled_out=tuple(_sides(case.candidate) for case in cases if case.is_excluded),
        unexplained=tuple(probe.label for probe in rest if probe.label not in reached),
    )


def verdict(candidate: Candidate, probe: ProbeDifference | Probe, effects: Iterable[Effect]) -> Verdict | None:
    """Return whether going from one value of a switch to the other changes a probe, None where nobody measured it."""
    if (probe.device != "cpu") != is_for_gpu(candidate):
        return None
    rows = [row for row in effects if row.covers(probe.family, probe.operation, probe.dtype)]
    if any(row.setting == _ANY for row in rows):
        return "yes" if any(row.changes for row in rows if row.setting == _ANY) else "no"
    sides = [_changes(rows, value) for value in (candidate.old, candidate.new)]
    if True in sides:
        return "maybe" if all(sides) else "yes"
    return "no" if False in sides else None


def _changes(rows: Iterable[Effect], value: str) -> bool | None:
    """Return whether a value changes bits against the default, None where the table does not say: it may be that."""
    said = [row.changes for row in rows if _plain(row.setting) == _plain(value)]
    return any(said) if said else None


def _plain(value: str) -> str:
    lowered = value.lower()
    return {"true": "on", "false": "off"}.get(lowered, lowered)


def _case(
    candidate: Candidate, differing: Sequence[ProbeDifference], equal: Sequence[Probe], effects: Effects
) -> _Case:
    rows = effects(candidate.cause)
    sure = [row for row in rows if row.confidence in _SURE]
    verdicts = {probe.label: verdict(candidate, probe, rows) for probe in differing}
    return _Case(
        candidate=candidate,
        explains=tuple(label for label, said in verdicts.items() if said in ("yes", "maybe")),
        contradicts=tuple(
            probe_label(probe.name, probe.device) for probe in equal if verdict(candidate, probe, sure) == "yes"
        ),
        is_excluded=bool(rows) and all(said == "no" for said in verdicts.values()),
    )


def _chosen(cases: Iterable[_Case], differing: Sequence[ProbeDifference]) -> tuple[list[Explanation], set[str]]:
    """Return the causes, the best first, and the labels that none of them explains."""
    left = [case for case in cases if case.explains]
    still_open = {probe.label for probe in differing}
    found: list[Explanation] = []
    while left:
        best = min(left, key=lambda case: _badness(case, still_open))
        new = still_open & set(best.explains)
        found.append(_explanation(best, differing, is_first=bool(new)))
        still_open -= new
        left.remove(best)
    return found, still_open


def _badness(case: _Case, still_open: set[str]) -> tuple[int, int, int, str]:
    explained = len(still_open & set(case.explains))
    return -explained, len(case.contradicts), -len(case.explains), case.candidate.cause


def _explanation(case: _Case, differing: Sequence[ProbeDifference], *, is_first: bool) -> Explanation:
    """Word a cause: it is likely only if it explains what no better one does, and more than speaks against it."""
    is_weak = len(case.contradicts) > len(case.explains)
    word = "weak" if is_weak else "likely" if is_first else "possible"
    against = f"; but {_equal(case.contradicts)}" if case.contradicts else ""
    labels = set(case.explains)
    explained = [probe for probe in differing if probe.label in labels]
    return Explanation(
        cause=case.candidate.cause,
        how="table",
        explains=case.explains,
        contradicts=case.contradicts,
        text=f"{word} cause: {_sides(case.candidate)}: {_reach(explained, len(differing))}; "
        f"measured effects table{against}",
    )


def _possible(candidates: Iterable[Candidate], rest: Sequence[ProbeDifference], total: int) -> Iterator[Explanation]:
    for candidate in candidates:
        reached = [probe for probe in rest if reaches(candidate, probe)]
        if reached:
            yield Explanation(
                cause=candidate.cause,
                how="possible",
                explains=tuple(probe.label for probe in reached),
                contradicts=(),
                text=f"possible cause: {_sides(candidate)}: {_reach(reached, total, 'may explain')}; not measured",
            )


def _reach(probes: Sequence[ProbeDifference], total: int, verb: str = "explains") -> str:
    kinds = list(dict.fromkeys(f"{probe.family} {probe.dtype}" for probe in probes))
    more = [f"{len(kinds) - NAMED_KINDS} more"] if len(kinds) > NAMED_KINDS else []
    plural = "probe" if total == 1 else "probes"
    return f"{verb} {len(probes)} of {total} differing {plural} ({', '.join([*kinds[:NAMED_KINDS], *more])})"


def _equal(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return f"{labels[0]}, which it should change, is equal"
    return f"{len(labels)} probes that it should change are equal ({labels[0]}, ...)"


def _sides(candidate: Candidate) -> str:
    return f"{candidate.cause} ({candidate.old} there, {candidate.new} here)"
