"""`reprocheck create` by its command line: real packages, a real Python, real uv."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reprocheck.locking.pip_part.uv_program import find_uv
from tests import conda_archives
from tests.conda_archives import PLACEHOLDER, CondaPackage, python_project, running_python, this_platform
from tests.locked_project import LockedProject, contents

Runner = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
LINK_SCRIPT = {"share/scripted": b"1", "bin/.scripted-post-link.sh": b"#!/bin/sh\ntouch ran\n"}


@dataclass
class Desk:
    """A project, a prefix `env` beside it, and caches of its own."""

    folder: Path
    project: LockedProject
    run: Runner
    env: dict[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> Path:
        return self.folder / "env"

    def create(self, *options: str | Path, env: dict[str, str] | None = None) -> Any:
        """Run `create`, by default for `env` and the lock of the project."""
        words = options if "-p" in options else ("-p", "env", *options)
        lock = () if "--lockfile" in options else ("--lockfile", "project/conda-lock.yml")
        return self.run("create", *words, *lock, cwd=self.folder, env={**self.env, **(env or {})})

    def install(self, wheel: Path) -> None:
        """Install a wheel into the prefix by hand."""
        python = str(self.prefix / "bin" / "python")
        words = [find_uv(), "pip", "install", "--offline", "--no-deps", "--python", python, str(wheel)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, **self.env})

    def small(self, version: str = "1.0") -> list[CondaPackage]:
        """Return four small packages, two of which bring one file."""
        conda = self.project.conda
        return [
            conda(
                "tool",
                version=version,
                files={"bin/tool": b"#!" + PLACEHOLDER + b"/bin/x\n", "share/both": b"tool", "share/tool.txt": b"t"},
                links={"share/link": "tool.txt"},
            ),
            conda("other", files={"share/both": b"other", "share/other.txt": b"o"}, depends=("tool",)),
            conda("python", version="3.11.4", files={"bin/python3.11": b"no python"}),
            conda(
                "pure",
                noarch=True,
                files=python_project("pure", "1.0", {"pure/__init__.py": b"x = 1\n"}),
                depends=("python >=3.9",),
            ),
        ]

    def record(self, stem: str) -> dict[str, Any]:
        """Return one record of the prefix."""
        document: dict[str, Any] = json.loads((self.prefix / "conda-meta" / f"{stem}.json").read_text())
        return document


@pytest.fixture
def desk(tmp_path: Path, reprocheck: Runner) -> Desk:
    env = {"RATTLER_CACHE_DIR": str(tmp_path / "cache"), "UV_CACHE_DIR": str(tmp_path / "uv")}
    return Desk(tmp_path, LockedProject(tmp_path / "project"), reprocheck, env)


@pytest.fixture(scope="session")
def _real_python() -> CondaPackage:
    return running_python()


@pytest.fixture
def real(desk: Desk, _real_python: CondaPackage) -> Desk:
    """A lock with a Python that runs, a conda project, and two wheels."""
    conda = python_project("shared", "1.0", {"shared/__init__.py": b"by = 'conda'\n"})
    wheels = [
        desk.project.wheel("wheely", "2.0", {"wheely/__init__.py": b"by = 'pip'\n", "wheely/data.bin": bytes(100)}),
        desk.project.wheel("second", "1.0", {"second.py": b"two = 2\n"}),
    ]
    desk.project.lock([_real_python, desk.project.conda("shared", noarch=True, files=conda)], wheels)
    return desk


def test_a_lock_becomes_an_environment_that_runs(real: Desk) -> None:
    done = real.create("-v")
    assert (done.code, done.err) == (0, "")
    python, platform = f"python {sys.version.split()[0]} 0_cpython", real.project.platform
    assert done.out == (
        f"+ {python}\n+ second 1.0 (pip)\n+ shared 1.0 0\n+ wheely 2.0 (pip)\n"
        f"created env: {platform}, 2 conda and 2 pip packages\n"
    )
    program = "import shared, wheely, second; print(shared.by, wheely.by, second.two)"
    environ = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run([real.prefix / "bin" / "python", "-c", program], capture_output=True, text=True, env=environ)
    assert said.stdout == "conda pip 2\n"
    assert (real.prefix / "bin" / "where-am-i").read_text() == f"#!/bin/sh\necho {real.prefix}\n"


def test_a_second_run_changes_nothing_and_says_so(real: Desk) -> None:
    real.create()
    times = {path: path.lstat().st_mtime_ns for path in sorted(real.prefix.rglob("*"))}
    done = real.create("-v")
    platform = real.project.platform
    told = f"env is what the lock says, unchanged: {platform}, 2 conda and 2 pip packages\n"
    assert (done.code, done.out, done.err) == (0, told, "")
    assert {path: path.lstat().st_mtime_ns for path in sorted(real.prefix.rglob("*"))} == times


def test_every_kind_of_damage_is_repaired(real: Desk) -> None:
    real.create()
    fresh = contents(real.prefix)
    site = next((real.prefix / "lib").glob("python3.*/site-packages"))
    (real.prefix / "bin" / "where-am-i").write_text("another")
    with (site / "shared" / "__init__.py").open("r+b") as file:  # in place: the cache has it too
        file.write(b"BY")
    (site / "wheely" / "data.bin").unlink()
    stranger = real.project.wheel("stranger", "9", {"stranger.py": b"", "shared/__init__.py": b"by = 'stranger'\n"})
    real.install(stranger[2])
    done = real.create("-v")
    python = f"python {sys.version.split()[0]} 0_cpython"
    assert done.out == (
        f"- stranger 9 (pip)\n~ {python}\n~ shared 1.0 0\n~ wheely 2.0 (pip)\n"
        f"env brought to the lock: {real.project.platform}, 2 conda and 2 pip packages; 1 removed, 3 repaired\n"
    )
    assert contents(real.prefix) == fresh
    assert real.create().out.startswith("env is what the lock says, unchanged")


def test_pip_over_conda_is_undone(real: Desk) -> None:
    real.create()
    fresh = contents(real.prefix)
    over = real.project.wheel("shared", "2.0", {"shared/__init__.py": b"by = 'pip'\n", "shared/new.py": b""})
    real.install(over[2])
    assert "shared-1.0.dist-info" not in os.listdir(next((real.prefix / "lib").glob("python3.*/site-packages")))
    assert real.create().out.endswith("2 conda and 2 pip packages; 1 removed, 1 repaired\n")
    assert contents(real.prefix) == fresh


def test_packages_come_and_go_with_the_lock(desk: Desk) -> None:
    desk.project.lock([*desk.small("1.0"), desk.project.conda("leaving", files={"lib/leaving/x.py": b""})])
    assert desk.create().code == 0
    desk.project.lock([*desk.small("2.0"), desk.project.conda("coming", files={"lib/coming/x.py": b""})])
    done = desk.create("-v")
    assert done.out == (
        "- leaving 1.0 0\n- tool 1.0 0\n~ other 1.0 0\n+ coming 1.0 0\n+ tool 2.0 0\n"
        f"env brought to the lock: {desk.project.platform}, 5 conda and 0 pip packages; "
        "2 installed, 2 removed, 1 repaired\n"
    )
    after = contents(desk.prefix)
    shutil.rmtree(desk.prefix)
    desk.create()
    assert contents(desk.prefix) == after


def test_another_python_takes_all_python_packages_along(desk: Desk) -> None:
    packages = desk.small()
    desk.project.lock(packages)
    desk.create()
    packages[2] = desk.project.conda("python", version="3.12.1", files={"bin/python3.12": b"no python"})
    desk.project.lock(packages)
    assert desk.create().code == 0
    assert not (desk.prefix / "lib" / "python3.11").exists()
    assert (desk.prefix / "lib" / "python3.12" / "site-packages" / "pure" / "__init__.py").is_file()


def test_of_two_owners_of_a_path_both_are_linked_anew(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    fresh = contents(desk.prefix)
    assert fresh.keys() >= {"share/both", "__clobbers__/tool/share/both"}
    (desk.prefix / "share" / "other.txt").write_text("changed")
    assert desk.create().out.endswith("4 conda and 0 pip packages; 2 repaired\n")
    assert contents(desk.prefix) == fresh


def test_a_record_that_nobody_can_read_is_written_anew(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    fresh = contents(desk.prefix)
    (desk.prefix / "conda-meta" / "tool-1.0-0.json").write_text('{"nam')
    assert desk.create().code == 0
    assert contents(desk.prefix) == fresh


def test_records_tell_what_the_package_tells_and_no_more_than_that(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    record = desk.record("pure-1.0-0")
    told = {key: record[key] for key in ("channel", "depends", "license", "noarch", "subdir", "requested_specs")}
    assert told == {
        "channel": desk.project.channel.as_uri(),
        "depends": ["python >=3.9"],
        "license": "MIT",
        "noarch": "python",
        "subdir": "noarch",
        "requested_specs": [],
    }
    modes = {path.stat().st_mode & 0o777 for path in (desk.prefix / "conda-meta").glob("*.json")}
    assert modes == {0o644}


def test_a_prefix_that_was_moved_is_made_anew_for_its_place(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    desk.prefix.rename(desk.folder / "elsewhere")
    assert desk.create("-p", "elsewhere").out.endswith("; 4 repaired\n")
    assert (desk.folder / "elsewhere" / "bin" / "tool").read_text() == f"#!{desk.folder}/elsewhere/bin/x\n"
    assert "unchanged" in desk.create("-p", "elsewhere").out


@pytest.mark.parametrize("mark", ["made", "unfinished", "both"])
def test_a_prefix_that_was_moved_is_made_anew_also_where_it_was_not_finished(desk: Desk, mark: str) -> None:
    """The old path stands in its files, and their digests are those of the records."""
    desk.project.lock([desk.project.conda("alone", files={"bin/alone": b"#!" + PLACEHOLDER + b"/bin/x\n"})])
    desk.create()
    meta = desk.prefix / "conda-meta"
    made = json.loads((meta / "reprocheck-made").read_text())
    begun = {"lock": made["lock"], "new": mark == "unfinished", "prefix": made["prefix"], "reason": "test"}
    if mark != "made":
        (meta / "reprocheck-unfinished").write_text(json.dumps(begun))
    if mark == "unfinished":
        (meta / "reprocheck-made").unlink()
    if mark == "both":  # begun at yet another place, where it was moved to and from
        begun["prefix"] = str(desk.folder / "third")
        (meta / "reprocheck-unfinished").write_text(json.dumps(begun))
        (meta / "reprocheck-made").write_text(json.dumps({**made, "prefix": str(desk.folder / "elsewhere")}))
    desk.prefix.rename(desk.folder / "elsewhere")
    assert desk.create("-p", "elsewhere").code == 0
    assert (desk.folder / "elsewhere" / "bin" / "alone").read_text() == f"#!{desk.folder}/elsewhere/bin/x\n"
    assert "unchanged" in desk.create("-p", "elsewhere").out


def test_a_link_in_the_place_of_a_mark_is_not_written_through(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    mine = desk.folder / "mine"
    mine.write_text("mine")
    for name in ("made", "unfinished"):
        (desk.prefix / "conda-meta" / f"reprocheck-{name}").unlink(missing_ok=True)
        (desk.prefix / "conda-meta" / f"reprocheck-{name}").symlink_to(mine)
    assert desk.create().out.startswith("completed env: ")
    assert mine.read_text() == "mine"
    assert (desk.prefix / "conda-meta" / "reprocheck-made").is_file()
    assert "unchanged" in desk.create().out


def test_who_has_a_path_that_two_bring_does_not_depend_on_who_came_first(desk: Desk) -> None:
    packages = desk.small()
    desk.project.lock(packages[1:])
    desk.create()
    desk.project.lock(packages)
    assert desk.create().out.endswith("4 conda and 0 pip packages; 1 installed, 1 repaired\n")
    after = contents(desk.prefix)
    shutil.rmtree(desk.prefix)
    desk.create()
    assert contents(desk.prefix) == after


@pytest.mark.parametrize("before", ["1.0", ""])
def test_a_pip_package_lies_over_a_conda_package_that_changes_or_comes(desk: Desk, before: str) -> None:
    """The lock wants both: what conda brings would lie over what pip had put there."""
    python = running_python()

    def shared(version: str) -> CondaPackage:
        files = python_project("shared", version, {"shared/__init__.py": b"by = 'conda'\n", "shared/c.py": b""})
        return desk.project.conda("shared", version=version, noarch=True, files=files)

    over = desk.project.wheel("over", "2.0", {"shared/__init__.py": b"by = 'pip'\n"})
    desk.project.lock([python, *([shared(before)] if before else [])], [over])
    assert desk.create().code == 0
    desk.project.lock([python, shared("1.1")], [over])
    done = desk.create()
    assert (done.code, done.err) == (0, "")
    said = subprocess.run(
        [desk.prefix / "bin" / "python", "-Bc", "import shared; print(shared.by)"], capture_output=True, text=True
    )
    assert said.stdout == "pip\n"
    assert "unchanged" in desk.create().out
    place = next(desk.prefix.glob("lib/python3*/site-packages")) / "shared" / "__init__.py"
    place.unlink()
    place.write_bytes(b"by = 'conda'\n")  # as if a run was killed when conda's part was there, and pip's was to come
    mark = {"lock": "another", "new": False, "prefix": str(desk.prefix)}
    (desk.prefix / "conda-meta" / "reprocheck-unfinished").write_text(json.dumps(mark))
    assert desk.create().code == 0
    assert place.read_bytes() == b"by = 'pip'\n"


def test_link_scripts_are_named_and_not_run(desk: Desk) -> None:
    desk.project.lock([desk.project.conda("scripted", files=LINK_SCRIPT)])
    done = desk.create()
    assert done.err == "note: link scripts are never run; `scripted` has some\n"
    assert not list(desk.folder.rglob("ran"))


@pytest.mark.parametrize("is_cached", [False, True])
def test_a_tampered_archive_is_refused_by_name(desk: Desk, is_cached: bool) -> None:
    packages = desk.small()
    desk.project.lock(packages)
    if is_cached:
        assert desk.create("-p", "first").code == 0
    archive = next(desk.project.channel.rglob("tool-1.0-0.conda"))
    locked = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.write_bytes(archive.read_bytes() + b"more")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    done = desk.create()
    assert (done.code, done.out) == (4, "")
    assert done.err == (
        "error: the archive of `tool 1.0` is not the one that was locked\n"
        f"  where: {archive.as_uri()}\n"
        f"  why:   its sha256 is {found}, and the lock has {locked}\n"
        "  how:   find out who changed it; where the new one is right, lock anew\n"
    )
    assert not desk.prefix.exists()


def test_a_package_without_any_hash_is_refused(desk: Desk) -> None:
    desk.project.changes = {"tool": {"md5": "", "sha256": ""}}
    desk.project.lock(desk.small())
    done = desk.create()
    assert done.code == 2
    assert done.err.startswith("error: `tool 1.0` has no hash\n  where: project/conda-lock.yml:")
    assert not desk.prefix.exists()


def test_an_explicit_file_is_installed_by_its_md5(desk: Desk) -> None:
    desk.project.lock(desk.small())
    exported = desk.run("export", "explicit", "--lockfile", "project/conda-lock.yml", cwd=desk.folder)
    assert "#" in exported.out
    (desk.folder / "conda.lock").write_text(exported.out)
    # The cache holds another `tool`, made of the same name: an md5 does not tell it apart for rattler.
    assert desk.create("-p", "first").code == 0
    (desk.folder / "cache" / "pkgs" / "tool-1.0-0" / "share" / "tool.txt").write_text("poison")
    done = desk.create("--lockfile", "conda.lock")
    assert (done.code, done.err) == (0, "")
    assert (desk.prefix / "share" / "tool.txt").read_text() == "t"
    assert desk.record("pure-1.0-0")["depends"] == ["python >=3.9"]
    assert "unchanged" in desk.create("--lockfile", "conda.lock").out


def test_a_byte_that_was_changed_in_the_cache_does_not_come_back(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create("-p", "first")
    (desk.folder / "cache" / "pkgs" / "tool-1.0-0" / "share" / "tool.txt").write_text("poison")
    assert desk.create().code == 0
    assert (desk.prefix / "share" / "tool.txt").read_text() == "t"


def test_a_prefix_for_another_platform_holds_conda_packages_only(desk: Desk) -> None:
    desk.project.platform = "osx-arm64"
    desk.project.lock(desk.small())
    done = desk.create("--platform", "osx-arm64")
    here = this_platform()
    note = f"note: the prefix is for `osx-arm64`, and this machine is `{here}`: it does not run here\n"
    assert (done.code, done.err) == (0, note)
    desk.project.lock(desk.small(), [desk.project.wheel("wheely", "1.0", {"wheely.py": b""})])
    refused = desk.create("--platform", "osx-arm64")
    assert refused.code == 2
    assert refused.err == (
        "error: the pip part cannot be installed for `osx-arm64`\n"
        "  where: --platform\n"
        f"  why:   this machine is `{here}`, and pip packages are installed by the Python of the prefix\n"
        "  how:   run it on such a machine\n"
    )


def test_a_lock_for_other_platforms_is_refused(desk: Desk) -> None:
    desk.project.platform = "osx-arm64"
    desk.project.lock(desk.small())
    done = desk.create()
    assert done.code == 2
    assert done.err.startswith(f"error: the lock holds nothing for `{this_platform()}`\n")


def test_a_pip_part_without_python_is_refused(desk: Desk) -> None:
    desk.project.lock([desk.project.conda("tool")], [desk.project.wheel("wheely", "1.0", {"wheely.py": b""})])
    done = desk.create()
    assert done.code == 2
    assert done.err.startswith("error: there is no Python for the pip part\n")
    assert not desk.prefix.exists()


def test_categories_count_as_conda_lock_counts_them(desk: Desk) -> None:
    desk.project.changes = {"tool": {"category": "dev"}, "pure": {"category": "docs"}}
    desk.project.lock(desk.small())
    said = {}
    for options in ((), ("--no-dev",), ("-e", "docs"), ("--no-dev", "-e", "docs")):
        shutil.rmtree(desk.prefix, ignore_errors=True)
        desk.create(*options)
        said[options] = sorted(path.stem.split("-")[0] for path in (desk.prefix / "conda-meta").glob("*.json"))
    assert said == {
        (): ["other", "python", "tool"],
        ("--no-dev",): ["other", "python"],
        ("-e", "docs"): ["other", "pure", "python", "tool"],
        ("--no-dev", "-e", "docs"): ["other", "pure", "python"],
    }


def test_a_prefix_must_be_named(desk: Desk) -> None:
    done = desk.run("create")
    assert (done.code, done.out) == (2, "")
    told = "error: missing option '-p' / '--prefix'\n  where: reprocheck create\n"
    assert done.err == f"{told}  how:   see `reprocheck create --help`\n"


def test_quiet_says_nothing(desk: Desk) -> None:
    desk.project.lock(desk.small())
    done = desk.create("-q")
    assert (done.code, done.out, done.err) == (0, "", "")


def make_nothing(_folder: Path) -> None:
    """An empty folder."""


def make_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("a file")


def make_notes(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    (folder / "papers").mkdir()


def make_venv(folder: Path) -> None:
    (folder / "pyvenv.cfg").write_text("home = /usr\n")


def make_conda(folder: Path) -> None:
    (folder / "conda-meta").mkdir()
    (folder / "conda-meta" / "history").write_text("==> 2020 <==\n# cmd: /opt/conda create -n x\n")


def make_base(folder: Path) -> None:
    make_conda(folder)
    (folder / "condabin").mkdir()
    (folder / "envs").mkdir()


FOREIGN = "give `--force`: what is not in the lock is then removed from this one"
REFUSED: list[tuple[Callable[[Path], None], tuple[str, ...], str, str]] = [
    (make_file, (), "something is there, and it is no folder", "name another folder with `-p`"),
    (make_notes, (), "it is no conda environment, and holds `notes.txt` and 1 more", "name another folder with `-p`"),
    (
        make_notes,
        ("--force",),
        "it is no conda environment, and holds `notes.txt` and 1 more",
        "name another folder with `-p`",
    ),
    (
        make_venv,
        ("--force",),
        "it is a virtual environment, which has no place for conda packages",
        "name another folder with `-p`",
    ),
    (make_conda, (), "reprocheck did not make this environment", f"name another folder, or {FOREIGN}"),
    (
        make_base,
        ("--force",),
        "it is a base environment, which holds `envs`, `condabin`, and others need it",
        "name another folder with `-p`",
    ),
]


@pytest.mark.parametrize(("make", "options", "why", "how"), REFUSED)
def test_what_somebody_else_made_is_not_touched(
    desk: Desk, make: Callable[[Path], None], options: tuple[str, ...], why: str, how: str
) -> None:
    desk.project.lock(desk.small())
    desk.prefix.mkdir()
    make(desk.prefix)
    before = contents(desk.prefix)
    done = desk.create(*options)
    assert done.code == 2
    assert done.err == (
        f"error: `env` cannot be made into this environment\n  where: --prefix\n  why:   {why}\n  how:   {how}\n"
    )
    assert contents(desk.prefix) == before


def test_the_prefix_of_the_running_python_is_not_touched(desk: Desk) -> None:
    desk.project.lock(desk.small())
    done = desk.create("-p", sys.prefix, "--force")
    assert done.code == 2
    assert "  why:   the Python that runs reprocheck lives there\n" in done.err


def test_force_makes_a_conda_environment_equal_to_the_lock(desk: Desk) -> None:
    desk.project.lock([*desk.small(), desk.project.conda("extra", files={"share/extra": b"1"})])
    desk.create()
    for mark in (desk.prefix / "conda-meta").glob("reprocheck-*"):
        mark.unlink()
    desk.project.lock(desk.small())
    assert desk.create().code == 2
    assert desk.create("--force").out.endswith("4 conda and 0 pip packages; 1 removed\n")
    after = contents(desk.prefix)
    assert "share/extra" not in after
    shutil.rmtree(desk.prefix)
    desk.create()
    assert contents(desk.prefix) == after


def test_an_empty_folder_is_a_place(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.prefix.mkdir()
    assert desk.create().out.startswith("created env: ")


def test_a_prefix_that_cannot_be_made_is_told(desk: Desk) -> None:
    desk.project.lock(desk.small())
    (desk.folder / "file").write_text("")
    done = desk.create("-p", "file/env")
    assert (done.code, done.err.splitlines()[0]) == (3, "error: the prefix cannot be written to")


def test_a_folder_in_the_way_of_a_file_is_told_and_left(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    (desk.prefix / "share" / "tool.txt").unlink()
    (desk.prefix / "share" / "tool.txt").mkdir()
    (desk.prefix / "share" / "tool.txt" / "mine").write_text("x")
    done = desk.create()
    assert done.code == 2
    assert done.err == (
        "error: a folder is in the way of `share/tool.txt`\n"
        f"  where: {desk.prefix}/share/tool.txt\n"
        "  why:   `tool 1.0` has a file of that name, and the folder is not empty\n"
        "  how:   move the folder away, and run again: `create` goes on from there\n"
    )
    (desk.prefix / "share" / "tool.txt").rename(desk.folder / "aside")
    assert desk.create().out.startswith("completed env: ")


def test_offline_takes_what_is_cached_or_local(desk: Desk) -> None:
    desk.project.address = "http://127.0.0.1:9/channel"
    desk.project.lock(desk.small())
    done = desk.create("--offline")
    assert (done.code, done.err) == (
        3,
        "error: 4 packages are not cached\n"
        f"  where: {desk.folder}/cache/pkgs\n"
        "  why:   `python 3.11.4`, `tool 1.0`, `other 1.0`, `pure 1.0` would have to be fetched\n"
        "  how:   run once without `--offline`\n",
    )
    assert not desk.prefix.exists()
    desk.project.address = ""
    desk.project.lock(desk.small())
    assert desk.create("--offline", "-p", "first").code == 0
    desk.project.address = "http://127.0.0.1:9/channel"
    desk.project.lock(desk.small())
    assert desk.create("--offline").code == 0


def test_a_second_create_waits_for_the_first(desk: Desk) -> None:
    desk.project.lock(desk.small())
    environ = {**os.environ, **desk.env, "PYTHONPATH": str(ROOT), "HOME": str(desk.folder)}
    words = [sys.executable, "-m", "reprocheck", "create", "-p", "env", "--lockfile", "project/conda-lock.yml"]
    started = [subprocess.Popen(words, cwd=desk.folder, env=environ, stdout=subprocess.PIPE) for _ in range(3)]
    said = sorted(process.communicate(timeout=120)[0].decode().split(" ")[0] for process in started)
    assert [process.returncode for process in started] == [0, 0, 0]
    assert said == ["created", "env", "env"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_an_interruption_is_told_with_what_it_leaves(desk: Desk, stalled: str) -> None:
    desk.project.address = stalled
    desk.project.lock(desk.small())
    environ = {**os.environ, **desk.env, "PYTHONPATH": str(ROOT), "HOME": str(desk.folder)}
    words = [sys.executable, "-m", "reprocheck", "create", "-p", "env", "--lockfile", "project/conda-lock.yml"]
    process = subprocess.Popen(words, cwd=desk.folder, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    mark = desk.prefix / "conda-meta" / "reprocheck-unfinished"
    for _ in range(600):
        if mark.exists() and (desk.prefix / "conda-meta" / "history").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    told = "\ninterrupted: `env` is marked as unfinished; run again, and `create` goes on from there\n"
    assert err.decode() == told
    assert mark.exists()


@pytest.fixture
def stalled() -> Iterator[str]:
    """Yield the address of a server that takes a request and never answers."""
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/channel"


def test_a_timeout_leaves_a_marked_prefix(desk: Desk, stalled: str) -> None:
    desk.project.address = stalled
    desk.project.lock(desk.small())
    done = desk.create("--timeout", "1")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == "error: not installed within 1 s"
    assert done.err.splitlines()[3] == "  how:   run again: `create` goes on from there; or raise `--timeout`"
    assert (desk.prefix / "conda-meta" / "reprocheck-unfinished").exists()
    desk.project.address = ""
    desk.project.lock(desk.small())
    assert desk.create().out.startswith("completed env: ")


def test_an_unfinished_prefix_of_another_lock_keeps_nothing_of_it(desk: Desk) -> None:
    desk.project.lock([*desk.small(), desk.project.conda("gone", files={"share/gone": b"1"})])
    desk.create()
    (desk.prefix / "conda-meta" / "reprocheck-made").rename(desk.folder / "made")
    mark = {"lock": "another", "new": True, "reason": "test"}
    (desk.prefix / "conda-meta" / "reprocheck-unfinished").write_text(json.dumps(mark))
    (desk.prefix / "conda-meta" / "gone-1.0-0.json").unlink()  # its files are there, and nobody knows whose they are
    desk.project.lock(desk.small())
    assert desk.create().out.startswith("completed env: ")
    assert "share/gone" not in contents(desk.prefix)


def test_users_files_in_the_prefix_stay(desk: Desk) -> None:
    desk.project.lock(desk.small())
    desk.create()
    (desk.prefix / "share" / "mine.txt").write_text("mine")
    (desk.prefix / "share" / "tool.txt").unlink()
    desk.create()
    assert (desk.prefix / "share" / "mine.txt").read_text() == "mine"


def test_a_package_whose_own_list_is_wrong_is_taken_as_published_and_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = conda_archives._path_entry  # the archive as a careless publisher makes it

    def wrong(pair: tuple[str, bytes]) -> dict[str, Any]:
        return right(pair) | {"sha256": "0" * 64, "size_in_bytes": 7}

    monkeypatch.setattr(conda_archives, "_path_entry", wrong)
    desk.project.lock([desk.project.conda("careless", files={"share/x": b"four"})])
    done = desk.create()
    told = "note: `careless`: the package's own list of files says otherwise than its archive\n"
    assert (done.code, done.err) == (0, told)
    again = desk.create()
    assert (again.out.split(",")[1], again.err) == (f" unchanged: {desk.project.platform}", "")
    (desk.prefix / "share" / "x").write_text("five")  # a change is still one, of the very length
    done = desk.create()
    assert (done.out.rpartition("; ")[2], done.err) == ("1 repaired\n", told)
    assert (desk.prefix / "share" / "x").read_text() == "four"


def test_a_wheel_whose_own_record_is_wrong_is_named_once_and_is_no_damage(real: Desk) -> None:
    name, version, path = real.project.wheel("careless", "1.0", {"careless.py": b"x = 1\n"})
    with zipfile.ZipFile(path) as old:
        texts = {inner: old.read(inner) for inner in old.namelist()}
    rows = f"careless.py,sha256={'A' * 43},6\nabsent.py,sha256={'A' * 43},6\ncareless-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as new:
        for inner, data in texts.items():
            new.writestr(inner, rows if inner.endswith("RECORD") else data)
    real.project.lock([running_python()], [(name, version, path)])
    done = real.create()
    told = "note: `careless`: the package's own list of files says otherwise than its archive\n"
    assert (done.code, done.err) == (0, told)
    done = real.create()
    assert (done.out.split(",")[1], done.err) == (f" unchanged: {real.project.platform}", "")
    (next(real.prefix.glob("lib/python3*/site-packages")) / "careless.py").write_text("x = 2\n")
    assert real.create().out.endswith("; 1 repaired\n")
