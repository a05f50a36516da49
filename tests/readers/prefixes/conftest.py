"""Environments for the readers of prefixes: real ones, and such as are written by hand record by record."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

# In a process of its own, which leaves at once: py-rattler may crash while the interpreter shuts down.
_INSTALL = """
import asyncio, os, pathlib, sys, rattler
channel, prefix, cache, platform, *specs = sys.argv[1:]
async def main():
    records = await rattler.solve(
        sources=[rattler.Channel(pathlib.Path(channel).as_uri())], specs=specs, platforms=[platform, "noarch"]
    )
    await rattler.install(records, prefix, cache_dir=pathlib.Path(cache), show_progress=False)
asyncio.run(main())
sys.stdout.flush()
os._exit(0)
"""
_INDEX = """
import asyncio, os, pathlib, sys, rattler.index
asyncio.run(rattler.index.index_fs(pathlib.Path(sys.argv[1])))
os._exit(0)
"""

Write = Callable[[Path, Mapping[str, str | bytes]], Path]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let SIGINT interrupt also where the tests run in the background of a shell, which ignores it for them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def write() -> Write:
    """Write files below a folder, by their relative paths, and return the folder."""

    def write_files(root: Path, files: Mapping[str, str | bytes]) -> Path:
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return write_files


@pytest.fixture
def record() -> Callable[..., str]:
    """Return the text of a record of `conda-meta` as conda writes it, with any key replaced."""

    def make(name: str = "tool", *paths: Mapping[str, Any], **more: Any) -> str:
        version, subdir = more.get("version", "1.0"), more.get("subdir", "linux-64")
        fields: dict[str, Any] = {
            "name": name,
            "version": version,
            "build": "h1_0",
            "subdir": subdir,
            "channel": f"https://conda.anaconda.org/conda-forge/{subdir}",
            "url": f"https://conda.anaconda.org/conda-forge/{subdir}/{name}-{version}-h1_0.conda",
            "md5": "A" * 32,
            "sha256": "B" * 64,
            "depends": [],
            "files": [path["_path"] for path in paths],
            "paths_data": {"paths_version": 1, "paths": list(paths)},
            **more,
        }
        return json.dumps({key: value for key, value in fields.items() if value is not ...})

    return make


@pytest.fixture(scope="session")
def whole_prefix(archives: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a prefix that rattler made: Python, pip, numpy, a noarch package, and two that claim one file."""
    folder = tmp_path_factory.mktemp("conda")
    for package in _packages(archives):
        archives.write_conda(folder / "channel", package)
    subprocess.run([sys.executable, "-c", _INDEX, str(folder / "channel")], check=True, timeout=120)
    specs = ["python", "pip", "numpy", "einops", "first", "second"]
    places = [str(folder / name) for name in ("channel", "prefix", "cache")]
    command = [sys.executable, "-c", _INSTALL, *places, archives.this_platform(), *specs]
    subprocess.run(command, check=True, timeout=120)
    return folder / "prefix"


def _packages(archives: ModuleType) -> list[Any]:
    numpy = archives.python_project("numpy", "1.26.4", {"numpy/__init__.py": b"1\n"}, SITE, ("tool>=1; os_name=='x'",))
    einops = archives.python_project("einops", "0.8.1", {"einops/__init__.py": b"2\n"}, requires=("numpy<3,>=1.20",))
    package = archives.CondaPackage
    script = b"#!" + archives.PLACEHOLDER + b"/bin/python\n"
    return [
        archives.running_python(),
        archives.running_pip(),
        package(name="numpy", version="1.26.4", build="py_0", files=numpy, depends=("python >=3.8,<4",)),
        package(name="einops", version="0.8.1", noarch=True, files=einops, depends=("python",)),
        package(name="first", files={"lib/x.txt": b"first", "lib/first": archives.PLACEHOLDER, "bin/first": script}),
        package(name="second", files={"lib/x.txt": b"second", "bin/second": b"\0" + archives.PLACEHOLDER}),
    ]


@pytest.fixture
def prefix(whole_prefix: Path, tmp_path: Path) -> Path:
    """Return a copy of the whole prefix, to be damaged."""
    return Path(shutil.copytree(whole_prefix, tmp_path / "prefix", symlinks=True))
