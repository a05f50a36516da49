"""What `reprocheck create` tells: one line that sums up, and with `-v` one line for each package."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.prefix_creation import Creation
from reprocheck.reports.visible import visible

_VERBS = {
    "created": "created",
    "changed": "brought to the lock:",
    "completed": "completed",
    "unchanged": "is what the lock says, unchanged:",
}


def render_creation(creation: Creation, *, verbose: bool = False) -> str:
    """Return what became of the prefix as lines, each ending in a newline."""
    lines = [*(_packages(creation) if verbose else ()), _summary(creation)]
    return "".join(f"{visible(line)}\n" for line in lines)


def _packages(creation: Creation) -> Iterator[str]:
    yield from (f"- {name}" for name in creation.removed)
    yield from (f"~ {name}" for name in creation.repaired)
    yield from (f"+ {name}" for name in creation.installed)


def _summary(creation: Creation) -> str:
    verb = _VERBS[creation.status]
    head = f"{creation.path} {verb}" if verb.endswith(":") else f"{verb} {creation.path}:"
    return f"{head} {creation.platform}, {creation.conda} conda and {creation.pip} pip packages{_tally(creation)}"


def _tally(creation: Creation) -> str:
    if creation.status == "created":
        return ""
    counted = (
        (len(creation.installed), "installed"),
        (len(creation.removed), "removed"),
        (len(creation.repaired), "repaired"),
    )
    told = ", ".join(f"{count} {word}" for count, word in counted if count)
    return f"; {told}" if told else ""
