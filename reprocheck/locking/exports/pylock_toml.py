"""The pip part of one platform as a pylock.toml, which pip and uv install.

Source: PEP 751 and packaging.python.org "pylock.toml specification", lock-version 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reprocheck.locking.exports.exportable import Exportable, refuse_unhashed
from reprocheck.locking.exports.pip_sources import Archive, Folder, Repository, pip_source
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.pip_markers import PLATFORM_MARKERS


def format_pylock(export: Exportable) -> str:
    """Return the text of a pylock.toml; folders of the project are named, relative to the lock.

    Raises:
        InputError, GatheredErrors: a package without a hash or a commit.
    """
    local = [package for package in export.left_out if package.manager == "pip"]
    packages = sorted((*export.pip, *local), key=lambda package: normalise_name(package.name))
    hashed = [package for package in packages if isinstance(pip_source(package), Archive)]
    refuse_unhashed(hashed, export.lock, "sha256")
    unpinned = [package for package in packages if _has_no_commit(package)]
    refuse_unhashed(unpinned, export.lock, "commit")
    head = [*_head(export), *([] if packages else ["packages = []"])]
    blocks = ["\n".join(head), *("\n".join(_package(package, packages)) for package in packages)]
    return "\n\n".join(blocks) + "\n"


def _has_no_commit(package: LockedPackage) -> bool:
    source = pip_source(package)
    return isinstance(source, Repository) and source.commit is None


def _head(export: Exportable) -> Iterator[str]:
    yield f"# platform: {export.platform}"
    yield 'lock-version = "1.0"'
    known = PLATFORM_MARKERS.get(export.platform)
    if known:
        marker = f"sys_platform == '{known['sys_platform']}' and platform_machine == '{known['platform_machine']}'"
        yield f"environments = [{_text(marker)}]"
    python = next((package.version for package in export.conda if package.name == "python"), None)
    if python:
        yield f"requires-python = {_text('==' + '.'.join(python.split('.')[:2]) + '.*')}"
    yield 'created-by = "reprocheck"'


def _package(package: LockedPackage, packages: Sequence[LockedPackage]) -> Iterator[str]:
    yield "[[packages]]"
    yield f"name = {_text(normalise_name(package.name))}"
    source = pip_source(package)
    if package.version and not isinstance(source, Folder):
        yield f"version = {_text(package.version)}"
    needed = _needed(package, packages)
    if needed:
        yield f"dependencies = [{', '.join(f'{{ name = {_text(name)} }}' for name in needed)}]"
    match source:
        case Archive(url=url, is_wheel=True):
            yield f"wheels = [{{ url = {_text(url)}, hashes = {{ sha256 = {_text(package.sha256 or '')} }} }}]"
        case Archive(url=url):
            yield f"sdist = {{ url = {_text(url)}, hashes = {{ sha256 = {_text(package.sha256 or '')} }} }}"
        case Repository():
            yield f"vcs = {{ {', '.join(_repository(source))} }}"
        case Folder(path=path):
            yield f"directory = {{ path = {_text(path)} }}"


def _repository(source: Repository) -> Iterator[str]:
    yield f"type = {_text(source.kind)}"
    yield f"url = {_text(source.url)}"
    yield f"commit-id = {_text(source.commit or '')}"
    if source.folder:
        yield f"subdirectory = {_text(source.folder)}"


def _needed(package: LockedPackage, packages: Sequence[LockedPackage]) -> list[str]:
    """Return the other packages of the file that this one needs; what conda provides is not in it."""
    here = {normalise_name(other.name) for other in packages}
    names = {normalise_name(name.partition("[")[0].strip()) for name, _ in package.dependencies}
    return sorted((names & here) - {normalise_name(package.name)})


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's escapes are a part of TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
