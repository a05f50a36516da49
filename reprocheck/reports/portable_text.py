"""The portable setting for people: what to set, what it makes equal, what not, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.portable_settings import PortableFamily, PortableSetting
from reprocheck.reports.visible import visible

MOST_NAMES = 3
HEAD = ("family", "probes", "by default depends on", "with the setting", "time")
SCOPE = (
    "The machines were played on this processor: other numbers of threads, older instruction sets, another vendor's",
    "branch of MKL, other code paths of the C library. What differs here differs; what is equal here may still differ",
    "on another processor, library or release. Processors without AVX2 were left out. The times are those of small",
    "operations, which feel a lower instruction set less, or more, than a training does.",
)


def render_portable(found: PortableSetting) -> str:
    """Return the page, ending in a newline."""
    sections = (_setting(found), _families(found), _cost(found), _notes(found), iter(SCOPE))
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section))) + "\n"


def _setting(found: PortableSetting) -> Iterator[str]:
    equal = found.probes - len(found.unequal)
    played = len(found.machines)
    yield f"Portable setting: {equal} of {found.probes} probes equal on this machine and {played} played here"
    yield ""
    for name, value in found.environment.items():
        yield f"  export {name}={value}"
    for line in found.code:
        yield f"  {line}"


def _families(found: PortableSetting) -> Iterator[str]:
    rows = [HEAD, *(_row(family) for family in found.families)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = [
            cell.rjust(width) if column in (1, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + visible("  ".join(cells).rstrip())


def _row(family: PortableFamily) -> Sequence[str]:
    return (
        family.family,
        str(family.probes),
        ", ".join(family.depends_on) or "-",
        "equal" if family.is_equal else f"not equal: {_named(family)}",
        f"{family.cost:.2f}",
    )


def _named(family: PortableFamily) -> str:
    names = [name.partition("/")[2] for name in family.unequal]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _cost(found: PortableSetting) -> Iterator[str]:
    rounds = "one round" if found.rounds == 1 else f"{found.rounds} rounds in turn"
    yield f"Cost: {found.cost:.2f} times the time by default (median of the families, {rounds})"
    for choice in found.choices:
        if choice.settings != found.settings:
            yield f"  instead: {' '.join(choice.settings)}: {choice.equal} probes equal, {choice.cost:.2f} times"


def _notes(found: PortableSetting) -> Iterator[str]:
    for note in found.notes:
        yield visible(f"Not measured: {note}")
