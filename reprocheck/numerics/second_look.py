"""Does the program repeat itself here? A second rerun, up to the first differing step, against the first one.

Control: the first rerun. Test: the second. A difference that the program has with itself cannot be held against the
rerun; only where it parted from the record before it parted from itself, by step and then by phase, it can.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from reprocheck.model.records import RankStep, Run
from reprocheck.model.verdicts import SECOND_RERUN, Cause, Check, Divergence
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.marks import is_there
from reprocheck.numerics.pairs import of_tensor
from reprocheck.numerics.run_cuts import cut
from reprocheck.numerics.watched_case import last_marks

ORDER: Final = (
    "init",
    "data",
    "parameters",
    "random",
    "forward",
    "scale",
    "backward",
    "all-reduce",
    "unscale",
    "clip",
    "optimizer",
    "end",
)
_SEEDS = (
    "seed `torch`, `random` and `numpy`, give the loader a seeded `generator`, set PYTHONHASHSEED, and sort what is "
    "listed from folders and sets; then record again"
)
_KERNELS = (
    "call `torch.use_deterministic_algorithms(True)`, leave `torch.backends.cudnn.benchmark` off and set "
    "CUBLAS_WORKSPACE_CONFIG=:4096:8; on a CPU try one thread; then record again"
)
_RANKS = "set NCCL_ALGO=Ring and NCCL_NVLS_ENABLE=0, and keep the buckets of DistributedDataParallel; then record again"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """What a second rerun showed.

    `found` is the divergence from the record, in the words of the step that was told in full where it was; `observed`
    the first rerun with that step. `excused` says that the difference is the program's own.
    """

    check: Check
    found: Divergence
    observed: Run
    cause: Cause | None = None
    excused: bool = False
    is_steady: bool = False


def is_worth_a_look(found: Divergence) -> bool:
    """Say whether a second rerun up to the differing step can tell more: not of another length, layout or launch."""
    return found.phase != "end" and found.quantity not in ("number of ranks", "list of tensors")


def look_again(recorded: Run, first: Run, again: Run | None, found: Divergence) -> SecondLook:
    """Return what the rerun `again`, which went up to the step of `found`, says of `found`."""
    count = found.step + 1
    if again is None or len(again.steps) < count:
        check = Check(name=SECOND_RERUN, status="skip", detail=f"none that came to step {found.step}")
        return SecondLook(check=check, found=found, observed=first)
    again = cut(again, count)
    parted = first_divergence(cut(first, count), again)
    if parted is None:
        return _stable(recorded, first, again, found)
    place = f"step {parted.step}, {parted.phase}"
    if _is_later(parted, found):
        detail = f"parts from the first rerun too, but only after it parted from the record: {place}"
        check = Check(name=SECOND_RERUN, status="review", detail=detail, first_divergence=parted)
        return SecondLook(check=check, found=found, observed=first)
    detail = f"parts from the first rerun: {place}; the program does not repeat itself here"
    check = Check(name=SECOND_RERUN, status="review", detail=detail, first_divergence=parted)
    return SecondLook(check=check, found=found, observed=first, cause=_unrepeatable(first, again, parted), excused=True)


def _is_later(parted: Divergence, found: Divergence) -> bool:
    return _time(parted) > _time(found)


def _time(divergence: Divergence) -> tuple[int, int]:
    return divergence.step, ORDER.index(divergence.phase)


def _stable(recorded: Run, first: Run, again: Run, found: Divergence) -> SecondLook:
    detail = f"gave the bits of the first one up to step {found.step}: the difference is stable"
    check = Check(name=SECOND_RERUN, status="pass", detail=detail)
    fuller = first_divergence(cut(recorded, found.step + 1), again)
    told = fuller if fuller and fuller.step == found.step else found
    return SecondLook(
        check=check,
        found=_changed_before(recorded, again, told) or told,
        observed=_without_idle_generators(_with_last_step(first, again), _unseeded(first, again)),
        is_steady=True,
    )


def _without_idle_generators(run: Run, idle: Collection[str]) -> Run:
    """Return a run without the states of generators that no two runs share: equal bits show that they decide none."""
    if not idle:
        return run
    return replace(run, steps=tuple(tuple(_without(rank, idle) for rank in ranks) for ranks in run.steps))


def _without(step: RankStep, idle: Collection[str]) -> RankStep:
    if not step.notes:
        return step
    kept = {name: state for name, state in step.notes.random.items() if name not in idle}
    return replace(step, notes=replace(step.notes, random=kept))


def _changed_before(recorded: Run, again: Run, found: Divergence) -> Divergence | None:
    """Name a parameter that somebody changed between the steps, and that nobody ever changed in the record.

    The record tells this of its dense steps alone, of which the differing one may be none.
    """
    if found.phase in ("init", "data"):
        return None
    known = {name for ranks in recorded.steps for rank in ranks for name in _changed(rank)}
    changed = [name for name in _changed(again.steps[found.step][found.rank]) if name not in known]
    places = {tensor.name: place for place, tensor in enumerate(again.tensors)}
    if not changed or changed[0] not in places:
        return None
    place = places[changed[0]]
    was = last_marks(again, place, found.step - 1, found.rank)
    is_now = _before(again.steps[found.step][found.rank])[changed[0]]
    where = (found.step, found.rank, "parameters", "value before the step of")
    told = of_tensor(where, again.tensors[place], was, is_now)
    seen = f"{found.relative} of the {found.quantity}" if found.relative and not found.tensor else ""
    return replace(told, module=changed[0].rpartition(".")[0], relative=told.relative or seen)


def _before(step: RankStep) -> Mapping[str, str]:
    return step.notes.before if step.notes else {}


def _changed(step: RankStep) -> tuple[str, ...]:
    return tuple(_before(step))


def _with_last_step(first: Run, again: Run) -> Run:
    """Return the first rerun with the notes and samples of the second's last step, where both have the same tensors."""
    last = len(again.steps) - 1
    if again.tensors != first.tensors:
        return first
    told = tuple(
        replace(
            rank,
            notes=seen.notes,
            gradients=tuple(map(_fuller, rank.gradients, seen.gradients)),
            parameters=tuple(map(_fuller, rank.parameters, seen.parameters)),
        )
        for rank, seen in zip(first.steps[last], again.steps[last], strict=True)
    )
    return replace(first, steps=(*first.steps[:last], told, *first.steps[last + 1 :]))


