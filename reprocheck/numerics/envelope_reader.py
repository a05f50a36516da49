"""Read the envelope of a recorded run at the door, as `model/envelopes.py` writes it."""

from __future__ import annotations

import re

from reprocheck.model.envelopes import Envelope, SeenFault
from reprocheck.model.records import RankStep
from reprocheck.numerics.record_nodes import Node

MOST_MEMBERS = 64
_GRADES = re.compile(r"([0-9a-f]{3})+")
_RATIO = re.compile(r"\d{1,6}(\.\d{1,2})?|\d\.\de[+]\d{2,3}|inf")


def read_envelope(node: Node, steps: tuple[tuple[RankStep, ...], ...]) -> Envelope | None:
    """Return the envelope of a run with these steps, None where it has none.

    Raises:
        InputError: a value is not what it must be, or the gradients have no sketches, with the key.
    """
    if not node.has("envelope"):
        return None
    envelope = node["envelope"]
    rows = envelope["grades"].items()
    if len(rows) != len(steps):
        envelope["grades"].refuse(f"expected {len(steps)} members, found {len(rows)}")
    last = len(steps) - 1
    return Envelope(
        members=envelope["members"].integer(1, MOST_MEMBERS),
        grades=tuple(_grades(row, step) for row, step in zip(rows, steps, strict=True)),
        held_out=tuple(item.text(_RATIO, "a ratio such as `1.25`") for item in envelope["held_out"].items()),
        faults=tuple(_fault(item, last) for item in envelope["faults"].items()),
        borders=tuple(item.integer(0, last) for item in envelope["borders"].items()),
    )


def _grades(node: Node, step: tuple[RankStep, ...]) -> tuple[int, ...]:
    """Return the grades of a step: of its loss, its gradient norm, and each gradient that has a sketch."""
    text = node.text(_GRADES, "grades of three hexadecimal digits each")
    expected = 2 + len(step[0].sketches)
    if len(text) != 3 * expected or not step[0].sketches:
        node.refuse(f"expected {expected} grades, those of loss, gradient norm and each gradient with a sketch")
    return tuple(int(text[start : start + 3], 16) for start in range(0, len(text), 3))


def _fault(node: Node, last: int) -> SeenFault:
    step = node["step"]
    return SeenFault(
        name=node["name"].text(),
        ratio=node["ratio"].text(_RATIO, "a ratio such as `1.25`"),
        step=None if step.value is None else step.integer(0, last),
    )
