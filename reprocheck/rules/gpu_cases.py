"""How the rules about GPUs go over platforms and GPUs, and name both: what is said of several is told once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.gpu_arch import sm_name
from reprocheck.model.findings import Location, PackageRef, RelatedLocation
from reprocheck.model.locks import Lock
from reprocheck.rules.closure import ways_in
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen

if TYPE_CHECKING:
    # For annotations only: `check` looks at no machine, and all that judges one takes its time to load.
    from reprocheck.model.judgements import Reason
    from reprocheck.model.machines import Gpu
    from reprocheck.rules.runnable import Stack

    Judge = Callable[[Stack, Numbers], Reason | None]

_USUAL = (("conda", "pytorch-gpu"), ("conda", "pytorch"), ("pip", "torch"))


class Case(NamedTuple):
    """One reason, with the GPUs and the platforms that it is true of; `stack` is that of the first platform."""

    reason: Reason
    stack: Stack
    gpus: tuple[Gpu, ...]
    platforms: tuple[str, ...]


def gpu_cases(facts: Facts, judge: Judge) -> list[Case]:
    """Return what `judge` says of each GPU on each platform that it exists for, the same reasons together."""
    found: dict[tuple[Reason, Gpu], list[Stack]] = {}
    for stack, gpu in _pairs(facts):
        reason = judge(stack, capability(gpu))
        if reason:
            found.setdefault((reason, gpu), []).append(stack)
    together: dict[tuple[Reason, tuple[str, ...]], tuple[Stack, list[Gpu]]] = {}
    for (reason, gpu), stacks in found.items():
        key = (reason, tuple(stack.platform for stack in stacks))
        together.setdefault(key, (stacks[0], []))[1].append(gpu)
    return [
        Case(reason, stack, tuple(dict.fromkeys(gpus)), where) for (reason, where), (stack, gpus) in together.items()
    ]


def _pairs(facts: Facts) -> Iterator[tuple[Stack, Gpu]]:
    # Imported where it is needed, see above.
    from reprocheck.rules.runnable import is_of_another_processor, stack_of

    gpus = () if isinstance(facts.gpus, Unseen) else facts.gpus
    for platform in platforms_in(facts):
        stack = stack_of(facts, platform)
        for gpu in gpus:
            if stack and not is_of_another_processor(platform, capability(gpu)):
                yield stack, gpu


def reason_among(kinds: Container[str]) -> Judge:
    """Return the judge who tells the first of some kinds of reasons that a GPU alone gives."""
    # Imported where it is needed, see above.
    from reprocheck.rules.runnable import judge_gpu

    return lambda stack, compute_capability: next(
        (reason for reason in judge_gpu(stack, compute_capability) if reason.kind in kinds), None
    )


def capability(gpu: Gpu) -> Numbers:
    """Return the compute capability as numbers."""
    return numbers(gpu.compute_capability or "")


def called(gpus: Iterable[Gpu]) -> str:
    """Return GPUs with what they are: `V100 (sm_70)`, or `sm_70` alone where that is how it was named."""
    names = []
    for gpu in gpus:
        architecture = sm_name(gpu.compute_capability or "")
        names.append(
            architecture if gpu.name in (architecture, gpu.compute_capability) else f"{gpu.name} ({architecture})"
        )
    return ", ".join(dict.fromkeys(names))


def told_by(facts: Facts) -> str:
    """Return who told about the machine."""
    return "nobody" if isinstance(facts.machine, Unseen) else facts.machine.source


def place_of(facts: Facts, package: PackageRef, own: Location) -> tuple[Location, tuple[RelatedLocation, ...]]:
    """Return where a package is declared, else `own`; the place in the lock is told beside it."""
    declared = first_place(facts, ((package.manager, package.name), *_USUAL))
    if declared is None or declared == own:
        return own, ()
    return declared, (RelatedLocation(location=own, message=f"`{package.name}` in the lock"),)


def paths_of(facts: Facts, package: PackageRef) -> tuple[tuple[PackageRef, ...], ...]:
    """Return how a locked package came in, where something else brought it."""
    return ways_in(facts, facts.lock, (package,)) if isinstance(facts.lock, Lock) else ()
