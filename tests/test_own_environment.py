"""reprocheck checks its own environment and lock, as it would check yours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reprocheck.locking.judging.freshness import judge_freshness
from reprocheck.readers.conda_lock_yml import read_lock
from reprocheck.readers.environment_yml import read_environment

ROOT = Path(__file__).resolve().parent.parent


def test_our_own_hook_finds_nothing(reprocheck: Any) -> None:
    done = reprocheck("check", "--output-format", "concise", cwd=ROOT)
    assert (done.code, done.out.splitlines()[0]) == (0, "no findings")


def test_our_own_lock_was_made_from_our_environment() -> None:
    found = judge_freshness(read_environment(ROOT / "environment.yml"), read_lock(ROOT / "conda-lock.yml"))
    assert (found.fresh, found.by) == (True, "input-digest")


def test_every_locked_package_has_its_digest_and_comes_from_a_public_place() -> None:
    packages = read_lock(ROOT / "conda-lock.yml").packages
    assert all(package.sha256 and package.md5 for package in packages)
    assert {package.url.split("/")[0] for package in packages} == {"https:"}


@pytest.mark.parametrize("driver", ["470.57.02", "615.31"])
def test_our_own_lock_needs_no_driver(reprocheck: Any, driver: str) -> None:
    done = reprocheck("audit", "--driver", driver, "--output-format", "concise", cwd=ROOT)
    found, *skipped = done.out.splitlines()
    assert (done.code, found) == (0, "no findings")
    unasked = ("`--driver` and `--gpu`", "`--node`", "`--prefix`", "`--switches`")
    assert all(any(option in line for option in unasked) for line in skipped)
