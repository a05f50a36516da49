"""Who made an environment, and whether that came to its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reprocheck.model.prefixes import MADE_MARK, UNFINISHED_MARK
from reprocheck.readers.prefixes.marks import maker_of_conda, unfinished_reason

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
DATE = "==> 2024-01-01 00:00:00 <==\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"reason": "the conda part\\n was not  whole"}', "the conda part was not whole"),
        ('{"reason": "\\u001b[31mred"}', "\\x1b[31mred"),
        ('{"reason": 3}', "it does not say why"),
        ('{"reason": " "}', "it does not say why"),
        ("{}", "it does not say why"),
        ("", "it does not say why (its mark: is no JSON)"),
        (b"\xff", "it does not say why (its mark: is not UTF-8 text)"),
        ("[]", "it does not say why (its mark: holds no mapping)"),
    ],
)
def test_a_mark_means_unfinished_whatever_it_holds(
    tmp_path: Path, write: Write, content: str | bytes, reason: str
) -> None:
    assert unfinished_reason(write(tmp_path, {UNFINISHED_MARK: content})) == reason


def test_without_a_mark_an_environment_is_finished(tmp_path: Path) -> None:
    assert unfinished_reason(tmp_path) is None


def test_a_mark_that_is_no_file_means_unfinished(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED_MARK).parent.mkdir()
    os.mkfifo(tmp_path / UNFINISHED_MARK)
    assert unfinished_reason(tmp_path) == "it does not say why (its mark: is no regular file)"


@pytest.mark.parametrize(
    ("files", "maker"),
    [
        ({MADE_MARK: "", "conda-meta/history": f"{DATE}# conda version: 24.1.0\n"}, "reprocheck"),
        ({UNFINISHED_MARK: "{}"}, "reprocheck"),
        ({"conda-meta/pixi": "{}"}, "pixi"),
        ({"conda-meta/history": f"{DATE}# cmd: /opt/bin/conda create -n x\n# conda version: 24.1.0\n"}, "conda"),
        ({"conda-meta/history": f"{DATE}# cmd: /opt/bin/mamba create -n x\n# conda version: 22.9.0\n"}, "mamba"),
        ({"conda-meta/history": f"{DATE}# cmd: micromamba create\n# conda version: 3.8.0\n"}, "micromamba"),
        ({"conda-meta/history": f"{DATE}# cmd: C:\\conda\\Scripts\\conda-script.py create\n"}, "conda"),
        ({"conda-meta/history": f"{DATE}# cmd: C:\\conda\\Scripts\\mamba.exe create\n"}, "mamba"),
        ({"conda-meta/history": f"{DATE}# cmd: make\n# conda version: 24.1.0\n"}, "conda"),
        ({"conda-meta/history": f"{DATE}# cmd: make\n"}, None),
        ({"conda-meta/history": ""}, None),
        ({}, None),
        ({"conda-meta/history/x": ""}, None),
    ],
)
def test_who_made_it(tmp_path: Path, write: Write, files: dict[str, str], maker: str | None) -> None:
    assert maker_of_conda(write(tmp_path, files)) == maker


def test_an_environment_of_pixis_is_told_by_its_place(tmp_path: Path) -> None:
    assert maker_of_conda(tmp_path / ".pixi" / "envs" / "default") == "pixi"
