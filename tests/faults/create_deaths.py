"""A stage on which `reprocheck create` dies at many points, and what is asked of every death, for the kill tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conda_archives import PLACEHOLDER, CondaPackage, python_project
from tests.locked_project import LockedProject

Runner = Callable[..., Any]
Files = dict[str, str]
HARNESS = Path(__file__).resolve().parent / "create_kill_harness.py"
ROOT = HARNESS.parents[2]


@dataclass(frozen=True)
class Deaths:
    """What the harness saw: the prefix before, after a whole run, and each death."""

    before: Files
    whole: Files
    each: list[dict[str, Any]]


@dataclass
class Stage:
    """A folder for the prefix `env` and its caches, always the same: the path is written into files."""

    folder: Path
    run: Runner
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scratch.mkdir()
        self.env = {
            "RATTLER_CACHE_DIR": str(self.scratch / "cache"),
            "UV_CACHE_DIR": str(self.scratch / "uv"),
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
        }

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    @property
    def prefix(self) -> Path:
        return self.scratch / "env"

    def project(self, name: str) -> LockedProject:
        """Return a new project."""
        return LockedProject(self.folder / name)

    def make(self, lock: Path) -> None:
        """Make the prefix in peace."""
        done = self.run("create", "-p", self.prefix, "--lockfile", lock, env=self.env)
        assert done.code == 0, done.err

    def put_aside(self) -> Path:
        """Keep the prefix as it is for every death to come."""
        aside = self.folder / "old"
        shutil.move(self.prefix, aside)
        return aside

    def die(self, lock: Path, old: Path | None, *, stride: int, spread: int) -> Deaths:
        """Die at many points of installing `lock` over `old`."""
        words = [sys.executable, HARNESS, self.scratch, lock, old or "-", stride, spread]
        environ = {**os.environ, **self.env}
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, env=environ)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["status"] == 0
        return Deaths(told["before"], told["whole"], told["deaths"])


def packages(project: LockedProject, version: str) -> list[CondaPackage]:
    """Return small packages: links, a prefix written in, noarch, a path that two own, one that comes or goes."""
    conda, pure = project.conda, python_project("pure", "1.0", {"pure/__init__.py": b"x = 1\n"})
    return [
        conda(
            "tool",
            version=version,
            files={"bin/tool": b"#!" + PLACEHOLDER + b"/bin/x\n", "share/both": version.encode(), "share/t": b"t"},
            links={"share/link": "t"},
        ),
        conda("other", files={"share/both": b"other", "share/other.txt": b"o"}, depends=("tool",)),
        conda("python", version="3.11.4", files={"bin/python3.11": b"no python"}),
        conda("pure", noarch=True, files=pure, depends=("python >=3.9",)),
        conda(f"only-{version[0]}", files={f"lib/only{version}/{number}.py": b"%d" % number for number in range(9)}),
    ]


def check(deaths: Deaths, *, least: int) -> None:
    """Hold every death against the promise."""
    killed = [death for death in deaths.each if death["status"] == -signal.SIGKILL]
    assert len(killed) >= least
    for death in deaths.each:
        point = (death["point"], death["status"], death["says"])
        left = {path: data for path, data in death["left"].items() if not path.endswith(".reprocheck.tmp")}
        if death["says"] == "whole":
            assert left in (deaths.before, deaths.whole), point
        elif death["says"] == "no environment":
            assert not deaths.before, point
            assert not [path for path in left if not path.startswith(".conda-meta.")], point
        assert (death["again"], death["then"], death["said"].count("\n")) == (0, "whole", 1), (point, death["said"])
        assert difference(death["after"], deaths.whole) == {}, point
    assert Counter(death["says"] for death in killed)["unfinished"] > least // 2


def difference(found: Files, expected: Files) -> dict[str, tuple[str | None, str | None]]:
    """Return what is not the same."""
    pairs = {path: (found.get(path), expected.get(path)) for path in sorted(found.keys() | expected.keys())}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
