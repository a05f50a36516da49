"""Locks made of packages and what matters to a test."""

from __future__ import annotations

from reprocheck.model.locks import Lock, LockedPackage


def made_lock(*packages: LockedPackage, **more: object) -> Lock:
    """Return a lock for the platforms of `packages`, unless told otherwise."""
    fields: dict[str, object] = {
        "path": "conda-lock.yml",
        "platforms": tuple(dict.fromkeys(package.platform for package in packages)),
        "channels": ("conda-forge",),
        "content_hash": (),
        "sources": (),
        "custom_metadata": (),
        **more,
    }
    return Lock(packages=packages, **fields)  # type: ignore[arg-type]
