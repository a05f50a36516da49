"""Packages that pip fetched from an address instead of an index: which of them nobody can fetch again.

Source: PyPA "Recording the Direct URL Origin of installed distributions" (PEP 610).
"""

from __future__ import annotations

from typing import cast
from urllib.parse import unquote

from reprocheck.model.locks import Lock
from reprocheck.model.prefixes import Distribution, Prefix
from reprocheck.model.redaction import public_url
from reprocheck.rules.facts import Facts, Unseen


def is_unpinned(facts: Facts, item: Distribution) -> bool:
    """Say whether nothing tells which bytes an installed distribution was made from."""
    origin = item.origin
    if origin is None or (origin.kind == "vcs" and origin.commit):
        return False
    if origin.kind != "archive":
        return True
    # uv writes down no digest, even where it was given one and has compared it: the lock tells it then.
    address = unquote(public_url(origin.address))
    return not origin.digest and hashed_by_lock(facts).isdisjoint((address, file_name(address)))


def hashed_by_lock(facts: Facts) -> frozenset[str]:
    """Return the addresses and file names of the archives that the lock gives a hash; worked out once and kept."""
    prefix, lock = facts.prefix, facts.lock
    if isinstance(prefix, Unseen) or isinstance(lock, Unseen):
        return frozenset()
    key = ("hashed_by_lock", lock.path)
    if key not in facts.memo:
        facts.memo[key] = _hashed(prefix, lock)
    return cast("frozenset[str]", facts.memo[key])


def _hashed(prefix: Prefix, lock: Lock) -> frozenset[str]:
    packages = (package for package in lock.on(prefix.platform, "pip") if package.sha256 or package.md5)
    addresses = [unquote(public_url(package.url).partition("#")[0]) for package in packages]
    return frozenset((*addresses, *filter(None, map(file_name, addresses))))


def is_local(address: str) -> bool:
    """Say whether an address leads to a file or folder of one machine."""
    scheme, mark, _ = address.partition("://")
    return not mark or scheme.rpartition("+")[2].lower() == "file"


def file_name(address: str) -> str:
    """Return the last part of an address, all that is shown of a path of one machine: the rest names its user."""
    path = address.partition("#")[0].partition("?")[0]
    return unquote(path).replace("\\", "/").rstrip("/").rpartition("/")[2]
