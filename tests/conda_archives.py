"""Make real conda packages (`.conda`), wheels, and an indexed local channel, in milliseconds, for tests.

A `.conda` file is a zip of two zstd tars (conda-package-handling, "`.conda` format"); a wheel is a zip with RECORD
(PyPA, "Binary distribution format"). The same contents give the same bytes.

Used from tests through the fixture `archives` of `tests/conftest.py`. `running_python` packs the Python that runs, so
that pip and uv meet a real interpreter in the prefix.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import platform
import stat
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACEHOLDER = b"/opt/conda_archives/placeholder" + b"_placehold" * 20  # as long as conda's own
_TIME = (2020, 1, 1, 0, 0, 0)
# Parts of the standard library that no test needs; they are two thirds of it.
_LEFT_OUT = frozenset(
    {
        "test",
        "idlelib",
        "tkinter",
        "turtledemo",
        "ensurepip",
        "lib2to3",
        "site-packages",
        "__pycache__",
        "config-3",
        "distutils",
        "pydoc_data",
    }
)

Files = Mapping[str, bytes]


def this_platform() -> str:
    """Return conda's name of the platform that runs this, for example `linux-64`."""
    system = {"linux": "linux", "darwin": "osx", "win32": "win"}[sys.platform]
    machine = {"x86_64": "64", "amd64": "64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"{system}-{machine}"


@dataclass(kw_only=True)
class CondaPackage:
    """What goes into one `.conda`. `files` by path; those of `executable` get their mode; `links` are symbolic.

    A file that holds `PLACEHOLDER` has the prefix written into it when it is installed.
    """

    name: str
    version: str = "1.0"
    build: str = "0"
    files: Files = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    depends: tuple[str, ...] = ()
    noarch: bool = False
    subdir: str = field(default_factory=this_platform)

    @property
    def file_name(self) -> str:
        """Return `name-version-build.conda`."""
        return f"{self.name}-{self.version}-{self.build}.conda"


def python_project(
    name: str, version: str, files: Files, folder: str = "site-packages", requires: tuple[str, ...] = ()
) -> dict[str, bytes]:
    """Return `files` (paths below `folder`) with the dist-info that conda packages of Python projects bring."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    inside = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode(),
        f"{info}/INSTALLER": b"conda\n",
    }
    record = "".join(f"{path},sha256={_b64(data)},{len(data)}\n" for path, data in sorted(inside.items()))
    inside[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return {f"{folder}/{path}": data for path, data in inside.items()}


def write_conda(folder: Path, package: CondaPackage) -> Path:
    """Write one package below `folder/SUBDIR` and return its path."""
    subdir = "noarch" if package.noarch else package.subdir
    path = folder / subdir / package.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    stem = package.file_name.removesuffix(".conda")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (
            ("metadata.json", b'{"conda_pkg_format_version": 2}'),
            (f"info-{stem}.tar.zst", _tar(_info(package, subdir), package)),
            (f"pkg-{stem}.tar.zst", _tar(package.files, package, package.links)),
        ):
            archive.writestr(zipfile.ZipInfo(name, _TIME), data)
    return path


def _info(package: CondaPackage, subdir: str) -> dict[str, bytes]:
    index: dict[str, Any] = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": 0,
        "depends": list(package.depends),
        "subdir": subdir,
        "license": "MIT",
    }
    if package.noarch:
        index["noarch"] = "python"
    paths = {
        "paths": [
            *map(
                _path_entry,
                sorted(package.files.items()),
            ),
            *(
                {"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
                for path in sorted(package.links)
            ),
        ],
        "paths_version": 1,
    }
    documents: dict[str, Any] = {"index.json": index, "paths.json": paths, "about.json": {}}
    if package.noarch:
        documents["link.json"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
    info = {f"info/{name}": json.dumps(document).encode() for name, document in documents.items()}
    return {**info, "info/files": "".join(f"{path}\n" for path in (*package.files, *package.links)).encode()}


def _path_entry(pair: tuple[str, bytes]) -> dict[str, Any]:
    path, data = pair
    entry: dict[str, Any] = {
        "_path": path,
        "path_type": "hardlink",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_in_bytes": len(data),
    }
    if PLACEHOLDER in data:
        mode = "binary" if b"\0" in data else "text"
        entry |= {"prefix_placeholder": PLACEHOLDER.decode(), "file_mode": mode}
    return entry


def _tar(files: Files, package: CondaPackage, links: Mapping[str, str] | None = None) -> bytes:
    # Imported here: only who makes packages needs it.
    import zstandard

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if path in package.executable else 0o644
            archive.addfile(entry, io.BytesIO(data))
        for path, target in sorted((links or {}).items()):
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    packed: bytes = zstandard.ZstdCompressor(level=1).compress(buffer.getvalue())
    return packed


_INDEXING = """
import asyncio, os, pathlib, sys, rattler.index
asyncio.run(rattler.index.index_fs(pathlib.Path(sys.argv[1])))
os._exit(0)
"""


def index_channel(folder: Path) -> None:
    """Write `repodata.json` of every subdir of a channel, as its owner would.

    In a process of its own: py-rattler 0.28 may crash where an interpreter ends.
    """
    (folder / "noarch").mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-c", _INDEXING, str(folder)], check=True)


def running_python(requires_pip: bool = False) -> CondaPackage:
    """Return the Python that runs this as a conda package: program, shared library, the standard library needed."""
    version = platform.python_version()
    short = f"{sys.version_info[0]}.{sys.version_info[1]}"
    program = Path(sys.executable).resolve()
    files = {f"bin/python{short}": program.read_bytes()}
    links = {"bin/python3": f"python{short}", "bin/python": f"python{short}"}
    library = sysconfig.get_config_var("INSTSONAME") or ""
    shared = Path(sysconfig.get_config_var("LIBDIR") or "") / library
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and shared.is_file():
        files[f"lib/{library}"] = shared.read_bytes()
    stdlib = Path(sysconfig.get_paths()["stdlib"])
    for path in _standard_library(stdlib):
        files[f"lib/python{short}/{path.relative_to(stdlib).as_posix()}"] = path.read_bytes()
    # A script with the prefix inside, as real packages have them.
    files["bin/where-am-i"] = b"#!/bin/sh\necho " + PLACEHOLDER + b"\n"
    return CondaPackage(
        name="python",
        version=version,
        build="0_cpython",
        files=files,
        links=links,
        executable=frozenset({f"bin/python{short}", "bin/where-am-i"}),
        depends=("pip",) if requires_pip else (),
    )


def _standard_library(stdlib: Path) -> Iterable[Path]:
    for root, folders, names in os.walk(stdlib):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("config-"))
        for name in sorted(names):
            path = Path(root, name)
            if stat.S_ISREG(path.stat().st_mode) and path.suffix in (".py", ".so", ".json", ".txt"):
                yield path


def running_pip() -> CondaPackage:
    """Return the pip that ensurepip carries as a conda package."""
    import ensurepip

    bundled = Path(ensurepip.__file__).parent / "_bundled"
    wheel = next(iter(sorted(bundled.glob("pip-*.whl"))))
    short = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = f"lib/python{short}/site-packages"
    with zipfile.ZipFile(wheel) as archive:
        files = {f"{folder}/{name}": archive.read(name) for name in archive.namelist()}
    version = wheel.name.split("-")[1]
    files[f"{folder}/pip-{version}.dist-info/INSTALLER"] = b"conda\n"
    return CondaPackage(name="pip", version=version, build="py_0", files=files)


def write_wheel(folder: Path, name: str, version: str, files: Files, requires: tuple[str, ...] = ()) -> Path:
    """Write `name-version-py3-none-any.whl` with a RECORD and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    inside = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_b64(data)},{len(data)}\n" for path, data in sorted(inside.items()))
    inside[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, data in sorted(inside.items()):
            archive.writestr(zipfile.ZipInfo(inner, _TIME), data)
    return path


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
