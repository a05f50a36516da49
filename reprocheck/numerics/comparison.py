"""Where two runs part: exact comparison, step by step, in the order in which a step computes.

Control: the record. Test: the rerun. Held constant: data, seed, plan, threads. Equality is exact; the ULP
distance only describes a difference, it never excuses one.

Within a step the phases are taken in their order (`phases` for the built-in workloads, `watched_phases` for a user's
own training), and within a phase the ranks. Before step 0 comes *init*, behind the last common step *end*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from reprocheck.model.counting import counted
from reprocheck.model.records import RankStep, Run, TensorSpec
from reprocheck.model.verdicts import Check, Divergence
from reprocheck.numerics.marks import are_same
from reprocheck.numerics.pairs import Pair, of_tensor, relative_difference
from reprocheck.numerics.phases import PHASES
from reprocheck.numerics.run_cuts import cut, first_told
from reprocheck.numerics.watched_phases import WATCHED_PHASES, has_no_gradient

Ranks = tuple[RankStep, ...]
MOST_NAMED = 4  # tensors, where two models differ in many


def compare_runs(recorded: Run, observed: Run) -> Check:
    """Return the check of one run: pass, fail with the first divergence, or skip with the reason."""
    name = name_of(recorded)
    if recorded.unsupported:
        return Check(name=name, status="skip", detail=f"not in the record: {recorded.unsupported}")
    if observed.unsupported:
        return Check(name=name, status="skip", detail=f"not possible here: {observed.unsupported}")
    divergence = first_divergence(recorded, observed)
    if divergence is None:
        detail = f"{counted(len(recorded.steps), 'step')} bitwise{_on(recorded)}{not_finite(recorded)}"
        return Check(name=name, status="pass", detail=detail)
    detail = f"differs from step {divergence.step} on: {divergence.phase}"
    return Check(name=name, status="fail", detail=detail, first_divergence=divergence)


def name_of(run: Run) -> str:
    """Return the name of a run in a verdict: the script of a user's own training, or that of its plan."""
    return run.program.script if run.program else run.plan.name


def not_finite(run: Run) -> str:
    """Return in words in which step gradients first were not finite, nothing where all were; a skipped step may."""
    for number, ranks in enumerate(run.steps):
        if any(not rank.skipped and not math.isfinite(float.fromhex(rank.gradient_norm)) for rank in ranks):
            return f", gradients nan or infinite from step {number}"
    return ""


def first_divergence(recorded: Run, observed: Run) -> Divergence | None:
    """Return the first difference of two runs of one plan, or None if they are equal to the bit.

    Of two trainings of different lengths the common steps are compared first.
    """
    if not recorded.program:
        return _first_of(recorded, observed)
    found = _in_stages(recorded, observed) or _differing_end(recorded, observed)
    return _placed(found, recorded, observed) if found else None


def _in_stages(recorded: Run, observed: Run) -> Divergence | None:
    """Compare up to each step in which another optimizer makes its first one: its tensors are known from there on."""
    runs = (recorded, observed)
    count = min(len(run.steps) for run in runs)
    begins = sorted({0, *(step for run in runs for step in first_told(run) if step < count)})
    for begin, end in zip(begins, [*begins[1:], count], strict=True):
        found = _first_of(*(cut(run, end) for run in runs))
        if found:
            return replace(found, step=begin) if found.phase == "init" else found
    return None


def _first_of(recorded: Run, observed: Run) -> Divergence | None:
    start = _differing_ranks(recorded, observed) or _differing_layout(recorded, observed)
    return start or _differing_start(recorded, observed) or _differing_step(recorded, observed)


def settings_before(run: Run, step: int, rank: int) -> Mapping[str, str]:
    """Return the settings in force in a step of a user's own training: those of its optimizer and of the program."""
    notes = [note for ranks in run.steps[: step + 1] if rank < len(ranks) and (note := ranks[rank].notes)]
    return {
        name: value
        for note in notes
        for name, value in note.settings.items()
        if note.optimizer == notes[-1].optimizer or not name[:1].isdigit() or name.endswith(".state")
    }


def _differing_step(recorded: Run, observed: Run) -> Divergence | None:
    for step, (left, right) in enumerate(zip(recorded.steps, observed.steps, strict=True)):
        if left != right and (found := _in_step(step, (recorded, observed), (left, right))):
            return found
    return None


def _in_step(step: int, runs: tuple[Run, Run], ranks: tuple[Ranks, Ranks]) -> Divergence | None:
    pairs = list(_pairs(step, runs, ranks))
    if len(pairs) < max(map(len, ranks)):
        counts = [str(len(side)) for side in ranks]
        return Divergence(
            step=step, rank=len(pairs), phase="end", quantity="ranks", recorded=counts[0], observed=counts[1]
        )
    phases = WATCHED_PHASES if all(pair.recorded.notes and pair.observed.notes for pair in pairs) else PHASES
    return next((found for phase in phases for pair in pairs if (found := phase(pair))), None)


