"""What of a user's program no platform changes: the settings of its optimizers, its modules, the order of its calls.

An envelope judges what was computed, and low precision hides much; these are told exactly, so they are held exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reprocheck.model.records import Run
from reprocheck.model.verdicts import Divergence


def broken_promise(recorded: Run, observed: Run) -> Divergence | None:
    """Return the first of these that differs, None where none does or the runs are no program's."""
    if recorded.program is None or observed.program is None:
        return None
    return next(_differences(recorded, observed), None)


def _differences(recorded: Run, observed: Run) -> Iterator[Divergence]:
    if recorded.in_force.get("torch") == observed.in_force.get("torch"):  # another torch describes itself otherwise
        yield from _modules(recorded, observed)
    for number, (left, right) in enumerate(zip(recorded.steps, observed.steps, strict=False)):
        for rank, (there, here) in enumerate(zip(left, right, strict=False)):
            if there.notes is None or here.notes is None:
                continue
            yield from _settings((number, rank), there.notes.settings, here.notes.settings)
            if there.notes.events != here.notes.events:
                yield _divergence((number, rank), "order of calls", there.notes.events, here.notes.events)


def _modules(recorded: Run, observed: Run) -> Iterator[Divergence]:
    there, here = (dict(run.program.modules) if run.program else {} for run in (recorded, observed))
    for path, described in there.items():
        if path in here and here[path] != described:
            yield _divergence((0, 0), f"module `{path}`", described, here[path], "init")


def _settings(place: tuple[int, int], there: Mapping[str, str], here: Mapping[str, str]) -> Iterator[Divergence]:
    for name, value in there.items():
        if name in here and here[name] != value:
            yield _divergence(place, f"optimizer setting `{name}`", value, here[name])


def _divergence(
    place: tuple[int, int], quantity: str, recorded: str, observed: str, phase: str = "optimizer"
) -> Divergence:
    step, rank = place
    return Divergence(step=step, rank=rank, phase=phase, quantity=quantity, recorded=recorded, observed=observed)
