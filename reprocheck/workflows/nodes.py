"""`audit --node FILE`: what the other nodes of a job run with, from their locks or fingerprints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.model.fingerprints import value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import NodeStack
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.lock_names import is_lock_name
from reprocheck.readers.locks import read_any_lock
from reprocheck.rules.stacks import COMPONENTS, components_of
from reprocheck.workflows.audit import read_document
from reprocheck.workflows.target_machine import machine_from_fingerprint

# Component -> where a fingerprint tells it. NCCL stays out: torch tells the release that it was built with, not the
# one that is loaded (verl-project/verl#6621), so the package list has to say it.
_PLACES = (
    ("torch", ("software", "torch", "version")),
    ("cuda", ("software", "torch", "cuda")),
)
_PACKAGES = {package: name for name, packages in COMPONENTS if name != "torch" for package in packages}


def read_node(path: Path, platform: str | None = None) -> NodeStack:
    """Return the stack of the node whose lock or fingerprint is at `path`; `platform` is the one to take of a lock.

    Raises:
        InputError: the file is neither, broken, or a lock of several platforms of which none was named.
    """
    source = path.as_posix()
    if path.suffix == ".json":
        document = read_document(path)
        machine_from_fingerprint(document, source)
        return NodeStack(source=source, components=tuple(_told(document)))
    if not is_lock_name(path.name):
        raise InputError(
            "neither a lock nor a fingerprint",
            where=source,
            why="a node is told by its conda-lock.yml, pixi.lock, explicit file, or fingerprint (`.json`)",
            how="write one there with `reprocheck fingerprint -o node.json`",
        )
    lock = read_any_lock(path)
    if platform is None and len(lock.platforms) > 1:
        raise InputError(
            "nobody said which platform the node is",
            where=source,
            why=f"the lock is for {', '.join(lock.platforms)}",
            how="name one with `--platform`, or give the node's fingerprint",
        )
    return NodeStack(source=source, components=components_of(lock, platform or lock.platforms[0]))


def _told(document: Json) -> Iterator[tuple[str, str]]:
    """Yield what a fingerprint knows of the components, sorted by nothing but this table."""
    for name, keys in _PLACES:
        value = value_at(document, *keys)
        if isinstance(value, str):
            version = value.partition("+")[0]
            yield name, dotted(numbers(version)[:2]) if name == "cuda" else version
    packages = value_at(document, "software", "packages")
    seen: set[str] = set()
    for package in packages if isinstance(packages, list) else ():
        component = _PACKAGES.get(normalise_name(str(value_at(package, "name"))))
        if component and component not in seen:
            seen.add(component)
            yield component, str(value_at(package, "version"))
