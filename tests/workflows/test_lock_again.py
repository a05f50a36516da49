"""Locking again: what stays, what moves, and decisions that a lock hands down; time travel; several sources."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from reprocheck.readers.conda_lock_yml import read_lock

Runner = Callable[..., Any]
DAY_MS = 86_400_000
FIRST_OF_2023_MS = 1_672_531_200_000


class Channel:
    """A channel in a folder that grows while a test runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: dict[str, dict[str, object]] = {}

    @property
    def uri(self) -> str:
        return self.folder.as_uri()

    def add(self, name: str, version: str, *depends: str, day: int | None = None, virtual: Sequence[str] = ()) -> None:
        record: dict[str, object] = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": [*depends, *virtual],
            "md5": "0" * 32,
            "sha256": "0" * 64,
            "subdir": "noarch",
        }
        if day is not None:
            record["timestamp"] = FIRST_OF_2023_MS + day * DAY_MS
        self.records[f"{name}-{version}-0.conda"] = record
        (self.folder / "noarch").mkdir(parents=True, exist_ok=True)
        document = {"info": {"subdir": "noarch"}, "packages.conda": self.records}
        (self.folder / "noarch" / "repodata.json").write_text(json.dumps(document))


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    """A channel with `app 1`, which needs `base`, of which there is version 1."""
    made = Channel(tmp_path / "channel")
    made.add("base", "1", day=0)
    made.add("app", "1", "base", day=0)
    made.add("tool", "1", day=0)
    return made


def write(folder: Path, channel: Channel, *dependencies: str, name: str = "environment.yml", head: str = "") -> None:
    listed = "".join(f"- {line}\n" for line in dependencies)
    text = f"{head}channels: [{channel.uri}]\nplatforms: [linux-64]\ndependencies:\n{listed}"
    (folder / name).write_text(text)


def locked(folder: Path) -> dict[str, str]:
    return {package.name: package.version for package in read_lock(folder / "conda-lock.yml").packages}


@pytest.fixture
def moved_on(reprocheck: Runner, tmp_path: Path, channel: Channel) -> Channel:
    """The channel after a first lock of `app` and `tool`: newer versions of everything have come."""
    write(tmp_path, channel, "app", "tool")
    assert reprocheck("lock").code == 0
    channel.add("base", "2", day=100)
    channel.add("app", "2", "base >=2", day=100)
    channel.add("tool", "2", day=100)
    return channel


def test_what_is_locked_stays_although_newer_versions_came(
    reprocheck: Runner, tmp_path: Path, moved_on: Channel
) -> None:
    before = (tmp_path / "conda-lock.yml").read_bytes()
    assert reprocheck("lock").out == "conda-lock.yml is up to date, not touched: linux-64 3 packages\n"
    assert reprocheck("lock", "--check").code == 0
    assert (tmp_path / "conda-lock.yml").read_bytes() == before


def test_one_package_moves_and_takes_along_only_what_it_must(
    reprocheck: Runner, tmp_path: Path, moved_on: Channel
) -> None:
    done = reprocheck("lock", "-P", "app")
    assert done.out == ("~ app 1 0 -> 2 0\n~ base 1 0 -> 2 0\nupdated conda-lock.yml: linux-64 3 packages; 2 changed\n")
    assert locked(tmp_path) == {"app": "2", "base": "2", "tool": "1"}


def test_a_package_that_others_hold_does_not_drag_them_along(
    reprocheck: Runner, tmp_path: Path, moved_on: Channel
) -> None:
    reprocheck("lock", "-P", "base")
    assert locked(tmp_path) == {"app": "1", "base": "2", "tool": "1"}


def test_upgrade_moves_everything(reprocheck: Runner, tmp_path: Path, moved_on: Channel) -> None:
    assert reprocheck("lock", "-U", "--check").code == 1
    reprocheck("lock", "-U")
    assert locked(tmp_path) == {"app": "2", "base": "2", "tool": "2"}


