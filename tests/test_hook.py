"""The files that the pre-commit hook is run for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

HOOKS = Path(__file__).resolve().parent.parent / ".pre-commit-hooks.yaml"


@pytest.fixture(scope="module")
def files() -> re.Pattern[str]:
    [hook] = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    return re.compile(hook["files"])


@pytest.mark.parametrize(
    "name",
    ["environment.yml", "a/environment-dev.yaml", "conda-lock.yml", "a/gpu.conda-lock.yml", "pixi.lock", "a/pixi.lock"],
)
def test_environment_files_and_locks_are_looked_at(name: str, files: re.Pattern[str]) -> None:
    assert files.search(name)


@pytest.mark.parametrize("name", ["my-pixi.lock", "pixi.lock.bak", "uv.lock", "my-environment.yml", "conda-lock.log"])
def test_other_files_are_not(name: str, files: re.Pattern[str]) -> None:
    assert not files.search(name)
