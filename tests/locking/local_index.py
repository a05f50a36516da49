"""A package index in a folder, and requirements and jobs over it: what the tests of the pip part resolve against."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reprocheck.locking.pip_part.pip_jobs import PipAnswer, PipIndexes, PipJob, PipRequest
from reprocheck.locking.pip_part.pip_resolver import resolve_pip
from reprocheck.locking.platforms import virtual_packages
from reprocheck.model.environments import PipRequirement
from reprocheck.model.findings import Location
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.pip_line import read_pip_line

_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"


def write_wheel(
    folder: Path, name: str, version: str, *requires: str, tag: str = "py3-none-any", module: str = ""
) -> Path:
    """Write a wheel with one module at most; an entry `extra: NAME` of `requires` declares an extra."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    lines = [
        f"Provides-Extra: {line.removeprefix('extra: ')}" if line.startswith("extra: ") else f"Requires-Dist: {line}"
        for line in requires
    ]
    metadata = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""])
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in (("METADATA", metadata), ("WHEEL", _WHEEL.format(tag=tag)), ("RECORD", "")):
            archive.writestr(zipfile.ZipInfo(f"{stem}.dist-info/{member}"), text)
        if module:
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), module)
    return path


def write_sdist(folder: Path, name: str, version: str, backend: str) -> Path:
    """Write a source archive whose metadata only its build backend knows."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    data = f'[build-system]\nrequires = ["{backend}"]\nbuild-backend = "{backend}"\n'.encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(f"{name}-{version}/pyproject.toml")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return path


class LocalIndex:
    """A simple index whose pages are written anew with every wheel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return self.folder.resolve().as_uri()

    def add(self, name: str, version: str, *requires: str, tag: str = "py3-none-any", module: str = "") -> str:
        """Add a wheel and return its sha256."""
        return self._added(write_wheel(self.folder / name, name, version, *requires, tag=tag, module=module))

    def add_sdist(self, name: str, version: str, backend: str) -> str:
        """Add a source archive and return its sha256."""
        return self._added(write_sdist(self.folder / name, name, version, backend))

    def _added(self, file: Path) -> str:
        files = sorted(one for one in file.parent.iterdir() if one.suffix in (".whl", ".gz"))
        links = "".join(f'<a href="{file.name.replace("+", "%2B")}">{file.name}</a>\n' for file in files)
        (file.parent / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
        return hashlib.sha256(file.read_bytes()).hexdigest()


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder to whoever has the credentials, and refuses everybody where `status` is set."""

    credentials = ""
    status = 0

    def do_GET(self) -> None:
        """Answer with the file, or with what stands in the way."""
        expected = f"Basic {base64.b64encode(self.credentials.encode()).decode()}"
        refused = self.status or (401 if self.credentials and self.headers.get("Authorization") != expected else 0)
        if refused:
            self.send_response(refused)
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')  # git tells its password to none but who asks
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Say nothing."""


@contextmanager
def served(folder: Path, credentials: str = "", status: int = 0) -> Iterator[str]:
    """Serve `folder` on a free port until the block ends, and yield its host; `credentials` are `user:password`."""
    handler = type("Handler", (_Handler,), {"credentials": credentials, "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def conda_package(
    name: str, version: str, platform: str = "linux-64", depends: Sequence[str] = ("python",), build: str = "py311_0"
) -> LockedPackage:
    return LockedPackage(
        name=name,
        version=version,
        manager="conda",
        platform=platform,
        dependencies=tuple((depend, "") for depend in depends),
        url=f"https://conda.anaconda.org/conda-forge/{platform}/{name}-{version}-{build}.conda",
        md5="0" * 32,
        sha256="f" * 64,
        category="main",
        optional=False,
        build=build,
        channel="conda-forge",
        line=0,
    )


PYTHON = conda_package("python", "3.11.9", depends=(), build="hb806964_0_cpython")


def requirements(*lines: str) -> tuple[PipRequirement, ...]:
    """Return lines as those of an environment.yml, from its line 10 on."""
    return tuple(
        read_pip_line(line, Location(path="environment.yml", line=10 + index, column=5))
        for index, line in enumerate(lines)
    )


def pip_job(
    *lines: str,
    conda: Sequence[LockedPackage] = (),
    constraints: Sequence[str] = (),
    platform: str = "linux-64",
    preferred: Sequence[LockedPackage] = (),
) -> PipJob:
    return PipJob(
        platform=platform,
        virtual_packages=virtual_packages(platform, None),
        requirements=requirements(*lines),
        constraints=requirements(*constraints),
        conda=(PYTHON, *conda),
        preferred=tuple(preferred),
    )


def resolve(folder: Path, *jobs: PipJob, indexes: PipIndexes | None = None, **more: object) -> tuple[PipAnswer, ...]:
    """Resolve offline against the index in `folder / "index"`, with a cache of its own."""
    options: dict[str, object] = {"offline": True, "timeout_s": 60, "cache_folder": folder / "cache", **more}
    chosen = indexes or PipIndexes(index_url=(folder / "index").resolve().as_uri())
    return resolve_pip(
        PipRequest(jobs=jobs, indexes=chosen, folder=folder, **options),  # type: ignore[arg-type]
        lambda _: None,
    )
