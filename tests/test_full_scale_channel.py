"""The generated channel: the same bytes from the same seed, as many records as asked, their shape, and a solution."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.readers.conda_lock_yml import read_lock

ROOT = Path(__file__).resolve().parent.parent
SUBDIRS = ("linux-64", "noarch", "osx-arm64", "win-64")
RECORDS = 3000
SPECS = ("python 3.11.*", "pytorch", "pandas", "scikit-learn", "matplotlib-base", "requests", "pip")


def generate(folder: Path, *options: str, hash_seed: str = "0") -> dict[str, bytes]:
    words = [sys.executable, str(ROOT / "fixtures" / "full_scale_channel.py"), str(folder), *options]
    subprocess.run(words, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed}, timeout=60)
    return {path.parent.name: path.read_bytes() for path in folder.glob("*/repodata.json")}


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("channel")
    generate(folder, "--records", str(RECORDS))
    return folder


def records(channel: Path, subdir: str) -> list[dict[str, Any]]:
    document = json.loads((channel / subdir / "repodata.json").read_bytes())
    return [*document["packages"].values(), *document["packages.conda"].values()]


def test_the_same_seed_gives_the_same_bytes_under_any_hash_seed_and_another_seed_others(tmp_path: Path) -> None:
    first = generate(tmp_path / "a", "--records", "1500", hash_seed="1")
    assert generate(tmp_path / "b", "--records", "1500", hash_seed="2") == first
    other = generate(tmp_path / "c", "--records", "1500", "--seed", "other")
    assert [other[subdir] == first[subdir] for subdir in SUBDIRS] == [False] * 4


def test_each_subdir_holds_as_many_records_as_asked(tmp_path: Path) -> None:
    generate(tmp_path, "--records", "1000", "--records", "noarch=700")
    assert {subdir: len(records(tmp_path, subdir)) for subdir in SUBDIRS} == {
        **dict.fromkeys(SUBDIRS, 1000),
        "noarch": 700,
    }


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_the_shape_is_that_of_the_statistics(channel: Path, subdir: str) -> None:
    found = records(channel, subdir)
    depends = sorted(len(record["depends"]) for record in found)
    assert 3 <= depends[len(depends) // 2] <= 6  # real: 2 (noarch) to 4
    assert 8 <= depends[len(depends) * 9 // 10] <= 14  # real: 9 to 12
    assert 4 < statistics.mean(depends) < 7  # real: 3.7 (noarch) to 5.8
    counts = sorted(Counter(record["name"] for record in found).values())
    assert 2 <= counts[len(counts) // 2] <= 8  # real: 3 to 4; the core stands out in a small channel
    assert 300 < (channel / subdir / "repodata.json").stat().st_size / RECORDS < 850  # real: 505 to 842 bytes


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_no_record_asks_for_a_name_that_is_nowhere_or_for_itself(channel: Path, subdir: str) -> None:
    known = {record["name"] for home in (subdir, "noarch") for record in records(channel, home)}
    asked = {
        (record["name"], text.split()[0])
        for record in records(channel, subdir)
        for text in record["depends"]
        if not text.startswith("__")
    }
    if subdir != "noarch":  # what a pure module asks for may be a binary one: Python
        assert {wanted for _, wanted in asked} - known == set()
    assert {name for name, wanted in asked if name == wanted} == set()


def test_the_core_can_be_locked_for_every_platform(
    channel: Path, tmp_path: Path, reprocheck: Callable[..., Any]
) -> None:
    listed = "".join(f"- {spec}\n" for spec in SPECS)
    head = f"channels: [{channel.as_uri()}]\nplatforms: [linux-64, osx-arm64, win-64]\ndependencies:\n"
    (tmp_path / "environment.yml").write_text(head + listed)
    done = reprocheck("lock", "--cuda", "none")
    assert done.code == 0, done.err
    lock = read_lock(tmp_path / "conda-lock.yml")
    assert {spec.split()[0] for spec in SPECS} <= {package.name for package in lock.on("win-64")}
    newest = {package.version for package in lock.packages if package.name == "pandas"}
    assert newest == {"1.2.0"}  # the newest of a name never stands in the way of another's
