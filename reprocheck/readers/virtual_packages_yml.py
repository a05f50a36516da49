"""Read conda-lock's virtual-packages.yml: the machine to assume on each platform.

Source: conda-lock 4.0.3, conda_lock/virtual_package.py (the keys, and a space before the build string);
docs.conda.io "Managing virtual packages".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.platform_selectors import PLATFORMS
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.decoded_text import decode_text, read_given
from reprocheck.readers.yaml_events import parse_yaml
from reprocheck.readers.yaml_nodes import YamlMapping, YamlNode, YamlScalar

_VERSION = re.compile(r"^(?P<version>[0-9][\w.+!\-]*)(?: +(?P<build>[\w.\-]+))?$")
_SHAPE = 'it should read `subdirs: {linux-64: {packages: {__glibc: "2.17"}}}`'


def read_virtual_packages(path: Path) -> Mapping[str, tuple[VirtualPackage, ...]]:
    """Return the virtual packages of each platform that the file names, sorted by name.

    Raises:
        InputError: missing, unreadable, or no file of virtual packages.
        GatheredErrors: several such faults.
    """
    data = read_given(path, "the file of virtual packages", "name an existing file")
    return parse_virtual_packages(data, path.as_posix())


def parse_virtual_packages(data: bytes, path: str) -> Mapping[str, tuple[VirtualPackage, ...]]:
    """Return the virtual packages in the bytes of such a file; raises as `read_virtual_packages`."""
    root = parse_yaml(decode_text(data, path), path)
    errors: list[ReprocheckError] = []
    subdirs = root.get("subdirs") if isinstance(root, YamlMapping) else None
    if not isinstance(subdirs, YamlMapping):
        where = str(root.location) if root else f"{path}:1:1"
        raise InputError(
            "file of virtual packages has no `subdirs`", where=where, why=_SHAPE, how="name the right file"
        )
    machines = {}
    for key, node in subdirs.entries:
        if key.value not in PLATFORMS:
            errors.append(_unknown_platform(key))
        machines[key.value] = tuple(sorted(_packages(key, node, errors)))
    raise_gathered(errors)
    return machines


def _unknown_platform(key: YamlScalar) -> InputError:
    near = difflib.get_close_matches(key.value, sorted(PLATFORMS), n=1, cutoff=0.5)
    return InputError(
        f"platform `{key.value}` is unknown",
        where=str(key.location),
        why="known are " + ", ".join(f"`{platform}`" for platform in sorted(PLATFORMS)),
        how=f"did you mean `{near[0]}`?" if near else "name one of these",
    )


def _packages(platform: YamlScalar, node: YamlNode, errors: list[ReprocheckError]) -> Iterator[VirtualPackage]:
    packages = node.get("packages") if isinstance(node, YamlMapping) else None
    if not isinstance(packages, YamlMapping):
        errors.append(
            InputError(
                f"platform `{platform.value}` has no `packages`",
                where=str(platform.location),
                why=_SHAPE,
                how="add them",
            )
        )
        return
    for name, value in packages.entries:
        package = _package(name, value)
        if isinstance(package, VirtualPackage):
            yield package
        else:
            errors.append(package)


def _package(name: YamlScalar, value: YamlNode) -> VirtualPackage | InputError:
    if not name.value.startswith("__"):
        return InputError(
            f"`{name.value}` is no virtual package",
            where=str(name.location),
            why="their names begin with two underscores",
            how=f"write `__{name.value.lstrip('_')}`, or remove it",
        )
    found = _VERSION.match(value.value) if isinstance(value, YamlScalar) else None
    if not found:
        return InputError(
            f"virtual package `{name.value}` has no version",
            where=str(value.location),
            why='a version, and behind a space a build string if there is one: `"1 x86_64"`',
            how="write the version, or remove the line",
        )
    return VirtualPackage(name=name.value.lower(), version=found["version"], build=found["build"] or "0")
