"""Updates and times of a run: from the lines of the worker, and from a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median_low
from typing import cast, get_args

from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER, Json
from reprocheck.model.optimizer_updates import RunUpdates, UpdateSample, bits_of
from reprocheck.model.run_times import Memory, RunTimes
from reprocheck.numerics.record_nodes import Node

Lines = Sequence[Mapping[str, Json]]
LARGEST_SAMPLE = 64
LARGEST_STEP, LARGEST_GROUP = 10_000, 1000
_WORDS = re.compile(rf"[0-9a-f]{{8}}(\.[0-9a-f]{{8}}){{0,{LARGEST_SAMPLE - 1}}}")
WARM_STEPS = 2  # timed steps that are left out: the first ones fill caches and build what later ones reuse


def assemble_updates(lines: Lines) -> RunUpdates | None:
    """Return the updates that the lines of one run tell of, None where there are none."""
    told = [
        (cast("int", line["step"]), update)
        for line in lines
        for update in cast("Sequence[Mapping[str, Json]]", line.get("updates", ()))
    ]
    if not told:
        return None
    samples = [
        UpdateSample(
            step=step,
            group=cast("int", update["group"]),
            optimizer=str(update["optimizer"]),
            after=bits_of(str(update["after"])),
        )
        for step, update in told
    ]
    before, gradient = (bits_of(str(told[0][1][key])) for key in ("before", "gradient"))
    return RunUpdates(before=before, gradient=gradient, samples=tuple(samples))


def assemble_times(lines: Lines) -> RunTimes | None:
    """Return the median step of the slowest rank and the largest peak, None where nobody asked or one step is all."""
    told = [line for line in lines if line["kind"] == "timed" and line["steps_ns"]]
    if not told:
        return None
    ranks = [cast("Sequence[int]", line["steps_ns"]) for line in told]
    return RunTimes(
        step_ns=max(median_low(steps[WARM_STEPS:] or steps) for steps in ranks),
        peak_bytes=max(cast("int", line["peak_bytes"]) for line in told),
        memory=cast("Memory", told[0]["memory"]),
    )


def read_updates(run: Node) -> RunUpdates | None:
    """Return the updates in the record of a run, None where it has none."""
    if not run.has("updates"):
        return None
    node = run["updates"]
    before, gradient = (_bits(node[key]) for key in ("before", "gradient"))
    if len(gradient) != len(before):
        node["gradient"].refuse(f"expected {len(before)} words, found {len(gradient)}")
    samples = tuple(_sample(item, len(before)) for item in node["samples"].items())
    return RunUpdates(before=before, gradient=gradient, samples=samples)


def read_times(run: Node) -> RunTimes | None:
    """Return the times in the record of a run, None where it has none."""
    if not run.has("measured"):
        return None
    node = run["measured"]
    return RunTimes(
        step_ns=node["step_ns"].integer(0, LARGEST_SAFE_INTEGER),
        peak_bytes=node["peak_bytes"].integer(0, LARGEST_SAFE_INTEGER),
        memory=cast("Memory", node["memory"].one_of(get_args(Memory))),
    )


def _sample(node: Node, count: int) -> UpdateSample:
    after = _bits(node["after"])
    if len(after) != count:
        node["after"].refuse(f"expected {count} words, found {len(after)}")
    return UpdateSample(
        step=node["step"].integer(0, LARGEST_STEP),
        group=node["group"].integer(0, LARGEST_GROUP),
        optimizer=node["optimizer"].text(),
        after=after,
    )


def _bits(node: Node) -> tuple[int, ...]:
    return bits_of(node.text(_WORDS, "float32 bits as hex words"))
