"""What pip lines put over what conda brings unasked, as far as declarations alone can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.known_needs import known_paths
from reprocheck.facts.name_map import NameMap
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.rules.declarations import conda_providers, platforms_of


class DeclaredShadow(NamedTuple):
    """A pip line, the conda spec that brings the same project, the names of conda packages between, and how sure."""

    requirement: PipRequirement
    spec: CondaSpec
    path: tuple[str, ...]
    sure: bool

    @property
    def is_fixed(self) -> bool:
        """Say whether pip was told one version or one file, which conda's is not likely to be."""
        specifier = self.requirement.specifier
        return self.requirement.kind != "requirement" or ("==" in specifier and "*" not in specifier)


def declared_shadows(environment: EnvironmentFile, names: NameMap) -> Iterator[DeclaredShadow]:
    """Yield the pip lines whose project a declared conda package is known to bring, in file order."""
    lines = [item for item in environment.pip if item.name]
    if not lines or not environment.conda:
        return
    brought = _brought(environment, names)
    for item in lines:
        found = brought.get(item.name or "")
        if found and not conda_providers(environment, item.name or "", names):
            path, sure = found
            spec = environment.conda_named(path[0])[0]
            if platforms_of(item, environment) & platforms_of(spec, environment):
                yield DeclaredShadow(item, spec, path, sure)


def _brought(environment: EnvironmentFile, names: NameMap) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Return the PyPI projects that come by dependencies, with the path to their conda package."""
    paths = known_paths(spec.name for spec in environment.conda)
    return {
        project: found for name, found in paths.items() if len(found[0]) > 1 for project in names.pypi_names(name)[:1]
    }
