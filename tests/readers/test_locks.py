"""A lock is known by what it says, then by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.readers.locks import lock_format, parse_any_lock, read_any_lock

CONDA = b"version: 1\nmetadata:\n  platforms:\n  - linux-64\npackage: []\n"
PIXI = b"version: 6\nenvironments:\n  default:\n    packages: {}\npackages: []\n"
EXPLICIT = b"# platform: linux-64\n@EXPLICIT\n"


@pytest.mark.parametrize(
    ("data", "name", "known"),
    [
        (CONDA, "any.yml", "conda-lock"),
        (PIXI, "any.yml", "pixi"),
        (EXPLICIT, "conda-lock.yml", "explicit"),
        (b"", "folder\\dev.conda-lock.yaml", "conda-lock"),
        (b"", "sub/pixi.lock", "pixi"),
        (b"dependencies:\n- python\n", "environment.yml", None),
        (b"# see @EXPLICIT files\ndependencies: []\n", "environment.yml", None),
    ],
)
def test_the_text_decides_then_the_name(data: bytes, name: str, known: str | None) -> None:
    assert lock_format(data, name) == known


def test_every_format_is_read(tmp_path: Path) -> None:
    for name, data in {"a.yml": CONDA, "b.lock": PIXI, "c.lock": EXPLICIT}.items():
        (tmp_path / name).write_bytes(data)
        assert read_any_lock(tmp_path / name).path == (tmp_path / name).as_posix()


def test_what_is_no_lock_is_refused_as_a_conda_lock() -> None:
    with pytest.raises(InputError) as caught:
        parse_any_lock(b"name: x\n", "x.yml")
    assert caught.value.what == "file is no conda-lock file: `version` is missing"
