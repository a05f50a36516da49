"""Fire drills: plant a known fault in the rerun, and see it caught.

A drill changes the rerun only, never the record, and a verdict that saw one says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprocheck.errors import UsageError
from reprocheck.model.records import RunPlan

KEYS = ("seed", "lr", "threads", "drop-sync")
NO_STEP = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """The faults to plant; None where there is none. `texts` are the options as given."""

    texts: tuple[str, ...] = ()
    seed: int | None = None
    learning_rate_factor: float | None = None
    threads: int | None = None
    drop_sync: int | None = None

    def planted(self, plan: RunPlan) -> RunPlan:
        """Return `plan` with seed and learning rate changed as asked."""
        factor = self.learning_rate_factor or 1.0
        rate = float.fromhex(plan.learning_rate) * factor
        return replace(plan, seed=plan.seed if self.seed is None else self.seed, learning_rate=rate.hex())


def parse_drills(texts: Sequence[str]) -> Drills:
    """Return the drills of `KEY=VALUE` texts; the last of one key counts.

    Raises:
        UsageError: an unknown key, or a value that does not fit.
    """
    values = dict(_split(text) for text in texts)
    return Drills(
        texts=tuple(f"{key}={value}" for key, value in values.items()),
        seed=_integer("seed", values.get("seed"), 0),
        learning_rate_factor=_factor(values.get("lr")),
        threads=_integer("threads", values.get("threads"), 1),
        drop_sync=_integer("drop-sync", values.get("drop-sync"), 0),
    )


def refuse_idle_drills(drills: Drills, plans: Sequence[RunPlan]) -> None:
    """Refuse a drill that could not touch any run, so that a pass never looks like a fault missed.

    Raises:
        UsageError: no run has several ranks, or none is that long.
    """
    lengths = [plan.step_count for plan in plans if plan.world_size > 1]
    if drills.drop_sync is not None and drills.drop_sync >= max(lengths, default=0):
        why = f"the longest run with several ranks has {max(lengths)} steps" if lengths else "no run has several ranks"
        raise _unfit(f"`drop-sync={drills.drop_sync}` touches no run of this record", why)


def _split(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or key not in KEYS:
        raise _unfit(
            f"`{text}` is not a drill", "expected KEY=VALUE with KEY one of " + ", ".join(f"`{k}`" for k in KEYS)
        )
    return key, value


def _integer(key: str, value: str | None, least: int) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and least <= int(value) < 2**31):
        raise _unfit(f"`{key}={value}` is not a drill", f"expected an integer from {least} on")
    return int(value)


def _factor(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        factor = float(value)
    except ValueError:
        factor = math.nan
    if not (math.isfinite(factor) and factor > 0):
        raise _unfit(f"`lr={value}` is not a drill", "expected a factor above 0, for example `lr=1.001`")
    return factor


def _unfit(what: str, why: str) -> UsageError:
    return UsageError(what, where="--drill", why=why, how="see `reprocheck verify --help`")
