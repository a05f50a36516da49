"""Put back what the runs of a record refer to, before they are read; see `model/run_references.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from reprocheck.model.json_documents import Json
from reprocheck.model.run_references import REFERENCE, places_of, replaced
from reprocheck.numerics.record_nodes import Node


def without_references(runs: Sequence[Node]) -> list[Node]:
    """Return the runs as if each held all its own.

    Raises:
        InputError: a reference to no earlier run, or to nothing in it, with its key.
    """
    known: dict[str, Mapping[tuple[str, ...], Json]] = {}
    found: list[Node] = []
    for node in runs:
        if not isinstance(node.value, dict):
            found.append(node)
            continue
        run = cast("Mapping[str, Json]", node.value)
        changes = {
            place: _meant(node, place, value, known)
            for place, value in places_of(run).items()
            if isinstance(value, str) and value.startswith(REFERENCE) and ":" in value
        }
        whole = replaced(run, changes)
        known.setdefault(_name(run), places_of(whole))
        found.append(Node(value=whole, path=node.path))
    return found


def _name(run: Mapping[str, Json]) -> str:
    """Return the name of a run as `RunPlan.name` makes it; whatever a faulty document holds is a text."""
    size = run.get("world_size")
    return f"{run.get('workload')}:{run.get('dtype')}" + (f":{size}" if size != 1 else "")


def _meant(node: Node, place: tuple[str, ...], value: str, known: Mapping[str, Mapping[tuple[str, ...], Json]]) -> Json:
    name = value.removeprefix(REFERENCE)
    where = Node(value=value, path=f"{node.path}.{_path(place)}")
    if name not in known:
        where.refuse("expected a reference to an earlier run")
    if place not in known[name]:
        where.refuse(f"`{name}` holds nothing here")
    return known[name][place]


def _path(place: tuple[str, ...]) -> str:
    return place[0] if len(place) == 1 else f"{place[0]}[{place[1]}].{place[2]}"
