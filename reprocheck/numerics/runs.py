"""Which reference runs there are, and what each of them is made of.

A workload is a model, perhaps with pieces behind it that change its training loop: `transformer-accumulate-resume`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reprocheck.errors import UsageError
from reprocheck.model.records import COMMAND, RunPlan

REVISION = 1
DTYPES = ("fp32", "bf16", "fp16")
LARGEST_WORLD = 8
DEFAULT_STEPS = 10
DEFAULT_THREADS = 1  # the one count that every machine has, so that a record travels

# Powers of two: the schedule is exact. The scales overflow fp16 in the first step and fit soon after (measured).
LEARNING_RATES = {"transformer": 2.0**-8, "convnet": 2.0**-5}
RATE_OF_ADAM = 2.0**-8
FIRST_SCALES = {"transformer": 2.0**20, "convnet": 2.0**18}

# Of a user's own training, which plans itself.
OWN = "own"
LARGEST_WATCHED_WORLD = 4096
LONGEST_WATCHED_RUN = 1_000_000

# What a piece changes, in the order in which a name holds them.
PIECES: Mapping[str, str] = {
    "adam": "Adam in the place of AdamW or SGD",
    "accumulate": "two micro-batches a step, without an all-reduce before the last",
    "unclipped": "no clipping of gradients",
    "loader": "batches from the worker processes of a DataLoader",
    "resume": "stopped after five steps, and resumed from a checkpoint",
}
RESUME = "resume"
STOPS_AFTER = 5  # as the worker does
LARGEST_WORLD_IN_HALVES = 4  # a batch of 8 over more ranks leaves nothing to accumulate

DEFAULT_RUNS = (
    "transformer:fp32",
    "transformer:bf16",
    "transformer:fp16",
    "transformer-resume:fp32",
    "transformer-resume:fp16",
    "convnet:fp32",
    "convnet:bf16",
    "convnet-adam-loader:fp32",
    "transformer-accumulate:fp32:2",
    "transformer-accumulate:bf16:2",
)


def plan_runs(names: Sequence[str], *, seed: int, steps: int) -> tuple[RunPlan, ...]:
    """Return the plans of `NAME[-piece…][:dtype[:world_size]]`, in the order given and each one once.

    Raises:
        UsageError: a part of a name is unknown.
    """
    plans = [_plan(name, seed, steps) for name in names or _default_names(steps)]
    return tuple(dict.fromkeys(plans))


def _default_names(steps: int) -> Sequence[str]:
    """Return the default runs; those that resume only where they are long enough to stop."""
    return [name for name in DEFAULT_RUNS if steps > STOPS_AFTER or RESUME not in name]


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


def with_companions(plans: Sequence[RunPlan]) -> tuple[RunPlan, ...]:
    """Return `plans` with those that they are held against, each before the first that needs it.

    That is the fp32 twin of a run in mixed precision, and the run without a stop of one that resumes.

    Raises:
        UsageError: a run ends before it could stop and resume.
    """
    short = next((plan for plan in plans if uninterrupted(plan) and plan.step_count <= STOPS_AFTER), None)
    if short:
        raise UsageError(
            f"`{short.name}` ends before it could resume",
            where="--steps",
            why=f"it stops after {STOPS_AFTER} steps",
            how=f"ask for {STOPS_AFTER + 1} steps or more",
        )
    wanted = [each for plan in plans for each in (*_companions(plan), plan)]
    return tuple(dict.fromkeys(wanted))


def twin_of(plan: RunPlan) -> RunPlan | None:
    """Return the same run in fp32, None for one that is in fp32 or no workload of ours."""
    return None if plan.dtype not in DTYPES[1:] else replace(plan, dtype=DTYPES[0])


def uninterrupted(plan: RunPlan) -> RunPlan | None:
    """Return the same run without a stop, None for one that does not resume."""
    model, *pieces = plan.workload.split("-")
    if RESUME not in pieces:
        return None
    return replace(plan, workload="-".join([model, *(piece for piece in pieces if piece != RESUME)]))


def workload_fault(workload: str) -> str:
    """Return what is wrong with the name of a workload, empty where nothing is."""
    model, *pieces = workload.split("-")
    if model not in LEARNING_RATES:
        return f"expected one of {_listed(sorted(LEARNING_RATES))}"
    if unknown := [piece for piece in pieces if piece not in PIECES]:
        return f"`{unknown[0]}` is no piece, expected {_listed(PIECES)}"
    return "" if pieces == [piece for piece in PIECES if piece in pieces] else "expected its pieces once and in order"


def _companions(plan: RunPlan) -> Sequence[RunPlan]:
    direct = [each for each in (twin_of(plan), uninterrupted(plan)) if each]
    return [each for companion in direct for each in (*_companions(companion), companion)]


def _plan(name: str, seed: int, steps: int) -> RunPlan:
    workload, dtype, world = _parts(name)
    model, *pieces = workload.split("-")
    workload = "-".join([model, *sorted(dict.fromkeys(pieces), key=_place)])
    if fault := workload_fault(workload):
        raise _refused(f"unknown workload `{workload}` in `{name}`", fault)
    if dtype not in DTYPES:
        raise _refused(f"unknown precision `{dtype}` in `{name}`", f"expected one of {_listed(DTYPES)}")
    if world not in map(str, range(1, LARGEST_WORLD + 1)):
        sizes = _listed([str(size) for size in range(1, LARGEST_WORLD + 1)])
        raise _refused(f"unknown world size `{world}` in `{name}`", f"expected one of {sizes}")
    if "accumulate" in pieces and int(world) > LARGEST_WORLD_IN_HALVES:
        why = f"a batch of 8 is accumulated on {LARGEST_WORLD_IN_HALVES} ranks at most"
        raise _refused(f"`{name}` has too many ranks", why)
    return RunPlan(
        workload=workload,
        dtype=dtype,
        world_size=int(world),
        seed=seed,
        step_count=steps,
        learning_rate=(RATE_OF_ADAM if "adam" in pieces else LEARNING_RATES[model]).hex(),
        first_scale=FIRST_SCALES[model].hex(),
        revision=REVISION,
    )


def _place(piece: str) -> int:
    return [*PIECES, piece].index(piece)


def _parts(name: str) -> tuple[str, str, str]:
    workload, dtype, world, *more = [*name.split(":"), *("", "", "")]
    if any(more):
        raise _refused(f"`{name}` has too many parts", "expected NAME[:dtype[:world_size]]")
    return workload, dtype or "fp32", world or "1"


def _refused(what: str, why: str) -> UsageError:
    return UsageError(what, where="--workload", why=why, how="write for example `transformer:bf16:2`")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
