"""What uv chose, and which package brings in which, from the annotated requirements that it writes.

The names come from the `# via` comments, which are a documented output; the constraints come from uv's log and are
`*` where it does not tell them.
Source: uv documentation, "pip compile", `--annotation-style split`; tried on uv 0.13.9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reprocheck.locking.pip_part.uv_log import ANYTHING, Demand, constraint_of
from reprocheck.model.project_names import normalise_name

Dependencies = Mapping[str, tuple[tuple[str, str], ...]]

_PACKAGE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?\s*(?:==(?P<version>[^\s;\\]+)| @ )")
_VIA = re.compile(r"^\s+# (?:via|  )\s*(?P<parent>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenProject:
    """A project that uv chose. `version` is None for a direct reference; `parents` are the projects that ask for it."""

    name: str
    version: str | None
    parents: tuple[str, ...]


def read_chosen(text: str) -> tuple[ChosenProject, ...]:
    """Return the projects of an annotated requirements file, in its order."""
    found: list[tuple[str, str | None, list[str]]] = []
    for line in text.splitlines():
        package, via = _PACKAGE.match(line), _VIA.match(line)
        if package:
            found.append((normalise_name(package["name"]), package["version"], []))
        elif via and found and via["parent"] and not via["parent"].startswith("-"):  # `-r FILE` is no package
            found[-1][2].append(normalise_name(via["parent"]))
    return tuple(ChosenProject(name=name, version=version, parents=tuple(parents)) for name, version, parents in found)


def read_dependencies(
    chosen: Iterable[ChosenProject], versions: Mapping[str, str], demands: Iterable[Demand]
) -> Dependencies:
    """Return, for each project, the (name, constraint) pairs of what it brings in, sorted by name.

    `versions` are those chosen: what uv heard of other versions on its way does not count.
    """
    asked: dict[tuple[str, str], list[str]] = {}
    for demand in demands:
        constraint = constraint_of(demand.range)
        if demand.wanted_by and demand.version == versions.get(demand.wanted_by) and constraint != ANYTHING:
            asked.setdefault((demand.wanted_by, demand.project), []).append(constraint)
    pairs: dict[str, list[tuple[str, str]]] = {}
    for project in sorted(chosen, key=lambda project: project.name):
        for parent in project.parents:
            constraints = dict.fromkeys(",".join(asked.get((parent, project.name), [])).split(","))
            pairs.setdefault(parent, []).append((project.name, ",".join(filter(None, constraints)) or ANYTHING))
    return {name: tuple(found) for name, found in pairs.items()}
