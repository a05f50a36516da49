"""What every test stands on: one hypothesis profile, and a command line without the outside world."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from tests import conda_archives

ROOT = Path(__file__).resolve().parent.parent

# Deadlines and slow-start checks measure the machine, not the code; the same examples come in every run.
settings.register_profile(
    "reprocheck", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("reprocheck")


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that a program needs to start, and nothing of colour, CI or tokens."""
    kept = ("PATH", "TMPDIR", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH")
    base = {name: os.environ[name] for name in kept if name in os.environ}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    home = tempfile.gettempdir()  # nobody's home: no .condarc of the developer, no configuration of uv
    return {**base, "HOME": home, "PYTHONPATH": path, **(extra or {})}


@pytest.fixture
def reprocheck(tmp_path: Path) -> Runner:
    """Run `reprocheck ARGUMENTS…` as a process in a scrubbed environment, in `tmp_path` unless told."""

    def run(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "reprocheck", *map(str, arguments)],
            cwd=cwd or tmp_path,
            env=clean_environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=240,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data beside the repository; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared with real data beside the repository")
    return folder


@pytest.fixture(scope="session")
def archives() -> ModuleType:
    """Return `conda_archives.py`: real conda packages, wheels and channels, made on the fly."""
    return conda_archives
