"""Virtual environments and locked packages for the tests of the pip part."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from reprocheck.locking.pip_part.uv_program import find_uv
from reprocheck.model.locks import LockedPackage

LockPip = Callable[..., LockedPackage]


@pytest.fixture(scope="session")
def _bare_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run(
        [find_uv(), "venv", "--quiet", "--offline", "--no-config", "--python", sys.executable, str(root)], check=True
    )
    return root


def set_up_uv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "nobody"))
    monkeypatch.setenv("UV_CACHE_DIR", str(folder / "cache"))


@pytest.fixture
def venv(_bare_venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a virtual environment without any package; uv sees nobody's settings, and a cache of the test's own."""
    set_up_uv(tmp_path, monkeypatch)
    shutil.copytree(_bare_venv, tmp_path / "venv", symlinks=True)
    return tmp_path / "venv"


@pytest.fixture
def site(venv: Path) -> Path:
    """Return the folder for packages of `venv`."""
    return venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


@pytest.fixture
def lock_pip() -> LockPip:
    """Make a locked pip package of a file, or of an address and a digest."""

    def make(name: str, version: str, place: Path | str, **more: object) -> LockedPackage:
        if isinstance(place, Path):
            more = {"sha256": hashlib.sha256(place.read_bytes()).hexdigest(), **more}
        fields: dict[str, object] = {
            "name": name,
            "version": version,
            "url": place.as_uri() if isinstance(place, Path) else place,
            "manager": "pip",
            "platform": "linux-64",
            "dependencies": (),
            "md5": None,
            "sha256": None,
            "category": "main",
            "optional": False,
            "build": None,
            "channel": None,
            "line": 0,
            **more,
        }
        return LockedPackage(**fields)  # type: ignore[arg-type]

    return make


# Runs in a process of its own: py-rattler may crash at the end of the interpreter.
_INSTALL = """
import asyncio, os, sys
import rattler
channel, prefix, cache, *specs = sys.argv[1:]
async def main():
    records = await rattler.solve([rattler.Channel(channel)], specs)
    await rattler.install(records, prefix, cache_dir=cache)
asyncio.run(main())
os._exit(0)
"""


@pytest.fixture(scope="session")
def _conda_base(archives: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conda")
    project = archives.python_project("shared", "1.0", {"shared/__init__.py": b"VALUE = 'conda'\n"})
    archives.write_conda(folder / "channel", archives.running_python())
    archives.write_conda(folder / "channel", archives.CondaPackage(name="shared", files=project, noarch=True))
    archives.index_channel(folder / "channel")
    arguments = [(folder / "channel").as_uri(), str(folder / "prefix"), str(folder / "cache"), "python", "shared"]
    subprocess.run([sys.executable, "-c", _INSTALL, *arguments], check=True, timeout=120)
    return folder / "prefix"


@pytest.fixture
def conda_prefix(_conda_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a conda environment of a real Python and the project `shared`, without pip."""
    set_up_uv(tmp_path, monkeypatch)
    shutil.copytree(_conda_base, tmp_path / "prefix", symlinks=True)
    return tmp_path / "prefix"