def _pairs(step: int, runs: tuple[Run, Run], ranks: tuple[Ranks, Ranks]) -> Iterator[Pair]:
    for rank, (left, right) in enumerate(zip(*ranks, strict=False)):
        before = [run.steps[step - 1][rank] if step else None for run in runs]
        settings = [settings_before(run, step, rank) for run in runs]
        yield Pair(
            step=step,
            rank=rank,
            tensors=runs[0].tensors,
            recorded=left,
            observed=right,
            recorded_ranks=ranks[0],
            observed_ranks=ranks[1],
            recorded_before=before[0],
            observed_before=before[1],
            recorded_settings=settings[0],
            observed_settings=settings[1],
        )


def _differing_ranks(recorded: Run, observed: Run) -> Divergence | None:
    left, right = (str(len(run.initial)) for run in (recorded, observed))
    if left == right:
        return None
    return Divergence(step=0, rank=0, phase="init", quantity="number of ranks", recorded=left, observed=right)


def _differing_layout(recorded: Run, observed: Run) -> Divergence | None:
    """Tell of parameters that changed their names, types or shapes, as a newer torch might do."""
    if recorded.tensors == observed.tensors:
        return None
    left, right = _layout(recorded, observed), _layout(observed, recorded)
    return Divergence(step=0, rank=0, phase="init", quantity="list of tensors", recorded=left, observed=right)


def _layout(run: Run, other: Run) -> str:
    """Return the tensors that the other run has not, or the first in another place, a few of them by name."""
    told, known = counted(len(run.tensors), "tensor"), {*other.tensors}
    alone = [_spelled(tensor) for tensor in run.tensors if tensor not in known]
    if not alone and known == {*run.tensors}:
        moved = zip_longest(run.tensors, other.tensors)
        place, tensor = next((place, pair[0]) for place, pair in enumerate(moved) if pair[0] != pair[1])
        return f"{told}, in place {place} {_spelled(tensor) if tensor else 'none'}"
    more = f", and {len(alone) - MOST_NAMED} more" if len(alone) > MOST_NAMED else ""
    return f"{told}, with {', '.join(alone[:MOST_NAMED])}{more}" if alone else told


def _differing_start(recorded: Run, observed: Run) -> Divergence | None:
    if recorded.initial == observed.initial:
        return None
    places = _with_first_values(recorded)
    for rank, (left, right) in enumerate(zip(recorded.initial, observed.initial, strict=True)):
        differing = (place for place in places if not are_same(left[place], right[place]))
        if (index := next(differing, None)) is not None:
            return of_tensor((0, rank, "init", "first value of"), recorded.tensors[index], left[index], right[index])
    return None


def _with_first_values(run: Run) -> Sequence[int]:
    """Return the places of the tensors whose first marks were made before anything was computed.

    In a user's own training they are made before the first optimizer step: by then a forward pass has updated the
    buffers, which never have a gradient.
    """
    count = len(run.tensors)
    if not run.program:
        return range(count)
    steps = [rank for ranks in run.steps for rank in ranks]
    return [place for place in range(count) if any(not has_no_gradient(step, place) for step in steps)]


def _differing_end(recorded: Run, observed: Run) -> Divergence | None:
    left, right = len(recorded.steps), len(observed.steps)
    if left == right:
        return None
    what = "number of optimizer steps"
    return Divergence(
        step=min(left, right), rank=0, phase="end", quantity=what, recorded=str(left), observed=str(right)
    )


def _placed(found: Divergence, recorded: Run, observed: Run) -> Divergence:
    """Name the module that holds the tensor, and where no element was sampled, what else was measured."""
    module = found.module or (found.tensor or "").rpartition(".")[0]
    if found.relative or not found.tensor or found.sampled:
        return replace(found, module=module)
    return replace(found, module=module, relative=_measured_nearby(found, recorded, observed))


def _measured_nearby(found: Divergence, recorded: Run, observed: Run) -> str:
    """Return the relative difference of the first number from this step on that is not equal, of the next step too."""
    for step in (found.step, found.step + 1):
        sides = [run.steps[step][found.rank] for run in (recorded, observed) if step < len(run.steps)]
        later = f" of step {step}" if step > found.step else ""
        for name, numbers in (
            ("loss", [side.loss for side in sides]),
            ("gradient norm", [side.gradient_norm for side in sides]),
        ):
            if len({*numbers}) > 1 and (told := relative_difference(*map(float.fromhex, numbers))):
                return f"{told} of the {name}{later}"
    return ""


def _spelled(tensor: TensorSpec) -> str:
    return f"{tensor.name} {tensor.dtype.removeprefix('torch.')}{list(tensor.shape)}"


def _on(run: Run) -> str:
    return f" on {run.plan.world_size} ranks" if run.plan.world_size > 1 else ""
