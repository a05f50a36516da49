"""What is known of every switch that changes bits: what it does, what torch takes by itself, and how it is set.

The table names its sources row by row. How a switch is read stands in `worker/switches`; a test holds the names equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from reprocheck.facts.tables import Row, optional_text, rows_of, text


class SwitchFacts(NamedTuple):
    """One switch.

    `kind` is machine (CPU), cuda, distributed or run; `effect` is on bits, `families` the operations that it changes;
    `default` is in words. `variables` (`NAME=text`) set it before torch is loaded, `code` sets it later, None where
    nothing does; `{value}` stands for the value in both. `part_of` is the switch that says the same as a value in
    force. `values` are worth trying. `basis` says in words
    whether its effect was measured or read of.
    """

    name: str
    kind: str
    what: str
    effect: str
    families: tuple[str, ...]
    default: str
    variables: tuple[str, ...]
    code: str | None
    part_of: str | None
    values: tuple[str, ...]
    confidence: str
    basis: str

    @property
    def variable_names(self) -> tuple[str, ...]:
        """Return the names of the environment variables that set it."""
        return tuple(template.partition("=")[0] for template in self.variables)


@cache
def all_switches() -> Mapping[str, SwitchFacts]:
    """Return every switch by its name, in the order of the table."""
    rows = rows_of("switches", "switches")
    return {text(row, "switch"): _facts(row) for row in rows}


def environment_of_switch(name: str, value: str) -> Mapping[str, str]:
    """Return the environment variables that put a switch to a value, none where no variable sets it."""
    pairs = (template.partition("=") for template in all_switches()[name].variables)
    return {variable: asked.replace("{value}", value) for variable, _, asked in pairs}


def _facts(row: Row) -> SwitchFacts:
    return SwitchFacts(
        name=text(row, "switch"),
        kind=text(row, "kind"),
        what=text(row, "what"),
        effect=text(row, "effect"),
        families=tuple(row["families"]),
        default=text(row, "default"),
        variables=tuple(row["variables"]),
        code=optional_text(row, "code"),
        part_of=optional_text(row, "part_of"),
        values=tuple(row["values"]),
        confidence=text(row, "confidence"),
        basis=_basis(row["source"]),
    )


def _basis(sources: str | list[str]) -> str:
    measured = [source for source in sources if source.startswith("measured")]
    if not measured:
        return "as documented"
    return "measured" if len(measured) == len(sources) else "measured, and as documented"
