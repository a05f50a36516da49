"""What `create` tells of a prefix."""

from __future__ import annotations

import pytest

from reprocheck.model.prefix_creation import Creation, CreationStatus
from reprocheck.reports.create_text import render_creation

COMING = Creation(
    status="changed",
    path="env",
    platform="linux-64",
    conda=3,
    pip=1,
    installed=("new 1.0 0",),
    removed=("old 1.0 0", "older 2 (pip)"),
    repaired=("torch 2.5.1 cuda",),
)

LINES: list[tuple[CreationStatus, str]] = [
    ("created", "created env: linux-64, 3 conda and 1 pip packages\n"),
    ("completed", "completed env: linux-64, 3 conda and 1 pip packages; 1 installed\n"),
    ("changed", "env brought to the lock: linux-64, 3 conda and 1 pip packages; 1 installed\n"),
]


@pytest.mark.parametrize(("status", "line"), LINES)
def test_one_line_sums_up(status: CreationStatus, line: str) -> None:
    creation = Creation(status=status, path="env", platform="linux-64", conda=3, pip=1, installed=("new 1.0 0",))
    assert render_creation(creation) == line


def test_nothing_done_is_said() -> None:
    creation = Creation(status="unchanged", path="env", platform="linux-64", conda=3, pip=0)
    told = "env is what the lock says, unchanged: linux-64, 3 conda and 0 pip packages\n"
    assert render_creation(creation, verbose=True) == told


def test_every_package_is_named_if_asked_for() -> None:
    assert render_creation(COMING, verbose=True) == (
        "- old 1.0 0\n- older 2 (pip)\n~ torch 2.5.1 cuda\n+ new 1.0 0\n"
        "env brought to the lock: linux-64, 3 conda and 1 pip packages; 1 installed, 2 removed, 1 repaired\n"
    )


def test_a_path_cannot_start_a_line_of_its_own() -> None:
    creation = Creation(status="unchanged", path="env\n::error::x", platform="linux-64", conda=0, pip=0)
    assert render_creation(creation).count("\n") == 1
