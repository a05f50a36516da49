"""What `create` installs: the packages of a lock that are meant for this platform, and how they are reached."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from reprocheck.errors import InputError, UsageError, raise_gathered
from reprocheck.locking.exports.exportable import MOST_FAULTS_TOLD, Exportable, choose_platform, exportable
from reprocheck.locking.installing.package_addresses import Routes, routes_of
from reprocheck.locking.installing.prefix_state import Wanted
from reprocheck.locking.installing.uv_inputs import split_local, uv_inputs
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.machine.conda_platform import conda_platform
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.prefix_creation import CreateRequest
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.readers.condarc import read_condarc
from reprocheck.readers.lock_names import usual_lock
from reprocheck.readers.locks import read_any_lock

_ARCHIVE = re.compile(r"\.(?:conda|tar\.bz2)$")
_IN_A_CHANNEL = re.compile(r"(?:file://[^/]*/|[a-z][a-z0-9+.-]*://[^/]+/|\$).*[^/]/[^/]+\.(?:conda|tar\.bz2)(?:#.*)?$")
_NO_PLATFORM = "noarch"  # of an explicit file that names no platform, and whose packages are for every one


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What is to be in the prefix. `notes` are sentences without a final stop."""

    wanted: Wanted
    platform: str
    lock_folder: Path
    routes: Routes
    settings: CondaSettings = field(repr=False)
    notes: tuple[str, ...]

    @property
    def install_platform(self) -> str:
        """The platform of the prefix."""
        return conda_platform() if self.platform == _NO_PLATFORM else self.platform

    def check_pip(self, packages: Sequence[LockedPackage]) -> None:
        """Find out whether pip packages can be installed by their hashes.

        Raises:
            InputError, GatheredErrors: one cannot, or its address refers to a variable that is not set.
        """
        written = tuple(package.url for package in packages)
        uv_inputs(packages, Addresses(folder=self.lock_folder, written=written, environ=os.environ))


def read_blueprint(request: CreateRequest) -> Blueprint:
    """Return what a request means.

    Raises:
        InputError, UsageError, GatheredErrors: the lock is missing or broken, has nothing for the platform, or holds
            what cannot be installed.
    """
    path = request.lock or usual_lock(request.folder)
    lock = read_any_lock(path, request.environment)
    platform = choose_platform(lock, request.platform or _usual_platform(lock))
    export = exportable(lock, platform, request.extras, without_dev=request.without_dev)
    lock_folder = path.absolute().parent
    listed = (*export.pip, *(package for package in export.left_out if package.manager == "pip"))
    pip, by_hand = split_local(listed, lock_folder)
    _refuse_nothing(export)
    _refuse_unsafe(export)
    _refuse_pip(export, pip)
    settings = read_condarc(os.environ)
    routes = routes_of(export.conda, lock_folder, os.environ, settings)
    left_out = (*by_hand, *(package for package in export.left_out if package.manager == "conda"))
    return Blueprint(
        wanted=Wanted(
            conda=export.conda,
            pip=pip,
            by_hand=frozenset(normalise_name(package.name) for package in by_hand),
            plain=routes.plain,
        ),
        platform=platform,
        lock_folder=lock_folder,
        routes=routes,
        settings=settings,
        notes=tuple(_notes(platform, left_out)),
    )


def _usual_platform(lock: Lock) -> str:
    return _NO_PLATFORM if lock.platforms == (_NO_PLATFORM,) else conda_platform()


def _refuse_nothing(export: Exportable) -> None:
    """Refuse a lock without packages: it would empty a prefix that is good, and is a mistake in every case."""
    if not (export.conda or export.pip or export.left_out):
        raise InputError(
            f"the lock has no package for `{export.platform}`",
            where=export.lock.path,
            why="an environment of nothing would be made, and what is in the prefix removed",
            how="lock anew with `reprocheck lock`",
        )


def _refuse_unsafe(export: Exportable) -> None:
    """Refuse conda packages that cannot be checked, and those of which the lock says two things."""
    unknown = (package for package in export.left_out if package.manager == "conda" and "://" in package.url)
    faults = [fault for package in (*export.conda, *unknown) for fault in _faults(package, export.lock)]
    raise_gathered(faults[:MOST_FAULTS_TOLD])


def _faults(package: LockedPackage, lock: Lock) -> Iterator[InputError]:
    who, where = f"`{package.name} {package.version}`", str(lock.location_of(package))
    stem, archives = _ARCHIVE.subn("", unquote(package.url.partition("#")[0].rpartition("/")[2]))
    if not archives:
        why, how = f"`{public_url(package.url)}` is no `.conda` and no `.tar.bz2`", "lock it from a channel"
        yield InputError(f"{who} is in no conda archive", where=where, why=why, how=how)
    elif not _IN_A_CHANNEL.match(package.url):
        why, how = "a URL reads `CHANNEL/PLATFORM/FILE`, and the channel has a host", "lock it from a channel"
        yield InputError(f"{who} is in no channel", where=where, why=why, how=how)
    elif stem.rsplit("-", 2)[:-1] != [package.name, package.version]:
        why = f"it names `{package.name} {package.version}`, and its URL leads to `{stem}`"
        yield InputError("the lock contradicts itself", where=where, why=why, how="lock anew with `reprocheck lock`")
    if not (package.sha256 or package.md5):
        yield InputError(
            f"{who} has no hash",
            where=where,
            why="what is installed could not be checked against the lock",
            how="lock anew: `reprocheck lock` writes hashes; or write `URL#HASH` in an explicit file",
        )
    for kind, digest, length in (("sha256", package.sha256, 64), ("md5", package.md5, 32)):
        if digest and not re.fullmatch(rf"[0-9a-f]{{{length}}}", digest):
            why, how = f"`{digest[:length]}` are no {length} digits of hexadecimal", "lock anew with `reprocheck lock`"
            yield InputError(f"the {kind} of {who} is none", where=where, why=why, how=how)


def _refuse_pip(export: Exportable, pip: Sequence[LockedPackage]) -> None:
    """Refuse a pip part that no Python could take: one that does not run here, or none at all."""
    if not pip:
        return
    if export.platform not in (_NO_PLATFORM, conda_platform()):
        raise UsageError(
            f"the pip part cannot be installed for `{export.platform}`",
            where="--platform",
            why=f"this machine is `{conda_platform()}`, and pip packages are installed by the Python of the prefix",
            how="run it on such a machine",
        )
    if not any(package.name == "python" for package in export.conda):
        raise InputError(
            "there is no Python for the pip part",
            where=export.lock.path,
            why=f"the lock has {len(pip)} pip packages and no conda package `python`",
            how="add `python` to the dependencies, and lock anew",
        )


def _notes(platform: str, left_out: Sequence[LockedPackage]) -> list[str]:
    notes = [f"`{package.name}` comes from `{package.url}` and is left out: install it by hand" for package in left_out]
    if platform not in (_NO_PLATFORM, conda_platform()):
        notes.append(f"the prefix is for `{platform}`, and this machine is `{conda_platform()}`: it does not run here")
    return notes
