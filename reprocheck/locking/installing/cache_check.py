"""rattler's package cache and the archives of local channels, held against the hashes of the lock beforehand.

What rattler 0.28.0 does not do by itself (tried):

* An archive at a `file://` URL is unpacked unhashed, and kept as if it were the one that was asked for.
* A cached package is taken for a record that has only an md5, whatever it was made from; and one that was fetched by
  its md5 for a record with a sha256.
* The files of very old packages carry no digests, so that nothing tells a cached one that was changed in place.

What it does with these hashes checked is right: it hashes what it downloads, and every cached file before it links
it. So files are hard links into the cache, which costs no room; a byte that was changed in place in some prefix is
found there, and the package fetched anew. (300 packages, 640 MB: 0.4 s unchecked, 0.7 s checked, 1.8 s as copies.)

Source: rattler_cache 0.28, `package_cache/cache_lock.rs`: eight bytes of revision, then the sha256 of the archive.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from reprocheck.errors import ForgedError, UndecidedError, system_reason
from reprocheck.locking.exports.exportable import MOST_FAULTS_TOLD
from reprocheck.locking.solving.cache_growth import default_cache_folder
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.prefixes.environment_folders import is_folder

_REVISION_BYTES = 8
_SHA256_BYTES = 32


def package_cache(environ: Mapping[str, str]) -> Path:
    """Return where rattler's programs keep unpacked packages.

    Raises:
        UndecidedError: nothing tells.
    """
    folder = default_cache_folder(environ)
    if folder is None:
        raise UndecidedError(
            "no place to keep packages is known",
            why="neither `HOME` nor `RATTLER_CACHE_DIR` is set",
            how="set `RATTLER_CACHE_DIR` to a folder",
        )
    return folder.absolute().with_name("pkgs")


def check_archives(packages: Iterable[LockedPackage], plain: Mapping[str, str]) -> None:
    """Hold the archives of local channels against the lock; `plain` are addresses by those of the lock.

    Raises:
        ForgedError: one is not what was locked.
        UndecidedError: one cannot be read.
    """
    for package in packages:
        url = plain[package.url]
        found = _digest_of(package, url) if url.startswith("file://") else None
        if found not in (None, package.sha256 or package.md5):
            raise wrong_archive(package, url, found or "")


def _digest_of(package: LockedPackage, url: str) -> str | None:
    """Return the digest that the lock has too, None where there is no archive: what is cached may do."""
    path = Path(url2pathname(urlsplit(url).path))
    try:
        with path.open("rb", buffering=0) as stream:
            digest = hashlib.file_digest(stream, "sha256" if package.sha256 else "md5")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UndecidedError(
            f"the archive of `{package.name} {package.version}` cannot be read",
            where=url,
            why=system_reason(error),
            how="make it readable, and run again",
        ) from error
    return digest.hexdigest()


def wrong_archive(package: LockedPackage, url: str, found: str) -> ForgedError:
    """Return the error for bytes that are not those of the lock."""
    kind, expected = ("sha256", package.sha256) if package.sha256 else ("md5", package.md5)
    return ForgedError(
        f"the archive of `{package.name} {package.version}` is not the one that was locked",
        where=url,
        why=f"its {kind} is {found}, and the lock has {expected}",
        how="find out who changed it; where the new one is right, lock anew",
    )


def drop_untrusted(cache: Path, packages: Iterable[LockedPackage]) -> None:
    """Remove cached packages that nothing proves to be the locked ones.

    Raises:
        UndecidedError: one cannot be removed.
    """
    for package in packages:
        folder = cached_folder(cache, package)
        if is_folder(folder) and not _is_trusted(folder, package):
            drop_cached(folder)


def require_cached(cache: Path, packages: Iterable[LockedPackage], plain: Mapping[str, str]) -> None:
    """Refuse to go on without a network where packages would have to be fetched.

    Raises:
        UndecidedError: packages that are neither cached nor in a local folder.
    """
    absent = [
        f"`{package.name} {package.version}`"
        for package in packages
        if not plain[package.url].startswith("file://") and not is_folder(cached_folder(cache, package))
    ]
    if absent:
        more = f" and {len(absent) - MOST_FAULTS_TOLD} more" if len(absent) > MOST_FAULTS_TOLD else ""
        raise UndecidedError(
            f"{len(absent)} packages are not cached",
            where=cache.as_posix(),
            why=f"{', '.join(absent[:MOST_FAULTS_TOLD])}{more} would have to be fetched",
            how="run once without `--offline`",
        )


def cached_folder(cache: Path, package: LockedPackage) -> Path:
    """Return where a package is kept unpacked."""
    return cache / f"{package.name}-{package.version}-{package.build or ''}"


def _is_trusted(folder: Path, package: LockedPackage) -> bool:
    if package.sha256 is None or not (folder / "info" / "paths.json").is_file():
        return False
    try:
        state = folder.with_name(f"{folder.name}.lock").read_bytes()
    except OSError:
        return False
    return state[_REVISION_BYTES : _REVISION_BYTES + _SHA256_BYTES].hex() == package.sha256


def drop_cached(folder: Path) -> None:
    """Remove a cached package at one stroke, so that nobody links half of it.

    Raises:
        UndecidedError: it cannot be removed.
    """
    try:
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        folder.rename(aside / folder.name)
    except OSError as error:
        raise UndecidedError(
            "a cached package cannot be removed",
            where=folder.as_posix(),
            why=system_reason(error),
            how="remove it by hand, or name another folder with `RATTLER_CACHE_DIR`",
        ) from error
    with contextlib.suppress(OSError):
        shutil.rmtree(aside)
