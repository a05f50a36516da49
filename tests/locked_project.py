"""A channel of real packages, a lock of them, and what lies in the prefixes that `create` makes of it, for tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conda_archives import CondaPackage, this_platform, write_conda, write_wheel

_HEAD = """version: 1
metadata:
  content_hash:
    {platform}: {zeros}
  channels:
  - url: {channel}
    used_env_vars: []
  platforms:
  - {platform}
  sources:
  - environment.yml
package:
"""
_ENTRY = """- name: {name}
  version: '{version}'
  manager: {manager}
  platform: {platform}
  dependencies:{dependencies}
  url: {url}
  hash:{hashes}
  category: {category}
  optional: false
"""


@dataclass
class LockedProject:
    """A folder with a channel, wheels, and `conda-lock.yml`.

    `address` is the channel as the lock names it, the folder's own if empty. `changes` replace keys of single entries.
    """

    folder: Path
    platform: str = field(default_factory=this_platform)
    address: str = ""
    changes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def channel(self) -> Path:
        """The folder of the channel."""
        return self.folder / "channel"

    def conda(self, name: str, **more: Any) -> CondaPackage:
        """Return a conda package for the platform of the lock."""
        return CondaPackage(name=name, **({"subdir": self.platform} | more))

    def wheel(self, name: str, version: str, files: Mapping[str, bytes]) -> tuple[str, str, Path]:
        """Write a wheel and return what `lock` wants of it."""
        return name, version, write_wheel(self.folder / "wheels", name, version, files)

    def lock(
        self,
        packages: Iterable[CondaPackage],
        wheels: Iterable[tuple[str, str, Path]] = (),
        name: str = "conda-lock.yml",
    ) -> Path:
        """Write the packages into the channel, and a lock of all of them."""
        address = self.address or self.channel.as_uri()
        head = _HEAD.format(platform=self.platform, zeros="0" * 64, channel=address)
        entries = [self._conda_entry(package, address) for package in packages]
        entries += [self._pip_entry(*wheel) for wheel in wheels]
        path = self.folder / name
        path.write_text(head + "".join(entries), encoding="utf-8")
        return path

    def _conda_entry(self, package: CondaPackage, address: str) -> str:
        path = write_conda(self.channel, package)
        data = path.read_bytes()
        hashes = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}
        pairs = [need.partition(" ")[::2] for need in package.depends]
        return self._entry(
            name=package.name,
            version=package.version,
            manager="conda",
            url=f"{address}/{path.parent.name}/{path.name}",
            dependencies="".join(f"\n    {name}: '{constraint}'" for name, constraint in pairs) or " {}",
            hashes=hashes,
        )

    def _pip_entry(self, name: str, version: str, path: Path) -> str:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        hashes = {"sha256": digest}
        return self._entry(
            name=name, version=version, manager="pip", url=path.as_uri(), dependencies=" {}", hashes=hashes
        )

    def _entry(self, *, name: str, hashes: dict[str, str], **fields: str) -> str:
        changed = dict(self.changes.get(name, {}))
        hashes = {kind: changed.pop(kind, digest) for kind, digest in hashes.items()}
        lines = "".join(f"\n    {kind}: {digest}" for kind, digest in hashes.items() if digest)
        fields = {"category": "main", "platform": self.platform, **fields, **changed}
        return _ENTRY.format(name=name, hashes=lines or " {}", **fields)


def contents(prefix: Path) -> dict[str, str]:
    """Return what lies in a prefix: digests of files, targets of links, by path; and empty folders."""
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(prefix):
        for name in [*names, *folders]:
            path = Path(folder, name)
            place = path.relative_to(prefix).as_posix()
            if path.is_symlink():
                found[place] = f"-> {path.readlink()}"
            elif path.is_file():
                found[place] = hashlib.sha256(path.read_bytes()).hexdigest()
            elif not any(path.iterdir()):
                found[place] = "empty"
    return dict(sorted(found.items()))
