"""Which reference runs there are, and what each of them is made of."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.errors import UsageError
from reprocheck.model.records import COMMAND, RunPlan

REVISION = 1
DTYPES = ("fp32", "bf16", "fp16")
LARGEST_WORLD = 8
DEFAULT_STEPS = 10
DEFAULT_THREADS = 1  # the one count that every machine has, so that a record travels

# Powers of two: the schedule is exact. The scales overflow fp16 in the first step and fit soon after (measured).
LEARNING_RATES = {"transformer": 2.0**-8, "convnet": 2.0**-5}
FIRST_SCALES = {"transformer": 2.0**20, "convnet": 2.0**18}

# Of a user's own training, which plans itself.
OWN = "own"
LARGEST_WATCHED_WORLD = 4096
LONGEST_WATCHED_RUN = 1_000_000

DEFAULT_RUNS = (
    "transformer:fp32",
    "transformer:bf16",
    "transformer:fp16",
    "convnet:fp32",
    "convnet:bf16",
    "transformer:fp32:2",
    "transformer:bf16:2",
)


def plan_runs(names: Sequence[str], *, seed: int, steps: int) -> tuple[RunPlan, ...]:
    """Return the plans of `NAME[:dtype[:world_size]]`, in the order given and each one once.

    Raises:
        UsageError: a part of a name is unknown.
    """
    plans = [_plan(name, seed, steps) for name in names or DEFAULT_RUNS]
    return tuple(dict.fromkeys(plans))


def command_plan(world_size: int, step_count: int) -> RunPlan:
    """Return the plan of a user's own training: what it computes is its own affair, so that two of a size compare."""
    return RunPlan(
        workload=COMMAND,
        dtype=OWN,
        world_size=world_size,
        seed=0,
        step_count=step_count,
        learning_rate=(0.0).hex(),
        first_scale=(1.0).hex(),
        revision=REVISION,
    )


def _plan(name: str, seed: int, steps: int) -> RunPlan:
    workload, dtype, world = _parts(name)
    if workload not in LEARNING_RATES:
        raise _unknown(name, f"workload `{workload}`", sorted(LEARNING_RATES))
    if dtype not in DTYPES:
        raise _unknown(name, f"precision `{dtype}`", DTYPES)
    if world not in map(str, range(1, LARGEST_WORLD + 1)):
        raise _unknown(name, f"world size `{world}`", [str(size) for size in range(1, LARGEST_WORLD + 1)])
    return RunPlan(
        workload=workload,
        dtype=dtype,
        world_size=int(world),
        seed=seed,
        step_count=steps,
        learning_rate=LEARNING_RATES[workload].hex(),
        first_scale=FIRST_SCALES[workload].hex(),
        revision=REVISION,
    )


def _parts(name: str) -> tuple[str, str, str]:
    workload, dtype, world, *more = [*name.split(":"), *("", "", "")]
    if any(more):
        raise UsageError(
            f"`{name}` has too many parts",
            where="--workload",
            why="expected NAME[:dtype[:world_size]]",
            how="write for example `transformer:bf16:2`",
        )
    return workload, dtype or "fp32", world or "1"


def _unknown(name: str, part: str, allowed: Sequence[str]) -> UsageError:
    return UsageError(
        f"unknown {part} in `{name}`",
        where="--workload",
        why="expected one of " + ", ".join(f"`{value}`" for value in allowed),
        how="write for example `transformer:bf16:2`",
    )
