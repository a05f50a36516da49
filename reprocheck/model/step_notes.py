"""What a watched step tells beside its bits: evidence of where and why two runs part, never a difference by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The letters of `StepNotes.events`, in the order in which a step usually has them.
EVENTS: Mapping[str, str] = {
    "Z": "gradients set to zero",
    "F": "forward pass",
    "B": "backward pass",
    "U": "gradients unscaled",
    "C": "gradients clipped",
    "S": "optimizer step",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotes:
    """One optimizer step of a user's own training, as the hooks saw it on one rank.

    `optimizer` counts the optimizers of the run from 0 in the order of their first steps. `events` are letters of
    `EVENTS` in order. `random` holds digests of the generator states before the first forward pass of the step, by
    generator: `torch`, `cuda`, `python`, `numpy`. `losses` are those of each backward pass, divided by the loss scale,
    as hex floats. `local` is a digest of all gradients before they were summed over the ranks, empty with one rank.
    `settings` are the optimizer's settings that are not as in the step before, all of them in its first, by
    `GROUP.NAME`. `outputs` are marks of the outputs of modules in the order of their ends, in dense steps only: pairs
    of the module's path and the mark. `before` are marks of parameters, by name, that somebody else than an optimizer
    changed since the step before, in dense steps only.
    """

    optimizer: int = 0
    events: str = ""
    random: Mapping[str, str] = field(default_factory=dict)
    losses: tuple[str, ...] = ()
    local: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[tuple[str, str], ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedProgram:
    """What the hooks learned of a user's own training at its first step.

    `modules` are pairs of path and description (`LayerNorm((64,), eps=1e-05, elementwise_affine=True)`), `optimizers`
    the names of their classes, `ddp` what DistributedDataParallel was built with, `switches` the entries of
    `model.numeric_switches` in force, `complete` says whether the program ended by itself.
    """

    script: str
    modules: tuple[tuple[str, str], ...] = ()
    optimizers: tuple[str, ...] = ()
    ddp: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, object] = field(default_factory=dict)
    complete: bool = True
