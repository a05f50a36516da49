"""py-rattler's installer behind one module: fetch, check and link conda packages.

Known to matter (tried on py-rattler 0.28.0):

* It writes URL and channel into `conda-meta` as they are given; so they are given without secrets, and its client
  alone knows mirrors and credentials. Credentials go by the host that the URL names, and are read when the client is
  made. User info in the address of a mirror is dropped.
* It hashes what comes over HTTP against sha256, else md5; what is not hashed is the business of `cache_check.py`.
* A cached package is looked at file by file only in the mode `full`.
* A future that is abandoned goes on in the background; the command ends the process right after.
* Whether a package is `noarch: python` it reads in the package; where Python keeps packages, in the record of Python,
  for which a lock has no place: `_site_packages` tells from the build string.
* Link scripts are not run.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import rattler
from rattler.exceptions import InstallerError, InvalidPackageNameError, InvalidUrlError, InvalidVersionError
from rattler.networking import Client
from rattler.package import BuildString
from rattler.package_cache import PackageCache, ValidationMode

from reprocheck import __version__
from reprocheck.errors import InputError, UndecidedError
from reprocheck.locking.installing.install_failures import install_failure
from reprocheck.locking.installing.install_progress import InstallCounts
from reprocheck.locking.installing.package_addresses import Routes
from reprocheck.locking.installing.package_guard import PackageGuard
from reprocheck.locking.installing.prefix_files import cannot_write, scratch_folder
from reprocheck.locking.solving.client_config import client_config
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_line

_RETRIES = 3
_PANICS = ("PanicException", "RustPanic")  # of Rust, of pyo3 and of its asyncio; no module exports them
_FREE_THREADED = re.compile(r"_cp(?P<major>\d)(?P<minor>\d+)t$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaInstallRequest:
    """All conda packages that a prefix should hold; those whose record is not there are fetched and linked.

    `prefix` is absolute, for it is written into files. `cache` is the folder of unpacked packages.
    """

    prefix: Path
    packages: tuple[LockedPackage, ...]
    platform: str
    routes: Routes
    settings: CondaSettings = field(repr=False)
    cache: Path
    offline: bool
    timeout_s: float
    progress: Callable[[str], None]


def install_conda(request: CondaInstallRequest) -> None:
    """Link the packages into the prefix.

    Raises:
        InputError: an archive is not the one that was locked, or a package cannot be installed there.
        UndecidedError: network, disk or time stood in the way.
    """
    asyncio.run(_install_in_time(request))


async def _install_in_time(request: CondaInstallRequest) -> None:
    counts = PackageGuard(request.progress, request.prefix, request.cache, request.packages)
    try:
        async with asyncio.timeout(request.timeout_s):
            await _install(request, counts)
    except TimeoutError as error:
        raise UndecidedError(
            f"not installed within {request.timeout_s:.0f} s",
            where=request.prefix.as_posix(),
            why=f"the time was over while {counts.doing()}",
            how="run again: `create` goes on from there; or raise `--timeout`",
        ) from error
    except InstallerError as error:
        counts.tell()
        raise install_failure(request.routes.hide(str(error)), request.packages, offline=request.offline) from error
    except BaseException as error:
        if type(error).__name__ not in _PANICS:
            raise
        counts.tell()
        raise UndecidedError(
            "the conda part cannot be installed",
            where=request.prefix.as_posix(),
            why=f"rattler gave up: {public_line(str(error).partition(chr(10))[0])}",
            how="give it more memory, open files and threads (`ulimit -a`), and run again: `create` goes on from there",
        ) from error
    counts.tell()


async def _install(request: CondaInstallRequest, counts: InstallCounts) -> None:
    cache = PackageCache.new_layered([request.cache], validation_mode=ValidationMode.full())
    await rattler.install(
        [_record(package, request.routes.plain[package.url]) for package in request.packages],
        request.prefix,
        package_cache=cache,
        platform=rattler.Subdir(request.platform),
        execute_link_scripts=False,
        client=_client(request),
        reporter=counts,
    )


def _client(request: CondaInstallRequest) -> Client:
    """Return a client that knows where the packages are and who asks; the file with the latter is gone after this."""
    agent = f"reprocheck/{__version__} py-rattler/{rattler.__version__}"
    retries = 0 if request.offline else _RETRIES
    with cannot_write(request.prefix), scratch_folder(request.prefix) as folder:
        users = _credentials(folder, request.routes.users)
        config = client_config(request.settings, request.routes.mirrors, users, offline=request.offline)
        if config is None:
            return Client.default_client(max_retries=retries, user_agent=agent)
        return Client.from_config(rattler.Config.from_toml(config), max_retries=retries, user_agent=agent)


def _credentials(folder: Path, users: Mapping[str, tuple[str, str]]) -> Path | None:
    if not users:
        return None
    path = folder / "credentials.json"
    known = {host: {"BasicHTTP": {"username": name, "password": word}} for host, (name, word) in users.items()}
    path.write_text(json.dumps(known), encoding="utf-8")  # the folder is for the user alone
    return path


def _record(package: LockedPackage, url: str) -> rattler.RepoDataRecord:
    """Return what a lock knows of a package as a channel would tell it."""
    try:
        return _as_told_by_a_channel(package, url)
    except (InvalidPackageNameError, InvalidUrlError, InvalidVersionError) as error:
        raise InputError(
            f"`{package.name} {package.version}` cannot be a conda package",
            where=url,
            why=str(error).lower().rstrip("."),
            how="lock anew with `reprocheck lock`",
        ) from error


def _as_told_by_a_channel(package: LockedPackage, url: str) -> rattler.RepoDataRecord:
    folder, _, file_name = url.rpartition("/")
    record = rattler.PackageRecord(
        name=package.name,
        version=package.version,
        build=BuildString.new_unchecked(package.build or ""),
        build_number=0,  # `conda_records.py` puts the right one into what rattler writes
        subdir=folder.rpartition("/")[2],
        depends=[f"{name} {constraint}".strip() for name, constraint in package.dependencies],
        sha256=bytes.fromhex(package.sha256) if package.sha256 else None,
        md5=bytes.fromhex(package.md5) if package.md5 else None,
        python_site_packages_path=_site_packages(package),
    )
    return rattler.RepoDataRecord(record, file_name, url, folder.rpartition("/")[0])


def _site_packages(package: LockedPackage) -> str | None:
    """Return where a Python without the global lock keeps its packages, None where that is the usual place.

    Source: conda CEP 17; the build strings of conda-forge's `python`, which end in `_cp313t`.
    """
    found = _FREE_THREADED.search(package.build or "") if package.name == "python" else None
    if found is None or urlsplit(package.url).path.split("/")[-2:-1][0].startswith("win-"):
        return None
    return f"lib/python{found['major']}.{found['minor']}t/site-packages"