def test_a_lock_of_two_files_keeps_both_when_nobody_names_them(
    reprocheck: Runner, tmp_path: Path, channel: Channel
) -> None:
    write(tmp_path, channel, "app")
    write(tmp_path, channel, "tool", name="dev.yml")
    reprocheck("lock", "-f", "environment.yml", "-f", "dev.yml")
    done = reprocheck("lock", "--check")
    assert done.err == ("note: made from environment.yml, dev.yml, as conda-lock.yml records it; `-f` names others\n")
    assert (done.code, sorted(locked(tmp_path))) == (0, ["app", "base", "tool"])
    reprocheck("lock", "-f", "environment.yml")
    assert sorted(locked(tmp_path)) == ["app", "base"]


def test_a_source_that_is_gone_leaves_the_usual_file(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    write(tmp_path, channel, "app")
    write(tmp_path, channel, "tool", name="dev.yml")
    reprocheck("lock", "-f", "environment.yml", "-f", "dev.yml")
    (tmp_path / "dev.yml").unlink()
    assert reprocheck("lock").err == ""
    assert sorted(locked(tmp_path)) == ["app", "base"]


def test_a_changed_spec_moves_what_it_must(reprocheck: Runner, tmp_path: Path, moved_on: Channel) -> None:
    write(tmp_path, moved_on, "app", "tool >=2")
    reprocheck("lock")
    assert locked(tmp_path) == {"app": "1", "base": "1", "tool": "2"}


def test_a_name_that_nothing_has_is_a_mistake(reprocheck: Runner, tmp_path: Path, moved_on: Channel) -> None:
    done = reprocheck("lock", "-P", "tol")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: package `tol` is neither locked nor declared")
    assert done.err.splitlines()[-1] == "  how:   did you mean `tool`?"


def test_the_changes_stand_before_the_line_that_says_it_is_written(
    reprocheck: Runner, tmp_path: Path, moved_on: Channel
) -> None:
    lines = reprocheck("lock", "-U").out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["~", "~", "~", "updated"]


def test_time_travel_takes_what_there_was_and_is_recorded(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    channel.add("tool", "2", day=100)
    channel.add("odd", "1")
    write(tmp_path, channel, "tool", "odd")
    done = reprocheck("lock", "--exclude-newer", "2023-02-01")
    assert done.err == "note: no upload time is known of `odd`: whether they existed at that time cannot be told\n"
    assert locked(tmp_path) == {"odd": "1", "tool": "1"}
    lock = read_lock(tmp_path / "conda-lock.yml")
    assert lock.custom("reprocheck.exclude-newer") == "2023-02-02T00:00:00Z"
    again = reprocheck("lock", "-U")
    assert again.err.splitlines()[0] == (
        "note: nothing newer than 2023-02-02T00:00:00Z, as conda-lock.yml records it; `--exclude-newer none` lifts that"
    )
    assert locked(tmp_path)["tool"] == "1"
    reprocheck("lock", "-U", "--exclude-newer", "none")
    assert locked(tmp_path)["tool"] == "2"
    assert read_lock(tmp_path / "conda-lock.yml").custom("reprocheck.exclude-newer") is None


def test_the_bound_of_a_day_is_its_end_in_utc(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    channel.add("tool", "2", day=31)  # 2023-02-01T00:00:00Z
    write(tmp_path, channel, "tool")
    for bound, version in [("2023-01-31", "1"), ("2023-02-01", "2"), ("2023-02-01T01:00:00+01:30", "1")]:
        (tmp_path / "conda-lock.yml").unlink(missing_ok=True)
        assert reprocheck("lock", "--exclude-newer", bound, env={"TZ": "Asia/Tokyo"}).code == 0
        assert locked(tmp_path) == {"tool": version}, bound


def test_a_time_that_cannot_be_read_is_exit_2(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    write(tmp_path, channel, "tool")
    done = reprocheck("lock", "--exclude-newer", "2023-06-01T12:00:00")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: time `2023-06-01T12:00:00` cannot be read")


def test_the_configuration_may_hold_the_bound(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    channel.add("tool", "2", day=100)
    write(tmp_path, channel, "tool")
    (tmp_path / "reprocheck.toml").write_text('exclude-newer = "2023-02-01"\n')
    reprocheck("lock")
    assert locked(tmp_path) == {"tool": "1"}
    reprocheck("lock", "--exclude-newer", "none", "-U")
    assert locked(tmp_path) == {"tool": "2"}


def test_several_files_make_one_lock_with_categories(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    write(tmp_path, channel, "app")
    write(tmp_path, channel, "tool", "base", name="dev.yml", head="category: dev\n")
    done = reprocheck("lock", "-f", "environment.yml", "-f", "dev.yml")
    assert (done.code, done.err) == (0, "")
    lock = read_lock(tmp_path / "conda-lock.yml")
    assert lock.sources == ("environment.yml", "dev.yml")
    assert {package.name: (package.category, package.optional) for package in lock.packages} == {
        "app": ("main", False),
        "base": ("main", False),
        "tool": ("dev", True),
    }


def test_specs_of_all_files_must_hold_together(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    channel.add("tool", "2", day=1)
    write(tmp_path, channel, "tool")
    write(tmp_path, channel, "tool <2", name="more.yml")
    assert reprocheck("lock", "-f", "environment.yml", "-f", "more.yml").code == 0
    assert locked(tmp_path) == {"tool": "1"}
    write(tmp_path, channel, "tool >=2")
    done = reprocheck("lock", "-f", "environment.yml", "-f", "more.yml")
    assert done.code == 2
    assert done.err.splitlines()[:3] == [
        "error: no solution for linux-64",
        "  where: environment.yml:4:3, more.yml:4:3",
        "  why:   no builds meet `tool >=2`, `tool <2` together",
    ]


def test_the_assumed_machine_may_come_from_conda_locks_file(
    reprocheck: Runner, tmp_path: Path, channel: Channel
) -> None:
    channel.add("native", "1", virtual=["__glibc >=2.17"])
    channel.add("native", "2", virtual=["__glibc >=2.34"])
    write(tmp_path, channel, "native")
    reprocheck("lock")
    assert locked(tmp_path) == {"native": "1"}
    (tmp_path / "virtual-packages.yml").write_text('subdirs:\n  linux-64:\n    packages: {__glibc: "2.35"}\n')
    reprocheck("lock")
    assert locked(tmp_path) == {"native": "2"}
    lock = read_lock(tmp_path / "conda-lock.yml")
    assert lock.custom("reprocheck.virtual-packages.linux-64") == "__glibc=2.35=0"
    (tmp_path / "old.yml").write_text('subdirs:\n  linux-64:\n    packages: {__glibc: "2.17", __cuda: "11.8"}\n')
    reprocheck("lock", "--virtual-package-spec", "old.yml")
    assert locked(tmp_path) == {"native": "1"}
    assert read_lock(tmp_path / "conda-lock.yml").custom("reprocheck.cuda") == "11.8"


@pytest.mark.parametrize("name", ["virtual-packages.yml", "virtual-packages.yaml"])
def test_lock_assumes_the_machine_that_check_compares_with(
    name: str, reprocheck: Runner, tmp_path: Path, channel: Channel
) -> None:
    write(tmp_path, channel, "tool")
    (tmp_path / name).write_text('subdirs:\n  linux-64:\n    packages: {__glibc: "2.35"}\n')
    reprocheck("lock")
    assert reprocheck("check", "--select", "RC202", "--output-format", "concise").out == "no findings\n"
    lock = read_lock(tmp_path / "conda-lock.yml")
    assert lock.custom("reprocheck.virtual-packages.linux-64") == "__glibc=2.35=0"


def test_a_pyproject_of_conda_lock_is_a_source(reprocheck: Runner, tmp_path: Path, channel: Channel) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.conda-lock]\nchannels = ['{channel.uri}']\nplatforms = ['linux-64']\n"
        "[tool.conda-lock.dependencies]\napp = '>=1'\n"
    )
    done = reprocheck("lock", "-f", "pyproject.toml")
    assert (done.code, done.err) == (0, "")
    assert locked(tmp_path) == {"app": "1", "base": "1"}
    assert read_lock(tmp_path / "conda-lock.yml").sources == ("pyproject.toml",)
