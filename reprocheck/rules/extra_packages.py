"""Packages beside the lock, and which of them another one brought: `pip install torch` installs twenty."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reprocheck.model.prefixes import CondaRecord, Package, Prefix
from reprocheck.model.project_names import normalise_name

_Key = tuple[bool, str]


def by_asked_for(extra: Sequence[Package], prefix: Prefix) -> Iterator[tuple[Package, list[Package]]]:
    """Yield the extra packages that somebody asked for, each with those that it brought.

    Brought is what nothing needs but extra packages; what several of them need is the first one's. Of some that need
    each other in a circle the first one counts as asked for.
    """
    packages = {_key(package): package for package in extra}
    by_others = {need for package in prefix.packages if _key(package) not in packages for need in _needs(package)}
    by_extra = {need for package in extra for need in _needs(package)}
    brought = (by_extra & packages.keys()) - by_others
    taken: set[_Key] = set()
    for key in sorted(packages, key=brought.__contains__):
        if key not in taken:
            taken.add(key)
            yield packages[key], [packages[other] for other in _brought_by(key, packages, brought, taken)]


def _brought_by(
    first: _Key, packages: dict[_Key, Package], brought: Collection[_Key], taken: set[_Key]
) -> Iterator[_Key]:
    left = [first]
    while left:
        for need in _needs(packages[left.pop()]):
            if need in brought and need not in taken:
                taken.add(need)
                left.append(need)
                yield need


def _key(package: Package) -> _Key:
    return isinstance(package, CondaRecord), normalise_name(package.name)


def _needs(package: Package) -> Iterator[_Key]:
    is_conda, name = _key(package)
    needs = ((is_conda, normalise_name(need)) for need, _ in package.dependencies)
    yield from (need for need in needs if need[1] != name)
