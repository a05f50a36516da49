"""Group ranks by the bits that they computed: the largest group is the reference, every other one is odd.

A rank that does not repeat itself in an operation is compared in the others only; an operation that most ranks do not
repeat says nothing of any. What a rank could not say (it died, it ran out of memory) is compared with nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from reprocheck.model.fleets import Differing, Fleet, FleetGroup, RankAnswer

UNSAID = ("", "out-of-memory")
SLOW_PERMILLE = 2000  # ranks that share cores with others may differ by half in good health
SHORTEST_NS = 20_000  # below that, time is mostly the clock and the call
# What is told of mixed ranks even where they compute alike; the many switches only where ranks differ.
TOLD_WHERE_MIXED = (
    *("cpu", "cpu microcode", "switch aten-cpu-capability", "switch threads", "torch", "python", "mkl", "onednn"),
    *("gpu", "gpu capability", "gpu multiprocessors", "driver", "cuda", "rocm", "cudnn", "nccl", "device"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How the job went as a whole: see `Fleet` for each."""

    world_size: int
    nodes: int = 1
    sums: str = ""
    sums_fault: str = ""
    notes: tuple[str, ...] = ()
    fault: str = ""


def compare_ranks(answers: Sequence[RankAnswer], job: Job) -> Fleet:
    """Return what the answers, sorted by rank, say of the ranks."""
    unrepeatable = unrepeatable_operations(answers)
    compared = {answer.rank: _compared(answer, unrepeatable) for answer in answers}
    shown = [traits_with_device(answer) for answer in answers]
    groups = _groups(compared)
    return Fleet(
        world_size=max(job.world_size, len(answers)),
        nodes=job.nodes,
        ranks=tuple(answers),
        groups=tuple(_described(group, groups[0], compared, shown) for group in groups),
        operations=len({name for values in compared.values() for name in values}),
        silent=tuple(sorted(set(range(job.world_size)) - compared.keys())),
        unsteady=tuple(answer.rank for answer in answers if answer.unsteady.keys() - unrepeatable),
        unrepeatable=tuple(sorted(unrepeatable)),
        wrong_sums=tuple(sorted({name for answer in answers for name in answer.wrong_sums})),
        sums=job.sums,
        sums_fault=job.sums_fault,
        slow=slow_ranks(answers),
        mixed=_mixed(shown),
        notes=job.notes,
        fault=job.fault,
    )


def unrepeatable_operations(answers: Sequence[RankAnswer]) -> frozenset[str]:
    """Return the operations that more than half of the ranks which ran them did not repeat."""
    ran = Counter(name for answer in answers for name, value in answer.values.items() if value not in UNSAID)
    unsteady = Counter(name for answer in answers for name in answer.unsteady)
    return frozenset(name for name, count in unsteady.items() if 2 * count > ran[name])


def slow_ranks(answers: Sequence[RankAnswer]) -> dict[int, int]:
    """Return the ranks that take twice as long as the median rank, or longer: median over operations, in permille."""
    if len(answers) < 3:  # of two, neither is the usual one
        return {}
    typical = {
        name: median(answer.times_ns[name] for answer in answers)
        for name in set.intersection(*(set(answer.times_ns) for answer in answers))
    }
    ratios = {
        answer.rank: [answer.times_ns[name] / usual for name, usual in typical.items() if usual >= SHORTEST_NS]
        for answer in answers
    }
    permille = {rank: int(median(values) * 1000) for rank, values in ratios.items() if values}
    return {rank: value for rank, value in permille.items() if value >= SLOW_PERMILLE}


def traits_with_device(answer: RankAnswer) -> tuple[int, Mapping[str, str]]:
    """Return rank and traits, the kind of its device among them."""
    return answer.rank, {**answer.traits, **({"device": answer.device} if answer.device else {})}


def _compared(answer: RankAnswer, unrepeatable: frozenset[str]) -> dict[str, str]:
    left_out = unrepeatable | answer.unsteady.keys()
    return {name: value for name, value in answer.values.items() if name not in left_out and value not in UNSAID}


def _groups(compared: Mapping[int, Mapping[str, str]]) -> list[list[int]]:
    """Return ranks that agree wherever they can be compared, the largest group first, then by the first rank.

    Ranks that said most come first, and the others join the largest group that they agree with.
    """
    groups: list[list[int]] = []
    merged: list[dict[str, str]] = []
    for rank in sorted(compared, key=lambda rank: (-len(compared[rank]), rank)):
        values = compared[rank]
        fitting = [place for place, known in enumerate(merged) if values and _agree(values, known)]
        if not values:
            continue  # nothing was heard of its numbers
        if fitting:
            place = max(fitting, key=lambda place: len(groups[place]))
            groups[place].append(rank)
            merged[place].update(values)
        else:
            groups.append([rank])
            merged.append(dict(values))
    return sorted(map(sorted, groups), key=lambda group: (-len(group), group[0]))


def _agree(values: Mapping[str, str], known: Mapping[str, str]) -> bool:
    return all(known.get(name, value) == value for name, value in values.items())


def _described(
    group: Sequence[int],
    reference: Sequence[int],
    compared: Mapping[int, Mapping[str, str]],
    traits: Sequence[tuple[int, Mapping[str, str]]],
) -> FleetGroup:
    if group is reference:
        return FleetGroup(ranks=tuple(group))
    here, there = (_merged(compared[rank] for rank in ranks) for ranks in (group, reference))
    operations = sorted(name for name in here.keys() & there.keys() if here[name] != there[name])
    by_rank = dict(traits)
    return FleetGroup(
        ranks=tuple(group),
        operations=tuple(operations),
        traits=tuple(_differing([by_rank[rank] for rank in group], [by_rank[rank] for rank in reference])),
    )


def _merged(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}


def _differing(here: Sequence[Mapping[str, str]], there: Sequence[Mapping[str, str]]) -> Iterable[Differing]:
    """Yield the traits that are alike there, and otherwise everywhere here: only these may be the cause."""
    for name in sorted({name for traits in (*here, *there) for name in traits}):
        values = [{traits.get(name, "") for traits in side} for side in (here, there)]
        if len(values[1]) == 1 and not values[0] & values[1]:
            yield Differing(trait=name, here=", ".join(sorted(values[0])), there=", ".join(values[1]))


def _mixed(traits: Sequence[tuple[int, Mapping[str, str]]]) -> dict[str, dict[str, tuple[int, ...]]]:
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name in TOLD_WHERE_MIXED:
        values: dict[str, list[int]] = {}
        for rank, of_rank in traits:
            if of_rank:
                values.setdefault(of_rank.get(name, ""), []).append(rank)
        if len(values) > 1:
            found[name] = {value: tuple(ranks) for value, ranks in sorted(values.items())}
    return found
