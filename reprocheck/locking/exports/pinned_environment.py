"""One platform of a lock as an environment.yml of exact pins, for tools that read nothing else.

It names versions and builds, not files: hashes have no place in it, and a solver runs when it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.locking.exports.exportable import Exportable, refuse_channels
from reprocheck.locking.exports.pip_sources import Archive, Repository, pip_source
from reprocheck.model.locks import LockedPackage

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/:\-]*")


def format_pinned_environment(export: Exportable) -> str:
    """Return the text of the environment file, sorted by name.

    Raises:
        InputError, GatheredErrors: a channel that no file may name.
    """
    refuse_channels(export.lock)
    return "\n".join(_lines(export)) + "\n"


def _lines(export: Exportable) -> Iterator[str]:
    yield "# Exact pins out of a lock, for one platform. Hashes have no place here: install the lock where you can."
    yield f"# platform: {export.platform}"
    yield "channels:"
    yield from (f"  - {_scalar(channel)}" for channel in export.lock.channels)
    yield "dependencies:" if export.conda or export.pip else "dependencies: []"
    yield from (f"  - {_conda_pin(package)}" for package in sorted(export.conda, key=lambda one: one.name))
    if export.pip:
        yield "  - pip:"
        yield from (f"      - {_scalar(_pip_pin(package))}" for package in sorted(export.pip, key=_by_name))


def _by_name(package: LockedPackage) -> str:
    return package.name.lower()


def _conda_pin(package: LockedPackage) -> str:
    build = f"={package.build}" if package.build else ""
    return f"{package.name}={package.version}{build}"


def _pip_pin(package: LockedPackage) -> str:
    """Return `name==version`; what no index has under that version is named by its URL."""
    source = pip_source(package)
    if isinstance(source, Repository):
        return f"{package.name} @ {source.requirement}"
    if isinstance(source, Archive) and ("+" in package.version or not package.version):
        return f"{package.name} @ {source.url}"
    return f"{package.name}=={package.version}"


def _scalar(text: str) -> str:
    """Return a YAML scalar: plain where it is nothing but a word, else in quotation marks."""
    plain = _PLAIN.fullmatch(text) and ": " not in text and not text.endswith(":")
    return (
        text
        if plain or re.fullmatch(r"[A-Za-z0-9._\-]+==[A-Za-z0-9._!\-]+", text)
        else f"'{text.replace(chr(39), chr(39) * 2)}'"
    )
