"""`kill -9` in `reprocheck create` over a prefix that is there: as before, marked, or whole, and then completed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conda_archives import python_project, running_python
from tests.faults.create_deaths import Stage, check, packages
from tests.locked_project import contents

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def stage(tmp_path: Path, reprocheck: Callable[..., Any]) -> Stage:
    return Stage(tmp_path, reprocheck)


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
    deaths = stage.die(new.lock(packages(new, "2.0")), stage.put_aside(), stride=24, spread=6)
    check(deaths, least=60)


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
    check(stage.die(project.lock(base, [stays, moved, come]), aside, stride=180, spread=2), least=10)
