"""Locks and packages that lie, and prefixes with traps: `create` says what is wrong, and touches nothing outside."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conda_archives import CondaPackage, write_conda
from tests.locked_project import LockedProject

Runner = Callable[..., Any]
Create = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> LockedProject:
    return LockedProject(tmp_path / "project")


@pytest.fixture
def create(tmp_path: Path, reprocheck: Runner) -> Create:
    """Run `create -p env` on the project's lock, with caches of the test's own."""
    caches = {"RATTLER_CACHE_DIR": str(tmp_path / "cache"), "UV_CACHE_DIR": str(tmp_path / "uv")}

    def run(*options: str, prefix: str = "env", **more: str) -> Any:
        words = ("create", "-p", prefix, "--lockfile", "project/conda-lock.yml", *options)
        return reprocheck(*words, cwd=tmp_path, env={**caches, **more})

    return run


def plain(project: LockedProject) -> CondaPackage:
    return project.conda("good", files={"lib/good.so": b"good", "include/good.h": b"h"})


def lying(project: LockedProject, **told: Any) -> CondaPackage:
    """Return the package `liar 1.0`, whose archive is swapped in `lock_lie` for one that tells something else."""
    return project.conda("liar", **({"files": {"share/liar": b"x"}} | told))


def lock_lie(project: LockedProject, inside: CondaPackage) -> None:
    """Lock `liar 1.0 0` with an archive that holds `inside`."""
    archive = write_conda(project.channel, inside)
    wanted = archive.with_name("liar-1.0-0.conda")
    data = archive.read_bytes()
    shutil.move(archive, wanted)
    digests = {"sha256": hashlib.sha256(data).hexdigest(), "md5": hashlib.md5(data).hexdigest()}
    project.changes = {"liar": digests}
    project.lock([plain(project), project.conda("liar", files={"share/liar": b"x"})])
    wanted.write_bytes(data)


@pytest.mark.parametrize(
    "path",
    ["../other/evil", "/nowhere/evil", "share/../../evil", "conda-meta/reprocheck-made", "conda-meta/x-1-0.json"],
)
def test_a_package_that_lists_what_is_not_its_own_is_never_linked(
    project: LockedProject, create: Create, tmp_path: Path, path: str
) -> None:
    lock_lie(project, lying(project, files={path: b"evil"}))
    done = create()
    assert (done.code, done.err.splitlines()[0]) == (2, "error: `liar 1.0` would write where no package may")
    assert f"  why:   it lists `{path}`" in done.err.splitlines()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["cache", "env", "project"]
    assert (tmp_path / "env/conda-meta/reprocheck-unfinished").exists()


def test_what_another_package_brings_is_not_carried_out_of_the_prefix(
    project: LockedProject, create: Create, tmp_path: Path
) -> None:
    """rattler 0.28 looks for the source below the package in its cache, and so finds what lies beside it."""
    project.lock([plain(project)])
    assert create().code == 0
    lock_lie(project, lying(project, files={"../good-1.0-0/lib/good.so": b"good"}))
    assert create().code == 2
    assert not (tmp_path / "good-1.0-0").exists()


def test_an_archive_that_holds_another_package_is_refused(project: LockedProject, create: Create) -> None:
    lock_lie(project, project.conda("honest", files={"share/liar": b"x"}))
    done = create()
    assert (done.code, done.err.splitlines()[::2]) == (
        2,
        ["error: the archive of `liar 1.0` holds another package", "  why:   it says of itself that it is `honest`"],
    )


def test_paths_like_those_of_real_packages_are_linked(project: LockedProject, create: Create, tmp_path: Path) -> None:
    """The near miss: dots within names, links that stay inside, a folder called like a mark."""
    files = {
        "share/..data/x": b"1",
        "share/a..b": b"1",
        "conda-meta.d/reprocheck-made": b"1",
        "etc/conda-meta/x.json": b"1",
    }
    links = {"lib/self": "..", "lib/outside": "/nowhere"}
    project.lock([project.conda("odd", files=files, links=links)])
    assert (create().code, create().out) == (
        0,
        f"env is what the lock says, unchanged: {project.platform}, 1 conda and 0 pip packages\n",
    )
    assert (tmp_path / "env/share/..data/x").exists()


def test_a_folder_that_is_a_link_is_not_written_through(project: LockedProject, create: Create, tmp_path: Path) -> None:
    project.lock([plain(project)])
    assert create().code == 0
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "good.h").write_text("my own work")
    shutil.rmtree(tmp_path / "env/include")
    (tmp_path / "env/include").symlink_to(mine)
    done = create()
    assert (done.code, (mine / "good.h").read_text()) == (2, "my own work")
    assert done.err.splitlines() == [
        "error: `include` in the prefix leads out of it",
        f"  where: {tmp_path / 'env/include'}",
        f"  why:   it is a link to `{mine}`, and what lies there would be changed",
        "  how:   remove the link, and run again",
    ]
    assert not (tmp_path / "env/conda-meta/reprocheck-unfinished").exists()


def test_a_new_package_does_not_go_through_a_link_either(
    project: LockedProject, create: Create, tmp_path: Path
) -> None:
    project.lock([plain(project)])
    assert create().code == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "env/share").symlink_to(tmp_path / "mine")
    project.lock([plain(project), project.conda("new", files={"share/new": b"1"})])
    assert create().err.splitlines()[0] == "error: `share` in the prefix leads out of it"
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_folder_that_is_a_link_within_the_prefix_is_fine(
    project: LockedProject, create: Create, tmp_path: Path
) -> None:
    project.lock([plain(project)])
    assert create().code == 0
    (tmp_path / "env/lib").rename(tmp_path / "env/lib64")
    (tmp_path / "env/lib").symlink_to("lib64")
    (tmp_path / "env/include/good.h").write_bytes(b"damage")
    assert create().code == 0
    assert (tmp_path / "env/lib64/good.so").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "con"}, "the lock contradicts itself"),
        ({"version": "9" * 5000}, "the lock contradicts itself"),
        ({"url": "https://host.invalid/good-1.0-0.conda"}, "`good 1.0` is in no channel"),
        ({"url": "https:///c/linux-64/good-1.0-0.conda"}, "`good 1.0` is in no channel"),
        ({"url": "https://[::1/c/linux-64/good-1.0-0.conda"}, "the address of a channel cannot be read"),
        ({"url": "file://[::1/c/linux-64/good-1.0-0.conda"}, "the address of a channel cannot be read"),
        ({"url": "https://host.invalid:99999/c/linux-64/good-1.0-0.conda"}, "the address of a channel cannot be read"),
        ({"url": "file:///etc/passwd"}, "`good 1.0` is in no conda archive"),
        ({"sha256": "z" * 64}, "the sha256 of `good 1.0` is none"),
        ({"sha256": "abc"}, "the sha256 of `good 1.0` is none"),
    ],
)
def test_a_lock_that_cannot_be_meant_is_refused_before_anything_is_made(
    project: LockedProject, create: Create, tmp_path: Path, change: dict[str, str], expected: str
) -> None:
    project.lock([plain(project)])
    path = project.folder / "conda-lock.yml"
    text = path.read_text()
    for key, value in change.items():
        lines = text.splitlines()
        place = next(
            number
            for number, line in enumerate(lines)
            if line.strip().removeprefix("- ").startswith(f"{key}:") and number > 10
        )
        lines[place] = lines[place].partition(f"{key}:")[0] + f"{key}: '{value}'"
        text = "\n".join(lines) + "\n"
    path.write_text(text)
    done = create()
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {expected}")
    assert not (tmp_path / "env").exists()


def test_a_lock_of_nothing_does_not_empty_a_prefix(project: LockedProject, create: Create, tmp_path: Path) -> None:
    project.lock([plain(project)])
    assert create().code == 0
    text = (project.folder / "conda-lock.yml").read_text()
    (project.folder / "conda-lock.yml").write_text(f"{text.partition('package:')[0]}package: []\n")
    done = create()
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: the lock has no package for `{project.platform}`")
    assert (tmp_path / "env/lib/good.so").exists()


@pytest.mark.parametrize("secret", ["pass/word", "pass word", "pass@word", "pass?word", "pass\nword"])
def test_a_secret_that_would_end_early_is_refused_and_not_shown(
    project: LockedProject, create: Create, tmp_path: Path, secret: str
) -> None:
    project.address = "https://me:$SECRET@host.invalid/channel"
    project.lock([plain(project)])
    done = create("-v", SECRET=secret)
    assert (done.code, done.err.splitlines()[0]) == (2, "error: the value of `SECRET` cannot stand in an address")
    assert "word" not in done.out + done.err.replace("a password", "")
    assert not (tmp_path / "env").exists()


@pytest.mark.skipif(os.name == "nt", reason="other limits")
def test_a_path_that_no_file_system_has_is_told(project: LockedProject, create: Create) -> None:
    project.lock([plain(project)])
    done = create(prefix="l" * 260)
    assert (done.code, done.err.splitlines()[0]) == (3, "error: the prefix cannot be written to")
    assert done.err.splitlines()[2] == "  why:   file name too long"


def test_a_prefix_that_was_moved_or_copied_is_not_clean(
    project: LockedProject, create: Create, reprocheck: Runner, tmp_path: Path
) -> None:
    """The bytes are those of the records, and every path in them leads to the old place."""
    project.lock([plain(project)])
    assert create().code == 0
    audit = ("audit", "--driver", "550.54.14", "--gpu", "sm_90", "--select", "RC6", "--output-format", "concise")
    assert reprocheck(*audit, "--prefix", "env").code == 0
    (tmp_path / "link").symlink_to("env")
    assert reprocheck(*audit, "--prefix", "link").code == 0
    (tmp_path / "env").rename(tmp_path / "other")
    done = reprocheck(*audit, "--prefix", "other")
    assert done.code == 1
    assert done.out.splitlines()[0] == (
        "other/conda-meta/reprocheck-made:1:1: RC612 warning: `other` was made at another place, and its files lead"
        f" there: `conda-meta/reprocheck-made` names `{tmp_path}/env`, where nothing is any more"
    )
    assert create(prefix="other").code == 0
    assert reprocheck(*audit, "--prefix", "other").code == 0
