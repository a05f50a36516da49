"""What uv is given to install locked pip packages: hashed files, hashed addresses, repositories at a commit.

A hashed file goes into a `pylock.toml`, so that what uv writes looks as if it came from an index. An archive that no
index would have (a folder inside it is meant, or its name is not `NAME-VERSION`) and a repository go into
requirement lines, and get a `direct_url.json`.

Source: PEP 751; PEP 508 direct references; pip "VCS Support".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from reprocheck.errors import InputError, raise_gathered
from reprocheck.locking.exports.exportable import MOST_FAULTS_TOLD
from reprocheck.locking.exports.pip_sources import Archive, Folder, Repository, pip_source
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url

_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz|tar\.zst|tar)$")
_SUBDIRECTORY = re.compile(r"[#&]subdirectory=([^&]+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LINE_ENDS = re.compile(r"[\s\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class UvInputs:
    """Texts with credentials filled in, for uv alone: `pylock` for files, lines for archives and repositories."""

    pylock: str = field(repr=False)
    archives: tuple[str, ...] = field(repr=False)
    repositories: tuple[str, ...] = field(repr=False)
    built: tuple[str, ...]


def split_local(
    packages: Sequence[LockedPackage], lock_folder: Path
) -> tuple[tuple[LockedPackage, ...], tuple[LockedPackage, ...]]:
    """Return what can be installed, and the folders of the project, which no hash can hold and which are left out."""
    local = [package for package in packages if _is_folder(package, lock_folder)]
    return tuple(package for package in packages if package not in local), tuple(local)


def uv_inputs(packages: Sequence[LockedPackage], addresses: Addresses) -> UvInputs:
    """Return what uv is given for `packages`, none of which is a folder.

    Raises:
        InputError, GatheredErrors: a package without a sha256 or a commit, or with an address that cannot be read.
    """
    faults = [fault for package in packages for fault in _faults(package)]
    raise_gathered(faults[:MOST_FAULTS_TOLD])
    ordered = sorted(packages, key=lambda package: normalise_name(package.name))
    repositories = [package for package in ordered if isinstance(pip_source(package), Repository)]
    archives = [package for package in ordered if package not in repositories and not _from_index(package)]
    files = [package for package in ordered if package not in repositories and package not in archives]
    return UvInputs(
        pylock=_pylock(files, addresses) if files else "",
        archives=tuple(_archive_line(package, addresses) for package in archives),
        repositories=tuple(_repository_line(package, addresses) for package in repositories),
        built=tuple(package.name for package in ordered if not _is_wheel(package)),
    )


def _is_folder(package: LockedPackage, lock_folder: Path) -> bool:
    source = pip_source(package)
    if isinstance(source, Folder):
        return not _ARCHIVE.search(source.path.partition("#")[0])
    if not package.url.startswith("file:") or not _is_address(package.url):
        return False
    return Path(url2pathname(urlsplit(package.url).path)).is_dir() or (lock_folder / package.url).is_dir()


def _faults(package: LockedPackage) -> Iterator[InputError]:
    """Yield what keeps a package from being installed by its hash."""
    source, who = pip_source(package), f"`{package.name} {package.version}`"
    where = public_url(package.url)
    is_safe = _NAME.fullmatch(package.name) and _is_address(package.url)
    if not is_safe or _LINE_ENDS.search(package.url + package.version):
        why = "a name, a version or an address holds characters that no package index allows"
        yield InputError(f"{who} cannot be installed safely", where=where, why=why, how="correct the lock")
    elif isinstance(source, Repository):
        if source.kind != "git":
            yield InputError(
                f"{who} is in a repository that uv cannot read",
                where=where,
                why=f"it is `{source.kind}`, and uv reads `git` only",
                how="lock it from an index, or from a git repository",
            )
        elif source.commit is None:
            yield InputError(
                f"{who} is not pinned to a commit",
                where=where,
                why="a branch or a tag moves, and a repository has no sha256 that could be checked",
                how="write `git+URL@COMMIT` with the whole commit in environment.yml, and lock anew",
            )
    elif not package.sha256 or not _SHA256.fullmatch(package.sha256):
        known = "no sha256, only an md5" if package.md5 and not package.sha256 else "no sha256"
        yield InputError(
            f"{who} has {known}",
            where=where,
            why="what is installed could not be checked against the lock"
            + (": md5 can be forged" if package.md5 and not package.sha256 else ""),
            how="lock anew: `reprocheck lock` writes the sha256 of every file",
        )


def _is_address(url: str) -> bool:
    """Say whether an address can be taken apart; brackets that do not match cannot."""
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


def _is_wheel(package: LockedPackage) -> bool:
    source = pip_source(package)
    return isinstance(source, Archive | Folder) and _file_name(package).endswith(".whl")


def _from_index(package: LockedPackage) -> bool:
    """Say whether the file is named as files of an index are; for any other uv needs a direct reference."""
    name = _file_name(package)
    if name.endswith(".whl"):
        return True
    stem = _ARCHIVE.sub("", name)
    project, _, version = stem.rpartition("-")
    is_named = normalise_name(project) == normalise_name(package.name) and version == package.version
    return is_named and not _SUBDIRECTORY.search(package.url)


def _file_name(package: LockedPackage) -> str:
    return unquote(urlsplit(package.url.partition("#")[0]).path.rpartition("/")[2])


def _fetched(package: LockedPackage, addresses: Addresses) -> str:
    """Return the address that uv fetches.

    Raises:
        InputError: it refers to a variable that is not set, or that holds what no address may hold.
    """
    url = package.url.partition("#")[0]
    full = addresses.to_fetch(url.removeprefix("file:") if re.match(r"file:(?!//)", url) else url)
    if _LINE_ENDS.search(full):
        raise InputError(
            f"the address of `{package.name}` cannot be fetched",
            where=public_url(package.url),
            why="a variable that it refers to holds white space or a line end",
            how="set the variable to the bare value, percent-encoded where a URL wants it",
        )
    return full


def _pylock(files: Sequence[LockedPackage], addresses: Addresses) -> str:
    blocks = ['lock-version = "1.0"\ncreated-by = "reprocheck"\n']
    for package in files:
        kind, ends = ("wheels = [", "]") if _is_wheel(package) else ("sdist = ", "")
        url, digest = _text(_fetched(package, addresses)), _text(package.sha256 or "")
        blocks.append(
            f"[[packages]]\nname = {_text(normalise_name(package.name))}\nversion = {_text(package.version)}\n"
            f"{kind}{{ url = {url}, hashes = {{ sha256 = {digest} }} }}{ends}\n"
        )
    return "\n".join(blocks)


def _archive_line(package: LockedPackage, addresses: Addresses) -> str:
    found = _SUBDIRECTORY.search(package.url)
    place = f"#subdirectory={found[1]}" if found else ""
    return f"{package.name} @ {_fetched(package, addresses)}{place} --hash=sha256:{package.sha256}"


def _repository_line(package: LockedPackage, addresses: Addresses) -> str:
    source = pip_source(package)
    if not isinstance(source, Repository):
        raise TypeError(f"{package.name} is no repository")
    place = f"#subdirectory={source.folder}" if source.folder else ""
    return f"{package.name} @ git+{addresses.to_fetch(source.url)}@{source.commit}{place}"


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's escapes are a part of TOML's."""
    return json.dumps(value)
