"""`kill -9` at 200 points of `reprocheck lock`, and of `--fix`: no torn file, nothing left behind by the run after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

Runner = Callable[..., Any]
HARNESS = Path(__file__).resolve().parent / "kill_harness.py"
ROOT = HARNESS.parents[2]
CHANNELS = ROOT / "fixtures" / "channels"
PLATFORMS = ("linux-64", "osx-arm64", "win-64")


@dataclass(frozen=True)
class Deaths:
    """What the harness saw: files by name before, after a whole run, and each death."""

    old: dict[str, str]
    new: dict[str, str]
    each: list[dict[str, Any]]


def write_environment(folder: Path, *dependencies: str) -> None:
    channels = ", ".join((CHANNELS / name).as_uri() for name in ("high", "low"))
    listed = "".join(f"- {line}\n" for line in dependencies)
    text = f"channels: [{channels}]\nplatforms: [{', '.join(PLATFORMS)}]\ndependencies:\n{listed}"
    (folder / "environment.yml").write_text(text)


def die(reprocheck: Runner, folder: Path, plan: tuple[int, int], *options: str) -> Deaths:
    """Lock a project, change what it asks for, and die in the middle of locking it anew."""
    project, scratch = folder / "project", folder / "scratch"
    project.mkdir()
    scratch.mkdir()
    write_environment(project, "numpy <2", "torchlike")
    assert reprocheck("lock", "--cuda", "none", *options, cwd=project).code == 0
    write_environment(project, "numpy")
    return killed(project, scratch, plan, "lock", "--cuda", "none", *options)


def killed(project: Path, scratch: Path, plan: tuple[int, int], *command: str) -> Deaths:
    """Die in the middle of a command that ends with 0 when it is left alone."""
    words = [sys.executable, str(HARNESS), str(project), str(scratch), *map(str, plan), *command]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, capture_output=True, check=True, env=env, timeout=500)
    told = json.loads(done.stdout)
    assert told["status"] == 0
    kept = [name for name, data in told["old"].items() if told["new"].get(name) == data]
    for files in (told["old"], told["new"], *(death[when] for death in told["deaths"] for when in ("left", "after"))):
        for name in kept if files else ():
            assert files.pop(name)  # what the command has no reason to touch is there after every death
    return Deaths(told["old"], told["new"], told["deaths"])


def check(deaths: Deaths) -> None:
    """Hold every death against the promise: each file is the old one or the new one, then all are the new ones."""
    assert {death["status"] for death in deaths.each} == {-signal.SIGKILL}
    staged = Counter[str]()
    for death in deaths.each:
        left = death["left"]
        assert left.keys() >= deaths.old.keys()
        for name, data in left.items():
            if name not in deaths.new:
                assert name.startswith("."), death["point"]
                assert name.endswith(".reprocheck.tmp"), death["point"]
                staged["leftovers"] += 1
            else:
                assert data in (deaths.old.get(name), deaths.new[name]), (death["point"], name)
        if death["again"] is not None:
            assert (death["again"], death["after"]) == (0, deaths.new), death["point"]
    assert staged["leftovers"] > 10  # deaths in the middle of a write were among them
    states = {tuple(death["left"].get(name) == data for name, data in deaths.new.items()) for death in deaths.each}
    assert len(states) == len(deaths.new) + 1  # none, the first, the first two ... are new


def test_a_death_anywhere_leaves_the_old_lock_or_the_new_one(reprocheck: Runner, tmp_path: Path) -> None:
    deaths = die(reprocheck, tmp_path, (1, 40))
    assert list(deaths.new) == ["conda-lock.yml"]
    assert len(deaths.each) >= 100
    check(deaths)


def test_a_death_anywhere_leaves_every_explicit_file_old_or_new(reprocheck: Runner, tmp_path: Path) -> None:
    deaths = die(reprocheck, tmp_path, (3, 20), "--explicit")
    assert list(deaths.new) == ["conda-linux-64.lock", "conda-lock.yml", "conda-osx-arm64.lock", "conda-win-64.lock"]
    assert len(deaths.each) >= 100
    check(deaths)


def test_a_death_in_the_middle_of_a_mend_leaves_every_environment_old_or_mended(tmp_path: Path) -> None:
    project, scratch = tmp_path / "project", tmp_path / "scratch"
    project.mkdir()
    scratch.mkdir()
    wrong = "".join(f"- package-{number} >=1 <2  # [sic]\n" for number in range(6))
    for name in ("a.yml", "b.yml"):
        (project / name).write_text(f"channels:\n- conda-forge\ndependencies:\n{wrong}")
    command = ("check", "--fix", "--select", "RC101,RC102", "a.yml", "b.yml")
    deaths = killed(project, scratch, (10, 20), *command)
    assert list(deaths.new) == ["a.yml", "b.yml"]
    assert len(deaths.each) >= 100
    check(deaths)


@pytest.mark.slow
def test_a_death_before_every_single_line_leaves_every_file_old_or_new(reprocheck: Runner, tmp_path: Path) -> None:
    deaths = die(reprocheck, tmp_path, (1, 100), "--explicit")
    assert len(deaths.each) >= 400
    check(deaths)


def test_what_a_death_left_is_gone_after_a_run_that_has_nothing_to_write(reprocheck: Runner, tmp_path: Path) -> None:
    write_environment(tmp_path, "numpy")
    reprocheck("lock", "--cuda", "none")
    (tmp_path / ".conda-lock.yml.abcdefgh.reprocheck.tmp").write_text("version: 1\nmetad")
    (tmp_path / ".conda-win-64.lock.h_gfedcb.reprocheck.tmp").write_text("")
    for option in ("--check", "--dry-run"):
        assert reprocheck("lock", "--cuda", "none", option).code == 0
        assert len(os.listdir(tmp_path)) == 4  # these write nothing, and take nothing away
    done = reprocheck("lock", "--cuda", "none")
    assert (done.code, done.out.split(":")[0]) == (0, "conda-lock.yml is up to date, not touched")
    assert sorted(os.listdir(tmp_path)) == ["conda-lock.yml", "environment.yml"]


@pytest.mark.parametrize("delay_s", [0.02, 0.1, 0.2, 0.3, 0.4])
def test_a_death_of_a_whole_process_leaves_the_old_lock_or_the_new_one(
    reprocheck: Runner, tmp_path: Path, delay_s: float
) -> None:
    """The same without any harness: a process from the start, killed at some time, and the next one."""
    write_environment(tmp_path, "numpy <2")
    reprocheck("lock", "--cuda", "none")
    old = (tmp_path / "conda-lock.yml").read_bytes()
    write_environment(tmp_path, "numpy")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "reprocheck", "lock", "--cuda", "none"], cwd=tmp_path, env=env, stdout=subprocess.DEVNULL
    ) as process:
        time.sleep(delay_s)
        process.kill()
    left = (tmp_path / "conda-lock.yml").read_bytes()
    assert reprocheck("lock", "--cuda", "none").code == 0
    new = (tmp_path / "conda-lock.yml").read_bytes()
    assert left in (old, new)
    assert sorted(os.listdir(tmp_path)) == ["conda-lock.yml", "environment.yml"]
