"""`kill -9` in `reprocheck create`: the prefix is none, as before, marked, or whole; the run after completes it.

Every prefix is then equal, byte for byte, to one that was never interrupted.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conda_archives import PLACEHOLDER, CondaPackage, python_project, running_python
from tests.locked_project import LockedProject, contents

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

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


@pytest.fixture
def stage(tmp_path: Path, reprocheck: Runner) -> Stage:
    return Stage(tmp_path, reprocheck)


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
    """Return what is not the same; uv's own lock on the environment is nothing."""
    paths = (found.keys() | expected.keys()) - {".lock"}
    pairs = {path: (found.get(path), expected.get(path)) for path in sorted(paths)}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def test_a_death_while_a_prefix_is_made_leaves_none_or_a_marked_one(stage: Stage) -> None:
    project = stage.project("project")
    deaths = stage.die(project.lock(packages(project, "1.0")), None, stride=30, spread=20)
    assert deaths.before == {}
    check(deaths, least=50)


def test_a_death_while_a_prefix_is_changed_and_repaired_leaves_the_old_or_a_marked_one(stage: Stage) -> None:
    old, new = stage.project("old-project"), stage.project("new-project")
    stage.make(old.lock(packages(old, "1.0")))
    (stage.prefix / "share" / "t").unlink()
    (stage.prefix / "share" / "other.txt").write_text("damaged")
    aside = stage.put_aside()
    deaths = stage.die(new.lock(packages(new, "2.0")), aside, stride=40, spread=10)
    assert deaths.before == contents(aside)
    check(deaths, least=50)


@pytest.mark.slow
def test_a_death_before_many_a_line_that_writes_leaves_a_marked_prefix(stage: Stage) -> None:
    old, new = stage.project("old-project"), stage.project("new-project")
    stage.make(old.lock(packages(old, "1.0")))
    (stage.prefix / "share" / "other.txt").write_text("damaged")
    deaths = stage.die(new.lock(packages(new, "2.0")), stage.put_aside(), stride=16, spread=10)
    check(deaths, least=90)


@pytest.mark.slow
def test_a_death_with_a_pip_part_leaves_a_marked_prefix(stage: Stage) -> None:
    """With a Python that runs, and uv at work: wheels come, change and go, over a conda package that stays."""
    project = stage.project("project")
    shared = python_project("shared", "1.0", {"shared/__init__.py": b"c = 1\n"})
    base = [running_python(), project.conda("shared", noarch=True, files=shared)]
    stays = project.wheel("stays", "1.0", {"stays.py": b""})
    went = [project.wheel("moves", "1.0", {"moves/a.py": b""}), project.wheel("goes", "1.0", {"g.py": b""})]
    stage.make(project.lock(base, [stays, *went], "old.conda-lock.yml"))
    aside = stage.put_aside()
    moved = project.wheel("moves", "2.0", {"moves/b.py": b"2", "shared/more.py": b""})
    come = project.wheel("comes", "1.0", {f"comes/{number}.py": b"" for number in range(20)})
    check(stage.die(project.lock(base, [stays, moved, come]), aside, stride=150, spread=4), least=12)


@pytest.mark.parametrize("delay_s", [0.1, 0.2, 0.3, 0.4, 0.6])
def test_a_death_of_a_whole_process_leaves_no_prefix_that_passes_for_one(stage: Stage, delay_s: float) -> None:
    """The same without any harness: a process from the start, killed at some time, and the next one."""
    project = stage.project("project")
    lock = project.lock(packages(project, "1.0"))
    words = [sys.executable, "-m", "reprocheck", "create", "-p", stage.prefix, "--lockfile", lock]
    environ = {**os.environ, **stage.env}
    with subprocess.Popen(list(map(str, words)), env=environ, stdout=subprocess.DEVNULL) as process:
        time.sleep(delay_s)
        process.kill()
    left = contents(stage.prefix)
    is_marked = "conda-meta/reprocheck-unfinished" in left
    is_made = "conda-meta/reprocheck-made" in left
    assert is_marked or is_made or not [path for path in left if path.startswith("conda-meta")]
    stage.make(lock)
    after = contents(stage.prefix)
    shutil.rmtree(stage.prefix)
    stage.make(lock)
    assert after == contents(stage.prefix)
