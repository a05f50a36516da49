"""Runs of one record hold much of the same: what an earlier run told in the same words is referred to by its name.

All runs of a model begin with the same tensors and first weights, those of a world size with the same batches, and a
run that resumes is the one without a stop. `as transformer:fp32` stands for what that run holds in the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprocheck.model.json_documents import Json, dump_line

REFERENCE = "as "
SHORTEST = 40  # characters that are worth a reference


def referring(runs: Sequence[Mapping[str, Json]], names: Sequence[str]) -> list[Mapping[str, Json]]:
    """Return the documents of runs, the later ones with references to the earlier ones."""
    return [_referring(run, dict(zip(names[:number], runs[:number], strict=True))) for number, run in enumerate(runs)]


def places_of(run: Mapping[str, Json]) -> dict[tuple[str, ...], Json]:
    """Return what may be referred to: the tensors, and each column of each rank."""
    ranks = run.get("ranks")
    columns: dict[tuple[str, ...], Json] = {
        ("ranks", str(number), key): value
        for number, rank in enumerate(ranks if isinstance(ranks, Sequence) and not isinstance(ranks, str) else ())
        if isinstance(rank, Mapping)
        for key, value in rank.items()
    }
    if "tensors" in run:
        columns[("tensors",)] = run["tensors"]
    return columns


def replaced(run: Mapping[str, Json], changes: Mapping[tuple[str, ...], Json]) -> Mapping[str, Json]:
    """Return the document of a run with other values in some places."""
    if not changes:
        return run
    ranks = run.get("ranks")
    listed: Sequence[Json] = ranks if isinstance(ranks, Sequence) and not isinstance(ranks, str) else ()
    own = {
        "ranks": [
            {key: changes.get(("ranks", str(number), key), value) for key, value in rank.items()}
            if isinstance(rank, Mapping)
            else rank
            for number, rank in enumerate(listed)
        ]
    }
    return {**run, **(own if listed else {}), **{place[0]: new for place, new in changes.items() if len(place) == 1}}


def _referring(run: Mapping[str, Json], earlier: Mapping[str, Mapping[str, Json]]) -> Mapping[str, Json]:
    known = {name: places_of(other) for name, other in earlier.items()}
    changes: dict[tuple[str, ...], Json] = {}
    for place, value in places_of(run).items():
        if len(dump_line(value)) < SHORTEST:
            continue
        name = next((name for name, places in known.items() if places.get(place) == value), None)
        if name:
            changes[place] = f"{REFERENCE}{name}"
    return replaced(run, changes)
