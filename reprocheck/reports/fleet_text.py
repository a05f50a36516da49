"""The ranks of a job for a terminal: which compute alike, and of the odd ones where they are, in what and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reprocheck.model.fleets import Fleet, FleetGroup, Outcome, RankAnswer
from reprocheck.reports.fleet_reason import counted, fleet_reason
from reprocheck.reports.rank_text import ranks_text
from reprocheck.reports.terminal_text import painted
from reprocheck.reports.visible import visible

MOST_NAMES = 8
MOST_ODD = 16  # groups and ranks that are described one by one; the document has all
_COLORS: dict[Outcome, str] = {"alike": "32", "differ": "31", "undecided": "33"}
_DEVICE_TRAITS = (
    ("gpu", "{}"),
    ("driver", "driver {}"),
    ("cpu", "{}"),
    ("switch aten-cpu-capability", "ATen for {}"),
    ("torch", "torch {}"),
    ("switch threads", "threads: {}"),
)
_NO_CAUSE = "nothing that was looked at is otherwise there: run it again, and suspect the device if it stays odd"


def render_fleet(fleet: Fleet, *, color: bool = False) -> str:
    """Return the page."""
    lines = [_head(fleet), *_odd(fleet), *_unsteady(fleet), *_missing(fleet), *_remarks(fleet), ""]
    return "\n".join([*map(visible, lines), _verdict(fleet, color=color)]) + "\n"


def _head(fleet: Fleet) -> str:
    devices = " and ".join(sorted({answer.device for answer in fleet.ranks if answer.device})) or "no device"
    sums = f", summed over {fleet.sums}" if fleet.sums and not fleet.sums_fault else ""
    where = f"{counted(fleet.world_size, 'rank')} on {counted(fleet.nodes, 'node')}"
    return f"{where}: {counted(fleet.operations, 'operation')} on {devices}{sums}"


def _odd(fleet: Fleet) -> Iterator[str]:
    if len(fleet.groups) < 2:  # all alike
        return
    reference, *others = fleet.groups
    by_rank = {answer.rank: answer for answer in fleet.ranks}
    yield f"{'group:' if fleet.tied else 'alike:'} {ranks_text(reference.ranks)}"
    yield f"       {_device(by_rank[reference.ranks[0]])}"
    for group in others[:MOST_ODD]:
        yield f"{'group:' if fleet.tied else 'odd:  '} {ranks_text(group.ranks)}"
        for rank in group.ranks[:MOST_ODD]:
            yield f"       rank {rank}: {_place(by_rank[rank])}"
        yield from (f"       {line}" for line in _group(group, reference))
    if len(others) > MOST_ODD:
        yield f"and {counted(len(others) - MOST_ODD, 'more group')}"


def _place(answer: RankAnswer) -> str:
    host = f" ({answer.host})" if answer.host else ""
    return f"node {answer.node}{host}, local rank {answer.local_rank}; {_device(answer)}"


def _device(answer: RankAnswer) -> str:
    words = [said.format(answer.traits[name]) for name, said in _DEVICE_TRAITS if name in answer.traits]
    return ", ".join(words) or "nothing is known of its device"


def _group(group: FleetGroup, reference: FleetGroup) -> Iterator[str]:
    families = Counter(name.partition("/")[0] for name in group.operations)
    told = ", ".join(f"{family} {count}" for family, count in sorted(families.items()))
    yield f"differs from rank {reference.ranks[0]} in {counted(len(group.operations), 'operation')}: {told}"
    yield f"  {_names(group.operations)}"
    for trait in group.traits:
        yield f"  {trait.trait}: {trait.here or 'none'} here, {trait.there or 'none'} there"
    if not group.traits:
        yield f"  {_NO_CAUSE}"


def _unsteady(fleet: Fleet) -> Iterator[str]:
    by_rank = {answer.rank: answer for answer in fleet.ranks}
    for rank in fleet.unsteady:
        answer = by_rank[rank]
        found = {name: told for name, told in sorted(answer.unsteady.items()) if name not in fleet.unrepeatable}
        yield f"unsteady: rank {rank}: {_place(answer)}"
        yield f"       does not repeat itself in {counted(len(found), 'operation')} that other ranks repeat:"
        yield f"       {_names([f'{name} ({other} of {runs})' for name, (other, runs) in found.items()])}"


def _missing(fleet: Fleet) -> Iterator[str]:
    for name in fleet.wrong_sums:
        yield f"wrong: {name}: the numbers of a rank, or the way between ranks, are broken"
    for answer in fleet.ranks:
        if answer.ended:
            yield f"incomplete: rank {answer.rank}, {_place(answer)}: {answer.ended}"
    if fleet.silent:
        yield f"silent: {ranks_text(fleet.silent)} said nothing here"
    if fleet.sums_fault:
        yield f"no sum over all ranks: {fleet.sums_fault}"
    if fleet.fault:
        yield f"the job broke off: {fleet.fault}"


def _remarks(fleet: Fleet) -> Iterator[str]:
    if fleet.unrepeatable:
        yield f"left out: most ranks do not repeat {_names(fleet.unrepeatable)}"
    for trait, values in fleet.mixed.items():
        told = [f"{value or 'none'} on {ranks_text(ranks)}" for value, ranks in values.items()]
        yield f"mixed: {trait}: {'; '.join(told)}"
    for rank, permille in fleet.slow.items():
        yield f"slow: rank {rank} takes {permille // 1000}.{permille % 1000 // 100} times as long as the median rank"
    yield from (f"note: {note}" for note in fleet.notes)


def _verdict(fleet: Fleet, *, color: bool) -> str:
    text = f"{fleet.outcome}: {fleet_reason(fleet)}"
    return painted(text, _COLORS[fleet.outcome]) if color else text


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
