"""Read the operations of a record: a table of all of them, and for each run the places of its own in that table.

Older records have neither. What is read is only text of a known form; what it asks for is looked up by the worker, in
torch's own operations, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.operations import MOST_OPERATIONS, WORDS, OperationDigest, RunOperations, fault_of_text
from reprocheck.numerics.record_nodes import Node

_DIGEST = re.compile(r"[0-9a-f]{16}")
_RANGES = re.compile(r"(?:\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)?")
_MEANING = "places of operations such as `0-12,14`"


def read_operations_table(root: Node) -> tuple[OperationDigest, ...]:
    """Return the operations of all runs; none in an older record.

    Raises:
        InputError: one is not of the form that records hold.
    """
    if not root.has("operations"):
        return ()
    items = root["operations"].items()
    if len(items) > MOST_OPERATIONS:
        root["operations"].refuse(f"expected at most {MOST_OPERATIONS} operations")
    return tuple(map(_operation, items))


def _operation(node: Node) -> OperationDigest:
    outcome, _, text = node.text().partition(" ")
    if outcome not in WORDS and not _DIGEST.fullmatch(outcome):
        node.refuse("expected a digest of 16 hexadecimal digits, or the word that says why there is none")
    fault = fault_of_text(text)
    if fault:
        node.refuse(fault)
    return OperationDigest(text=text, outcome=outcome)


def read_operations(run: Node, table: tuple[OperationDigest, ...]) -> RunOperations | None:
    """Return the operations of one run, None in an older record.

    Raises:
        InputError: a place that the table does not have, or a value of another kind.
    """
    if not run.has("operations"):
        return None
    node = run["operations"]
    used = node["used"]
    digests = tuple(table[place] for place in _places(used, len(table)))
    return RunOperations(
        steps=node["steps"].integer(0, 10**4),
        complete=node["complete"].flag(),
        detail=node["detail"].text(),
        traced=tuple(digest.text for digest in digests),
        digests=digests,
    )


def _places(used: Node, count: int) -> Iterator[int]:
    taken = 0
    for part in filter(None, used.text(_RANGES, _MEANING).split(",")):
        first, _, last = part.partition("-")
        places = range(int(first), int(last or first) + 1)
        taken += len(places)
        if not places or places[-1] >= count or taken > count:
            used.refuse(f"expected {_MEANING}, each once, below {count}")
        yield from places
