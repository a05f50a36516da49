"""A small project over the two tiny channels, and how to change what it asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHANNELS = Path(__file__).resolve().parents[2] / "fixtures" / "channels"


@dataclass(frozen=True)
class Project:
    """A folder with an environment.yml and a lock of it; `reprocheck` is run there."""

    folder: Path
    run: Callable[..., Any]

    def ask_for(self, *dependencies: str, platforms: str = "linux-64, osx-arm64, win-64") -> None:
        """Write the environment."""
        listed = "".join(f"- {line}\n" for line in dependencies)
        head = f"channels: [{(CHANNELS / 'high').as_uri()}]\nplatforms: [{platforms}]\ndependencies:\n"
        (self.folder / "environment.yml").write_text(head + listed)

    def lock(self, *options: str, **more: Any) -> Any:
        """Run `reprocheck lock` and return what it left behind."""
        return self.run("lock", "--cuda", "none", *options, cwd=self.folder, **more)

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the folder but the environment."""
        return {
            name: (self.folder / name).read_bytes() for name in os.listdir(self.folder) if name != "environment.yml"
        }


@pytest.fixture
def project(tmp_path: Path, reprocheck: Callable[..., Any]) -> Project:
    """Make a project with a whole lock, and an environment that has moved on since."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project(folder, reprocheck)
    made.ask_for("numpy <2", "torchlike")
    assert made.lock().code == 0
    made.ask_for("numpy")
    return made