def _fuller(left: str, right: str) -> str:
    return right if is_there(right) and len(right) > len(left) else left


def _unrepeatable(first: Run, again: Run, parted: Divergence) -> Cause:
    modules = dict(first.program.modules) if first.program else {}
    idle = _unseeded(first, again)
    where = f"`{parted.module}` ({modules[parted.module]})" if parted.module in modules and parted.module else ""
    facts = [
        f"two reruns part at step {parted.step}, rank {parted.rank}, {parted.phase}: {parted.quantity}",
        *([f"in the module {where}"] if where else []),
        *([f"nothing seeds these generators: {', '.join(f'`{name}`' for name in idle)}"] if idle else []),
    ]
    fix = _SEEDS if parted.phase in ("init", "data", "random") else _RANKS if parted.phase == "all-reduce" else _KERNELS
    return Cause(
        what="the program does not repeat itself here, so that no rerun can be held against it",
        evidence=tuple(facts),
        fix=fix,
    )


def _unseeded(first: Run, again: Run) -> tuple[str, ...]:
    """Return the generators that start elsewhere in each run: nothing seeds them."""
    left, right = (_states(run) for run in (first, again))
    return tuple(sorted({name for name, rank in left if right.get((name, rank), left[name, rank]) != left[name, rank]}))


def _states(run: Run) -> Mapping[tuple[str, int], str]:
    """Return the states of the generators before the first step, by name and rank."""
    ranks = enumerate(rank.notes for rank in run.steps[0])
    return {(name, rank): state for rank, notes in ranks if notes for name, state in notes.random.items()}
