"""What the rules about an installed environment share: places, names of packages, and what pip has taken over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from reprocheck.facts.cuda_versions import numbers
from reprocheck.model.findings import Location, PackageRef
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import CondaRecord, Distribution, FoundFile, Inspection, OwnedFile, Package, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.facts import Facts, Unseen

_HOME = r"^(?:/home/[^/]+|/Users/[^/]+|/root|[A-Za-z]:/Users/[^/]+)(?=/)"
_METADATA = ("/METADATA", "/PKG-INFO", ".egg-info")


def place(prefix: Prefix, path: str) -> Location:
    """Return the place of a file of the prefix: whole files have no line, and the first stands for them."""
    return Location(path=f"{prefix.path.rstrip('/')}/{path}", line=1, column=1)


def owned_by(package: Package | LockedPackage | PackageRef) -> str:
    """Return a package as a sentence names it: ``conda's `numpy 1.26.4` ``."""
    named = package.reference if isinstance(package, (CondaRecord, Distribution)) else package
    return f"{named.manager}'s `{' '.join(filter(None, (named.name, named.version)))}`"


def without_home(path: str) -> str:
    """Return a path of this machine without the name of the user whose home it lies in."""
    return re.sub(_HOME, "~", path)


def found_at(inspection: Inspection, file: OwnedFile) -> FoundFile:
    """Return what lies at a path; what the inspection does not tell of is as its owner expects."""
    as_expected = FoundFile(file.path, "there", file.sha256, file.size_bytes)
    return inspection.found.get(file.path, as_expected)


def taken_over(facts: Facts) -> dict[str, Distribution]:
    """Return the conda packages, by record, whose Python project pip has replaced, and by which distribution.

    pip takes the files of an installed project away before it writes its own, those of conda too; what shows is that
    a distribution of that name is there beside conda's metadata, or that both list a file.
    """
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return {}
    key = ("taken_over", prefix.path)
    if key not in facts.memo:
        facts.memo[key] = _taken_over(prefix, facts)
    return cast("dict[str, Distribution]", facts.memo[key])


def _taken_over(prefix: Prefix, facts: Facts) -> dict[str, Distribution]:
    stale = left_behind(facts)
    projects = {item.name: item for item in prefix.installed_by_pip if item.record not in stale}
    found: dict[str, Distribution] = {}
    for record in prefix.conda if projects else ():
        if record.record in stale:
            continue
        by_name = next((projects[name] for name in projects_of(record) if name in projects), None)
        # A package without metadata of its own (conda's `cmake`) is pip's of that name where both list a file.
        named = (projects[name] for name in facts.names.pypi_names(record.name) if name in projects)
        over = by_name or next((item for item in named if _share_a_file(prefix, record, item)), None)
        if over is not None:
            found[record.record] = over
    return found


def _share_a_file(prefix: Prefix, record: CondaRecord, item: Distribution) -> bool:
    return any(owner is item for file in record.files for owner, _ in prefix.owners[file.path])


def projects_of(record: CondaRecord) -> tuple[str, ...]:
    """Return the normalised names of the Python projects whose metadata a conda package brings, sorted.

    Only what lies in `site-packages` itself counts: setuptools carries the metadata of others further below.
    """
    found = set()
    for file in record.files:
        if file.path.endswith(_METADATA):
            folder = file.path if file.path.endswith(".egg-info") else file.path.rpartition("/")[0]
            above, _, name = folder.rpartition("/")
            stem, _, kind = name.rpartition(".")
            if kind in ("dist-info", "egg-info") and above.endswith("site-packages"):
                found.add(normalise_name(stem.split("-")[0]))
    return tuple(sorted(found))


def left_behind(facts: Facts) -> frozenset[str]:
    """Return the records of packages that another record of the same name has replaced without taking them away.

    Two records of one package speak of the same files; the one that the files meet is right.
    """
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return frozenset()
    key = ("left_behind", prefix.path)
    if key not in facts.memo:
        packages = (prefix.conda, prefix.installed_by_pip)
        facts.memo[key] = frozenset(record for some in packages for record in _left_behind(some, facts.inspection))
    return cast("frozenset[str]", facts.memo[key])


def _left_behind(packages: Iterable[Package], inspection: Inspection | Unseen) -> Iterator[str]:
    named: dict[str, list[Package]] = {}
    for package in packages:
        named.setdefault(package.name, []).append(package)
    for same in named.values():
        if len(same) > 1:
            *others, _ = sorted(same, key=lambda package: _fitness(package, inspection))
            yield from (package.record for package in others)


def _fitness(package: Package, inspection: Inspection | Unseen) -> tuple[int, tuple[int, ...], str]:
    """Return how well a record fits what is there; of equal ones the newer version is taken."""
    unmet = 0
    if not isinstance(inspection, Unseen):
        unmet = sum(not found_at(inspection, file).meets(file) for file in package.files)
    return -unmet, numbers(package.version), package.record
