"""The runs that an envelope is made of: members with first weights moved by one ULP, and planted faults.

They share a process, world size by world size, mark nothing, and are forgotten once the envelope is made. A fault is
planted where its size is known: a learning rate that is off, or one flipped bit of one weight. What the envelope then
shows of it is written down: the smallest fault that a rerun of this record would show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reprocheck.model.envelopes import FAIL_ABOVE, Envelope, SeenFault, ratio_text
from reprocheck.model.json_documents import Json
from reprocheck.model.records import COMMAND, Run, RunPlan
from reprocheck.numerics.envelopes import first_beyond, first_other_scale, grades_of, held_out_ratios, rows_of, worst
from reprocheck.numerics.rerun import RerunOptions, Shortage, perform_varied
from reprocheck.numerics.runs import uninterrupted
from reprocheck.numerics.twins import AS_WITHOUT

Variation = Mapping[str, Json]
LONGEST_PROCESS = 5_000  # steps: what their lines hold fits into memory

# The planted faults: what they are called, the factor of the learning rate, the bit of a float32 that is flipped.
FAULTS: tuple[tuple[str, float, int | None], ...] = (
    ("learning rate +0.1 %", 1.001, None),
    ("learning rate +1 %", 1.01, None),
    ("lowest mantissa bit of a weight flipped", 1.0, 0),
    ("middle mantissa bit of a weight flipped", 1.0, 11),
    ("highest mantissa bit of a weight flipped", 1.0, 22),
)


def with_envelopes(
    runs: Sequence[Run], members: int, options: RerunOptions, tell: Callable[[str], None]
) -> tuple[Run, ...]:
    """Return `runs` with their envelopes; one without sketches, or whose members fail, is left as it is.

    Raises:
        UndecidedError: the worker crashed or did not end in time.
    """
    made: dict[RunPlan, Run] = {}
    resumed = {run.plan: uninterrupted(run.plan) for run in runs if run.resumed == AS_WITHOUT}
    for group in _groups([run for run in runs if run.steps and run.plan not in resumed], members):
        tell(f"measuring how far {members} perturbed reruns lie apart: {', '.join(run.plan.name for run in group)}")
        pairs = [(run.plan, varied) for run in group for varied in variations(run.plan, members)]
        outcome = perform_varied(pairs, options)
        if not isinstance(outcome, Shortage):
            size = len(outcome) // len(group)  # all of one world size: as many variations
            parts = [outcome[start : start + size] for start in range(0, len(outcome), size)]
            made |= {run.plan: enveloped(run, part, members) for run, part in zip(group, parts, strict=True)}
    # A run that resumes is to the last bit the one without a stop, and so are its members.
    same = {plan: made[whole].envelope for plan, whole in resumed.items() if whole in made}
    return tuple(replace(run, envelope=same[run.plan]) if run.plan in same else made.get(run.plan, run) for run in runs)


def variations(plan: RunPlan, members: int) -> list[Variation]:
    """Return what the worker is told of each run beside the plan: the members first, then the faults."""
    rate = float.fromhex(plan.learning_rate)
    faults = [
        {"learning_rate": (rate * factor).hex()} if bit is None else {"flip": bit}
        for _, factor, bit in planted_faults(plan)
    ]
    return [*({"perturb": number} for number in range(1, members + 1)), *faults]


def planted_faults(plan: RunPlan) -> tuple[tuple[str, float, int | None], ...]:
    """Return the faults that are planted in a run: none on several ranks, which cost too much, none in a command."""
    return FAULTS if plan.world_size == 1 and plan.workload != COMMAND else ()


def enveloped(run: Run, varied: Sequence[Run], members: int) -> Run:
    """Return `run` with the envelope of its members, the first of `varied`; the others are the faults."""
    if any(len(other.steps) != len(run.steps) for other in varied):
        return run
    ways = [first_other_scale(run.steps, other.steps) for other in varied[:members]]
    rows = [rows_of(run.steps, other.steps)[:way] for other, way in zip(varied, ways, strict=False)]
    if not any(rows):
        return run
    grades = grades_of(rows)
    known = len(grades)
    planted = planted_faults(run.plan)
    held_out = held_out_ratios(rows)
    faults = [_seen(name, run, other, grades) for (name, *_), other in zip(planted, varied[members:], strict=True)]
    envelope = Envelope(
        members=members,
        grades=(*grades, *[grades[-1]] * (len(run.steps) - known)),
        held_out=tuple(map(ratio_text, held_out)),
        faults=tuple(faults),
        borders=tuple(sorted({way for way in ways if way is not None})),
    )
    return replace(run, envelope=envelope)


def _seen(name: str, run: Run, faulty: Run, grades: tuple[tuple[int, ...], ...]) -> SeenFault:
    rows = rows_of(run.steps, faulty.steps)
    beyond = first_beyond(FAIL_ABOVE, rows, grades)
    return SeenFault(name=name, ratio=ratio_text(worst(rows, grades).ratio), step=beyond.step if beyond else None)


def _groups(runs: Sequence[Run], members: int) -> Iterator[list[Run]]:
    """Yield runs of one world size that one process does."""
    group: list[Run] = []
    steps = 0
    for run in sorted(runs, key=lambda run: run.plan.world_size):
        more = run.plan.step_count * (members + len(planted_faults(run.plan)))
        if group and (run.plan.world_size != group[0].plan.world_size or steps + more > LONGEST_PROCESS):
            yield group
            group, steps = [], 0
        group.append(run)
        steps += more
    if group:
        yield group
