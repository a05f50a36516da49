"""Where a locked pip package comes from: an archive, a repository at a commit, or a folder of this project.

Source: PEP 610 and pip "VCS Support" (`git+URL@COMMIT`); uv and pixi write `git+URL?rev=REV#COMMIT`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from reprocheck.model.locks import LockedPackage

_VCS = re.compile(r"^(?P<kind>git|hg|bzr|svn)\+(?P<url>[^?#]+)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?$")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCHEME = re.compile(r"^(?:https?|ftp|file)://")
_VARIABLE = re.compile(r"^\$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A wheel or a source archive at a URL; `sha256` is None where the lock does not know it."""

    url: str
    sha256: str | None
    is_wheel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository; `revision` is what the lock pins, if anything. `folder` is the project's place in it."""

    kind: str
    url: str
    revision: str | None
    folder: str | None = None

    @property
    def commit(self) -> str | None:
        """The revision where it is a commit, which nobody can move."""
        return self.revision if self.revision and _COMMIT.fullmatch(self.revision) else None

    @property
    def requirement(self) -> str:
        """The URL as pip reads it."""
        pin = f"@{self.revision}" if self.revision else ""
        place = f"#subdirectory={self.folder}" if self.folder else ""
        return f"{self.kind}+{self.url}{pin}{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A path on the machine that locked, relative to the lock in most cases."""

    path: str


PipSource: TypeAlias = "Archive | Repository | Folder"


def pip_source(package: LockedPackage) -> PipSource:
    """Return where `package`, a pip package, comes from."""
    found = _VCS.match(package.url)
    if found:
        return _repository(found)
    if not _SCHEME.match(package.url) and not _VARIABLE.match(package.url):
        return Folder(path=package.url)
    path = package.url.partition("#")[0].partition("?")[0]
    return Archive(url=package.url.partition("#")[0], sha256=package.sha256, is_wheel=path.endswith(".whl"))


def _repository(found: re.Match[str]) -> Repository:
    url, _, pinned = found["url"].rpartition("@") if _ends_in_revision(found["url"]) else (found["url"], "", "")
    fragment = found["fragment"] or ""
    revision = fragment if _COMMIT.fullmatch(fragment) else pinned or None
    options = re.findall(r"(?:^|&)subdirectory=([^&]+)", f"{found['query'] or ''}&{fragment}")
    return Repository(kind=found["kind"], url=url, revision=revision, folder=options[0] if options else None)


def _ends_in_revision(url: str) -> bool:
    """Say whether an `@` stands in the path; one in the host is a user's name (`ssh://git@host/…`)."""
    return "@" in url.partition("://")[2].partition("/")[2]
