"""The order in which conda-lock installs and renders the packages of one platform: dependencies first.

conda-lock's own sort, for every platform and manager by itself: layer by layer, each layer by name; what is needed
but not locked takes part; where the rest is a circle, the package with the fewest open needs goes first. `python`
never waits for `pip`. A test renders every lock of a corpus with conda-lock and finds the same lines.

Source: conda-lock 4, lockfile/v2prelim/models.py `_toposort`; conda/common/toposort.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.model.locks import Lock, LockedPackage, Manager

_MANAGERS: tuple[Manager, ...] = ("conda", "pip")
MAIN_AND_DEV = frozenset({"main", "dev"})


def packages_to_install(
    lock: Lock, platform: str, categories: frozenset[str] = MAIN_AND_DEV
) -> tuple[LockedPackage, ...]:
    """Return what belongs to `categories` on `platform`, conda before pip, dependencies first, each package once.

    Virtual packages are no packages; of several entries for one package the last counts, as for conda-lock.
    """
    wanted: set[tuple[Manager, str]] = set()
    for package in lock.on(platform):
        if package.category in categories and not (package.manager == "conda" and package.name.startswith("__")):
            wanted.add((package.manager, package.name))
    ordered = (package for manager in _MANAGERS for package in _ordered(lock.on(platform, manager)))
    return tuple(package for package in ordered if (package.manager, package.name) in wanted)


def _ordered(packages: Iterable[LockedPackage]) -> Iterator[LockedPackage]:
    by_name = {package.name: package for package in packages}
    needs = {name: {needed for needed, _ in package.dependencies} for name, package in by_name.items()}
    if "python" in needs:
        needs["python"].discard("pip")
    for name in _sorted_by_needs(needs):
        if name in by_name:
            yield by_name[name]


def _sorted_by_needs(needs: dict[str, set[str]]) -> Iterator[str]:
    """Yield every name, also those that are only needed; `needs` is used up."""
    _complete(needs)
    while needs:
        layer = sorted(name for name, open_needs in needs.items() if not open_needs)
        if not layer:
            layer = [min(needs, key=lambda name: (len(needs[name]), name))]
        for name in layer:
            del needs[name]
        done = set(layer)
        for open_needs in needs.values():
            open_needs -= done
        yield from layer


def _complete(needs: dict[str, set[str]]) -> None:
    for name, open_needs in needs.items():
        open_needs.discard(name)
    only_needed = set().union(*needs.values()) - needs.keys()
    needs.update({name: set() for name in only_needed})
