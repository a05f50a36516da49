"""`kill -9` in `reprocheck create`: the prefix is none, as before, marked, or whole; the run after completes it.

Every prefix is then equal, byte for byte, to one that was never interrupted. `test_kill_create_changes.py` goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.create_deaths import Stage, check, packages
from tests.locked_project import contents

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def stage(tmp_path: Path, reprocheck: Callable[..., Any]) -> Stage:
    return Stage(tmp_path, reprocheck)


def test_a_death_while_a_prefix_is_made_leaves_none_or_a_marked_one(stage: Stage) -> None:
    project = stage.project("project")
    deaths = stage.die(project.lock(packages(project, "1.0")), None, stride=30, spread=20)
    assert deaths.before == {}
    check(deaths, least=50)


def test_a_death_while_what_was_begun_for_another_lock_is_removed_leaves_nothing_of_it(stage: Stage) -> None:
    old, new = stage.project("old-project"), stage.project("new-project")
    stage.make(old.lock(packages(old, "1.0")))
    meta = stage.prefix / "conda-meta"
    (meta / "reprocheck-made").unlink()
    (meta / "only-1-1.0-0.json").unlink()  # linked, and killed before its record was written: nobody lists its files
    (meta / "reprocheck-unfinished").write_text('{"lock": "another", "new": true, "prefix": null}')
    check(stage.die(new.lock(packages(new, "2.0")), stage.put_aside(), stride=80, spread=20), least=20)


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
