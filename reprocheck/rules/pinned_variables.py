"""Environment variables that an environment.yml sets, and the edits that make it set more of them.

conda and pixi set what stands under `variables:` when an environment is activated; a lock knows nothing of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Edit, Location
from reprocheck.rules.facts import Facts
from reprocheck.rules.places import place_of_torch

KEY = "variables:"


def is_pinned(facts: Facts, *names: str) -> bool:
    """Say whether the environment file sets one of these variables."""
    environment = facts.environment
    return isinstance(environment, EnvironmentFile) and not set(names).isdisjoint(environment.variables)


def place_of_variables(facts: Facts) -> Location:
    """Return where the environment file sets variables; where it sets none, what names torch."""
    environment = facts.environment
    number = _line_of_key(environment) if isinstance(environment, EnvironmentFile) else None
    if number is None or not isinstance(environment, EnvironmentFile):
        return place_of_torch(facts)
    return Location(path=environment.path, line=number, column=1)


def pinning(facts: Facts, variables: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return the edit that sets variables; it changes what a run computes, so it is no safe one.

    Empty where the environment is of no single environment.yml, or its variables are not written one a line.
    """
    environment = facts.environment
    if not isinstance(environment, EnvironmentFile) or not environment.path.endswith((".yml", ".yaml")):
        return ()
    number = _line_of_key(environment)
    if len(environment.sources) > 1 or (number is None and environment.variables):
        return ()
    lines = tuple(f'{name}: "{value}"' for name, value in variables.items())
    if number is None:
        end = len(environment.lines) + (environment.lines[-1:] != ("",))
        return (Edit(environment.path, end, end - 1, (KEY, *(f"  {line}" for line in lines)), safe=False),)
    indent = _indent_below(environment, number)
    return (Edit(environment.path, number + 1, number, tuple(indent + line for line in lines), safe=False),)


def _line_of_key(environment: EnvironmentFile) -> int | None:
    """Return the line of a `variables:` that stands alone, None without one."""
    pattern = re.compile(r"variables:\s*(?:#.*)?")
    return next((number for number, line in enumerate(environment.lines, 1) if pattern.fullmatch(line)), None)


def _indent_below(environment: EnvironmentFile, number: int) -> str:
    found = re.match(r"\s+(?=[^\s#])", environment.lines[number] if number < len(environment.lines) else "")
    return found[0] if found else "  "
