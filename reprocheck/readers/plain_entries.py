"""The packages of a conda-lock.yml in the layout that its writers give them, each entry by one pattern.

A lock holds thousands of entries that differ in their texts alone, and one pattern for a whole entry takes a third of
the time that its lines take. Another order of keys, another indentation, a missing key, a comment: anything else
raises `Irregular`, and the caller reads the file with `plain_blocks`. Both give the same packages.

Source: conda-lock 4, lockfile/v1/models.py (`BaseLockedDependency`, whose fields are written in their order).
"""

from __future__ import annotations

import functools
import re

from reprocheck.model.locks import LockedPackage, Manager
from reprocheck.readers.conda_urls import read_conda_url
from reprocheck.readers.plain_blocks import Irregular, read_key, read_scalar, refuse_other_breaks

_LAST_KEY = "\npackage:\n"


def _word(name: str) -> str:
    """Return a pattern for a scalar without spaces, plain or in single quotes, that says something."""
    return rf"(?P<_{name}>'?)(?P<{name}>(?!null['\n])[A-Za-z0-9_.$/][^\s']*(?<!:))(?P=_{name})"


_ENTRY = re.compile(
    rf"- name: {_word('name')}\n"
    rf"  version: {_word('version')}\n"
    r"  manager: (?P<manager>conda|pip)\n"
    rf"  platform: {_word('platform')}\n"
    r"  dependencies:(?: \{\}|(?P<dependencies>(?:\n    \S.*)+))\n"
    rf"  url: {_word('url')}\n"
    rf"  hash:(?:\n    md5: {_word('md5')})?(?:\n    sha256: {_word('sha256')})?\n"
    rf"  category: {_word('category')}\n"
    r"  optional: (?P<optional>true|false)\n"
)
_FIELDS = ("name", "version", "manager", "platform", "dependencies", "url", "md5", "sha256", "category", "optional")


def split_entries(text: str) -> tuple[str, tuple[LockedPackage, ...]]:
    """Return the text up to the entries, the line `package:` included, and the packages that they hold.

    Raises:
        Irregular: an entry has another layout, lacks something, or is not the last thing in `text`.
    """
    refuse_other_breaks(text)
    if _LAST_KEY not in text:
        raise Irregular
    begin = at = text.index(_LAST_KEY) + len(_LAST_KEY)
    line = text.count("\n", 0, at) + 1
    packages: list[LockedPackage] = []
    while at < len(text):
        found = _ENTRY.match(text, at)
        if found is None:
            raise Irregular
        packages.append(_package(found, line))
        line += text.count("\n", at, found.end())
        at = found.end()
    return text[:begin], tuple(packages)


def _package(found: re.Match[str], line: int) -> LockedPackage:
    name, version, kind, platform, dependencies, url, md5, sha256, category, optional = found.group(*_FIELDS)
    manager: Manager = "conda" if kind == "conda" else "pip"
    build, channel = read_conda_url(url) if manager == "conda" else (None, None)
    return LockedPackage(
        name=name,
        version=version,
        manager=manager,
        platform=platform,
        dependencies=_dependencies(dependencies) if dependencies else (),
        url=url,
        md5=md5 and md5.lower(),
        sha256=sha256 and sha256.lower(),
        category=category,
        optional=optional == "true",
        build=build,
        channel=channel,
        line=line,
    )


def _dependencies(lines: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple(map(_dependency, lines.removeprefix("\n    ").split("\n    ")))
    if len(dict(pairs)) < len(pairs):
        raise Irregular
    return pairs


@functools.lru_cache(maxsize=1 << 14)
def _dependency(line: str) -> tuple[str, str]:
    name, colon, constraint = line.partition(": ")
    if not colon:
        raise Irregular
    return read_key(name), read_scalar(constraint)
