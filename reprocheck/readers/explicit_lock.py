"""Read an `@EXPLICIT` file, the lock of one platform that plain conda installs, into the model of locks.

It names files and their hashes and nothing else: there are no dependencies and no channels order to be read.
conda-lock adds the pip part as `# pip NAME @ URL#sha256=…`.

Source: docs.conda.io "Building identical conda environments"; conda-lock 4, `render_lockfile_for_platform`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import LARGEST_LOCK_BYTES, MOST_FAULTS_TOLD
from reprocheck.readers.conda_urls import read_conda_url
from reprocheck.readers.decoded_text import decode_text
from reprocheck.readers.pixi_packages import told_by_file_name

MARK = "@EXPLICIT"

_PLATFORM = re.compile(r"^#\s*platform:\s*(\S+)\s*$", re.MULTILINE)
_PIP = re.compile(r"^#\s*pip\s+(?P<name>[^\s@]+)\s*@\s*(?P<url>\S+)")
_MD5 = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"(?:sha256[:=])?([0-9a-f]{64})")


def parse_explicit_lock(data: bytes, path: str) -> Lock:
    """Return the lock that the bytes of an explicit file are.

    Raises:
        InputError, GatheredErrors: no text, no `@EXPLICIT` line, or lines that name no package.
    """
    text = decode_text(data, path, LARGEST_LOCK_BYTES)
    platform = _platform(text, path)
    errors: list[ReprocheckError] = []
    packages = tuple(_packages(text, platform, path, errors))
    raise_gathered(errors[:MOST_FAULTS_TOLD])
    channels = dict.fromkeys(package.channel for package in packages if package.channel)
    return Lock(
        path=path,
        platforms=(platform,),
        channels=tuple(channels),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=packages,
    )


def _platform(text: str, path: str) -> str:
    """Return the platform as the head names it, else as the first folder does that is not `noarch`."""
    if MARK not in text:
        raise InputError(
            "file is no explicit lock",
            where=f"{path}:1",
            why=f"the line `{MARK}` is missing",
            how="name the right file",
        )
    named = _PLATFORM.search(text)
    if named:
        return named[1]
    folders = (PurePosixPath(urlsplit(line).path).parent.name for line in text.split("\n") if "://" in line)
    return next((folder for folder in folders if folder and folder != "noarch"), "noarch")


def _packages(text: str, platform: str, path: str, errors: list[ReprocheckError]) -> Iterator[LockedPackage]:
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        pip = _PIP.match(line)
        if not pip and (not line or line == MARK or line.startswith("#")):
            continue
        package = _pip_package(pip, platform, number) if pip else _conda_package(line, platform, number)
        if package is not None:
            yield package
            continue
        errors.append(
            InputError(
                "line names no package",
                where=f"{path}:{number}",
                why="it should be the URL of a conda package, with its hash behind a `#`",
                how="correct the line, or write the file anew with `reprocheck export explicit`",
            )
        )


def _conda_package(line: str, platform: str, number: int) -> LockedPackage | None:
    url, _, digest = line.partition("#")
    told = told_by_file_name("conda", url)
    if not told:
        return None
    sha256 = _SHA256.fullmatch(digest.lower())
    return LockedPackage(
        name=told["name"],
        version=told["version"],
        manager="conda",
        platform=platform,
        dependencies=(),
        url=url,
        md5=digest.lower() if _MD5.fullmatch(digest.lower()) else None,
        sha256=sha256[1] if sha256 else None,
        category="main",
        optional=False,
        build=told["build"],
        channel=read_conda_url(url)[1],
        line=number,
    )


def _pip_package(found: re.Match[str], platform: str, number: int) -> LockedPackage:
    url, _, digest = found["url"].partition("#")
    sha256 = _SHA256.fullmatch(digest.lower())
    return LockedPackage(
        name=unquote(found["name"]),
        version=told_by_file_name("pypi", url).get("version", ""),
        manager="pip",
        platform=platform,
        dependencies=(),
        url=url,
        md5=None,
        sha256=sha256[1] if sha256 else None,
        category="main",
        optional=False,
        build=None,
        channel=None,
        line=number,
    )
