"""Files that are not what their package's own list says, although they come from the locked archive.

Some publish lists that are wrong. Installing such a package again and again mends nothing; so what lay at these paths
right after it is remembered in the mark of the prefix, and is as good as what the list says from then on. An audit does
not know of that: it goes by the lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reprocheck.locking.installing.prefix_files import seen_at
from reprocheck.locking.installing.prefix_state import InstallPlan, PrefixState
from reprocheck.model.prefixes import Distribution, Package
from reprocheck.model.project_names import normalise_name


def with_published(root: Path, state: PrefixState, published: Mapping[str, str]) -> PrefixState:
    """Return the state without those paths at which lies what was `published`."""
    found = state.inspection.found
    right = {path for path, told in published.items() if path in found and seen_at(root / path) == told}
    rest = {path: file for path, file in found.items() if path not in right}
    return replace(state, inspection=replace(state.inspection, found=rest))


def find_published(root: Path, state: PrefixState, done: InstallPlan) -> dict[str, str]:
    """Return what lies at the paths that no list is right about, where a package has just been installed by `done`.

    A file that conda's installer lists and that is not there was taken away by somebody: it is not among these.
    """
    conda, pip = {package.name for package in done.link}, {normalise_name(package.name) for package in done.pip}

    def is_fresh(owner: Package, *, is_there: bool) -> bool:
        return owner.name in pip if isinstance(owner, Distribution) else is_there and owner.name in conda

    published = {}
    for path, file in state.inspection.found.items():
        owners = state.prefix.owners[path]
        is_right = any(file.meets(listed) for _, listed in owners)
        if not is_right and any(is_fresh(owner, is_there=file.state == "there") for owner, _ in owners):
            published[path] = seen_at(root / path)
    return published
