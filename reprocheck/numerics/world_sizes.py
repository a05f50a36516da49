"""A run on another number of ranks than recorded: the same batches, masks and steps, other sums.

That changes bits everywhere, but no more than another platform does: the envelope of the record holds (studied on one,
two, four and eight shards). Batch norm computes the statistics of each rank's own batch, and the workers of a data
loader draw rank by rank: such runs are another computation on another number of ranks.
"""

from __future__ import annotations

from dataclasses import replace

from reprocheck.errors import UsageError
from reprocheck.model.records import RankStep, Record, Run

WORLD_SIZES = (1, 2, 4, 8)  # those that divide the batch
LARGEST_IN_HALVES = 4
BOUND_TO_RANKS = ("convnet", "loader")


def runs_on(record: Record, world_size: int) -> Record:
    """Return the record with those runs only that mean the same on so many ranks.

    Raises:
        UsageError: there is none.
    """
    kept = tuple(run for run in record.runs if run.envelope and _may_run_on(run, world_size))
    if kept:
        return replace(record, runs=kept)
    raise UsageError(
        f"no run of the record can be judged on {world_size} rank(s)",
        where="--world-size",
        why="expected a recorded transformer with its envelope: another number of ranks gives other bits, and batch "
        "norm another computation",
        how="record one, as with `reprocheck record --workload transformer:fp32`, or leave `--world-size` out",
    )


def as_recorded_ranks(recorded: Run, observed: Run) -> Run:
    """Return `observed` with as many ranks as were recorded: all ranks hold the same, but for batch and loss."""
    if len(recorded.initial) == len(observed.initial):
        return observed
    places = [rank % len(observed.initial) for rank in range(len(recorded.initial))]
    return replace(
        observed,
        initial=tuple(observed.initial[place] for place in places),
        steps=tuple(
            tuple(_with_data(step[place], recorded.steps[number][rank]) for rank, place in enumerate(places))
            for number, step in enumerate(observed.steps)
        ),
    )


def _may_run_on(run: Run, world_size: int) -> bool:
    pieces = run.plan.workload.split("-")
    if any(piece in BOUND_TO_RANKS for piece in pieces):
        return False
    return "accumulate" not in pieces or world_size <= LARGEST_IN_HALVES


def _with_data(observed: RankStep, recorded: RankStep) -> RankStep:
    """Return the step with the recorded batch: the shares of the ranks differ, their union is what is trained on."""
    return replace(observed, data=recorded.data)
