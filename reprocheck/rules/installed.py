"""What the rules about an installed environment share: places, names of packages, and what pip has taken over."""

from __future__ import annotations

from typing import cast

from reprocheck.model.findings import Location
from reprocheck.model.prefixes import CondaRecord, Distribution, FoundFile, Inspection, OwnedFile, Package, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.facts import Facts, Unseen


def place(prefix: Prefix, path: str) -> Location:
    """Return the place of a file of the prefix: whole files have no line, and the first stands for them."""
    return Location(path=f"{prefix.path.rstrip('/')}/{path}", line=1, column=1)


def owned_by(package: Package) -> str:
    """Return a package as a sentence names it: ``conda's `numpy 1.26.4` ``."""
    manager = "conda" if isinstance(package, CondaRecord) else "pip"
    return f"{manager}'s `{package.name} {package.version}`"


def found_at(inspection: Inspection, file: OwnedFile) -> FoundFile:
    """Return what lies at a path; what the inspection does not tell of is as its owner expects."""
    as_expected = FoundFile(file.path, "there", file.sha256, file.size_bytes)
    return inspection.found.get(file.path, as_expected)


def is_met(file: OwnedFile, found: FoundFile) -> bool:
    """Say whether what lies there is what an owner expects, as far as both are known."""
    if file.kind == "bytecode":
        return True
    if found.state != "there" or file.kind in ("link", "folder"):
        return found.state == "there"
    if file.sha256 and found.sha256:
        return file.sha256 == found.sha256
    return None in (file.size_bytes, found.size_bytes) or file.size_bytes == found.size_bytes


def taken_over(facts: Facts) -> dict[str, Distribution]:
    """Return the conda packages, by record, whose Python project pip has replaced, and by which distribution.

    pip takes the files of an installed project away before it writes its own, those of conda too; what shows is that
    conda's metadata for the project is gone while a distribution of that name is there, or that both list a file.
    """
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return {}
    key = ("taken_over", prefix.path)
    if key not in facts.memo:
        facts.memo[key] = _taken_over(prefix, facts)
    return cast("dict[str, Distribution]", facts.memo[key])


def _taken_over(prefix: Prefix, facts: Facts) -> dict[str, Distribution]:
    projects = {item.name: item for item in prefix.installed_by_pip}
    pip_paths = {file.path: item for item in prefix.installed_by_pip for file in item.files}
    found: dict[str, Distribution] = {}
    for record in prefix.conda:
        by_name = next((projects[name] for name in projects_of(record) if name in projects), None)
        shared = next((pip_paths[file.path] for file in record.files if file.path in pip_paths), None)
        if by_name is not None:
            found[record.record] = by_name
        elif shared is not None and shared.name in facts.names.pypi_names(record.name):
            found[record.record] = shared
    return found


def projects_of(record: CondaRecord) -> tuple[str, ...]:
    """Return the normalised names of the Python projects whose metadata a conda package brings, sorted."""
    found = set()
    for file in record.files:
        folder, _, name = file.path.rpartition("/")
        if name in ("METADATA", "PKG-INFO") and folder.endswith((".dist-info", ".egg-info")):
            stem = folder.rpartition("/")[2].rpartition(".")[0]
            found.add(normalise_name(stem.split("-")[0]))
    return tuple(sorted(found))
