"""What of a lock can be written in another format, for one platform, and what cannot be written safely in any.

The text of a lock ends up in files that shells, Docker and package managers read line by line: a name or a URL with
white space or quotation marks in it is refused, and so are credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprocheck.errors import InputError, UsageError, raise_gathered
from reprocheck.locking.exports.installation_order import MAIN_AND_DEV, packages_to_install
from reprocheck.locking.exports.pip_sources import Folder, Repository, pip_source
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.redaction import has_secret

MOST_FAULTS_TOLD = 10

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!\-]*")
_URL = re.compile(r"[!#$%&()*+,\-./0-9:;=?@A-Z\[\]_a-z{}~]+")
_ARCHIVE = re.compile(r"^(?:[a-z]+://|\$).*\.(?:conda|tar\.bz2)$")

_PASSWORD_BY_NAME = re.compile(r"(?<=://)(?:[^:@/]*:)?\$(?:\w+|\{\w+\})@")  # a reference tells nobody anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """The packages of one platform in installation order; `left_out` are built from folders of the project."""

    lock: Lock
    platform: str
    conda: tuple[LockedPackage, ...]
    pip: tuple[LockedPackage, ...]
    left_out: tuple[LockedPackage, ...]


def choose_platform(lock: Lock, named: str | None) -> str:
    """Return the platform to export: the named one, or the only one.

    Raises:
        UsageError: the lock does not hold it, or holds several and none was named.
    """
    held = ", ".join(f"`{platform}`" for platform in lock.platforms) or "none"
    if named is None and len(lock.platforms) == 1:
        return lock.platforms[0]
    if named in lock.platforms and named is not None:
        return named
    raise UsageError(
        f"the lock holds nothing for `{named}`" if named else "no platform is named",
        where="--platform",
        why=f"`{lock.path}` is for {held}" + ("" if named else ", and what is written must not depend on this machine"),
        how="name one of them with `-p`",
    )


def exportable(lock: Lock, platform: str, extras: Sequence[str] = (), *, without_dev: bool = False) -> Exportable:
    """Return what of `lock` is installed on `platform`: the categories main, dev, and `extras`.

    With `without_dev` the category dev counts only where `extras` name it.

    Raises:
        UsageError: a category that no package of the lock belongs to.
        InputError, GatheredErrors: a package that no file may name.
    """
    _refuse_unknown(lock, extras)
    usual = frozenset({"main"}) if without_dev else MAIN_AND_DEV
    packages = packages_to_install(lock, platform, usual | set(extras))
    faults = [fault for package in packages for fault in _faults(package, lock)]
    raise_gathered(faults[:MOST_FAULTS_TOLD])
    conda = [package for package in packages if package.manager == "conda"]
    pip = [package for package in packages if package.manager == "pip"]
    built = [package for package in conda if not _ARCHIVE.match(package.url)]
    local = [package for package in pip if isinstance(pip_source(package), Folder)]
    return Exportable(
        lock=lock,
        platform=platform,
        conda=tuple(package for package in conda if package not in built),
        pip=tuple(package for package in pip if package not in local),
        left_out=(*built, *local),
    )


def refuse_unhashed(packages: Sequence[LockedPackage], lock: Lock, wanted: str) -> None:
    """Refuse packages whose files could not be checked when they are installed.

    Raises:
        InputError, GatheredErrors: a package without a hash; `wanted` says which hash the format takes.
    """
    faults = [
        InputError(
            f"`{package.name} {package.version}` has no {wanted}",
            where=str(lock.location_of(package)),
            why="what is installed could not be checked against the lock",
            how="lock it from an index, or take it out and install it by hand",
        )
        for package in packages
        if not (package.md5 if package.manager == "conda" else _pip_digest(package))
    ]
    raise_gathered(faults[:MOST_FAULTS_TOLD])


def _pip_digest(package: LockedPackage) -> str | None:
    return None if isinstance(pip_source(package), Repository) else package.sha256


def _refuse_unknown(lock: Lock, extras: Sequence[str]) -> None:
    known = sorted({package.category for package in lock.packages})
    for extra in extras:
        if extra not in known:
            raise UsageError(
                f"no package of the lock belongs to the category `{extra}`",
                where="--extras",
                why=f"its categories are {', '.join(f'`{name}`' for name in known)}",
                how="name one of them",
            )


def _faults(package: LockedPackage, lock: Lock) -> Iterator[InputError]:
    where = str(lock.location_of(package))
    told = {"name": package.name, "version": package.version, "build": package.build or "", "url": package.url}
    for key, text in told.items():
        pattern = _URL if key == "url" else _WORD
        if text and not pattern.fullmatch(text):
            why = f"its `{key}` holds characters that mean something to the programs that read the file"
            yield InputError("a package cannot be written safely", where=where, why=why, how="correct the lock")
    if not isinstance(pip_source(package), Repository):
        yield from _secrets(package.url, f"the URL of `{package.name}`", where)


def refuse_channels(lock: Lock) -> None:
    """Refuse channels that no file may name.

    Raises:
        InputError, GatheredErrors: credentials, or characters with a meaning.
    """
    faults: list[InputError] = []
    for channel in lock.channels:
        if not _URL.fullmatch(channel):
            why = "the name of a channel holds characters that mean something to the programs that read the file"
            faults.append(
                InputError("a channel cannot be written safely", where=lock.path, why=why, how="correct the lock")
            )
        faults.extend(_secrets(channel, "the address of a channel", lock.path))
    raise_gathered(faults[:MOST_FAULTS_TOLD])


def _secrets(url: str, whose: str, where: str) -> Iterator[InputError]:
    if has_secret(_PASSWORD_BY_NAME.sub("", url)):
        yield InputError(
            f"{whose} holds credentials or a query",
            where=where,
            why="they would stand in the file for everybody to read",
            how="put a variable in their place, as in `https://$USER:$TOKEN@host/…`",
        )
