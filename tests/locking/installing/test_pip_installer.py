"""uv installs wheels into a real environment: by their hash, as if from an index, without a trace of secrets."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from reprocheck.errors import ForgedError, GatheredErrors, InputError, UndecidedError
from reprocheck.locking.installing.installed_proof import broken_files, noted_sha256, remove_unnamed
from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip
from reprocheck.locking.installing.uv_inputs import split_local
from reprocheck.model.locks import LockedPackage
from tests.locking.local_index import served

LockPip = Callable[..., LockedPackage]
Install = Callable[..., list[str]]

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "pa55word-that-nobody-may-see"
HANGING = "#!/bin/sh\necho $$ > {pid}\nwhile :; do sleep 0.1; done\n"


@pytest.fixture
def request_of(venv: Path, tmp_path: Path) -> Callable[..., PipInstallRequest]:
    """Make a request for `venv`, offline."""

    def make(*packages: LockedPackage, **more: object) -> PipInstallRequest:
        fields: dict[str, object] = {
            "prefix": venv,
            "python": venv / "bin" / "python",
            "packages": packages,
            "lock_folder": tmp_path,
            "offline": True,
            "timeout_s": 60.0,
            "progress": lambda _: None,
            **more,
        }
        return PipInstallRequest(**fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def install(request_of: Callable[..., PipInstallRequest]) -> Install:
    """Install packages and return what progress was told."""

    def run(*packages: LockedPackage, **more: object) -> list[str]:
        told: list[str] = []
        install_pip(request_of(*packages, progress=told.append, **more))
        return told

    return run


@pytest.fixture
def wheel(archives: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """Write a wheel with one module, a data file and a script."""

    def make(name: str = "tool", version: str = "1.0", text: str = "VALUE = 1\n", folder: str = "wheels") -> Path:
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}/__init__.py": text.encode(),
            f"{name}/data.bin": bytes(4096),
            f"{info}/entry_points.txt": f"[console_scripts]\nrun-{name} = {name}:VALUE\n".encode(),
        }
        path: Path = archives.write_wheel(tmp_path / folder, name, version, files)
        return path

    return make


def leaks(*folders: Path) -> list[str]:
    """Return the files that hold the password."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if PASSWORD.encode() in path.read_bytes()]


def test_a_wheel_looks_as_if_it_came_from_an_index_and_its_archive_is_noted(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path
) -> None:
    package = lock_pip("tool", "1.0", wheel())
    assert install(package) == ["installing pip: 1 package", "checking what was installed: pip, 1 package"]
    info = site / "tool-1.0.dist-info"
    assert sorted(path.name for path in info.iterdir()) == [
        *("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL", "entry_points.txt", "provenance_url.json"),
        "uv_cache.json",
    ]
    assert json.loads((info / "provenance_url.json").read_text()) == {
        "archive_info": {"hashes": {"sha256": package.sha256}},
        "url": package.url,
    }
    assert noted_sha256(info) == package.sha256
    assert broken_files(info) == ()
    assert "tool-1.0.dist-info/provenance_url.json,sha256=" in (info / "RECORD").read_text()


def test_no_file_is_shared_with_the_cache_of_uv(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path
) -> None:
    install(lock_pip("tool", "1.0", wheel()))
    assert {path.stat().st_nlink for path in site.rglob("tool*/*")} == {1}


def test_what_is_there_is_left_alone(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path
) -> None:
    package = lock_pip("tool", "1.0", wheel())
    install(package)
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    install(package)
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before


def test_a_tampered_wheel_is_refused_and_nothing_at_all_is_installed(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path
) -> None:
    good, bad = lock_pip("alpha", "1.0", wheel("alpha")), lock_pip("tool", "1.0", wheel())
    wheel("tool", text="VALUE = 2\n")
    found = hashlib.sha256(Path(bad.url.removeprefix("file://")).read_bytes()).hexdigest()
    with pytest.raises(ForgedError) as caught:
        install(good, bad)
    assert caught.value.lines() == [
        "error: the archive of `tool 1.0` is not the one that was locked",
        f"  where: {bad.url}",
        f"  why:   its sha256 is {found}, and the lock has {bad.sha256}",
        "  how:   find out who changed it; where the new one is right, lock anew",
    ]
    assert [path.name for path in site.iterdir() if path.name.startswith(("alpha", "tool"))] == []


def test_a_tampered_archive_behind_an_address_is_refused_by_the_same_words(
    install: Install, lock_pip: LockPip, source: Callable[..., Path], site: Path
) -> None:
    package = lock_pip("built", "1.0", source("main.tar.gz"), sha256="0" * 64)
    with pytest.raises(ForgedError) as caught:
        install(package)
    assert caught.value.what == "the archive of `built 1.0` is not the one that was locked"
    assert caught.value.why.endswith(f", and the lock has {'0' * 64}")
    assert not (site / "built.py").exists()


def test_packages_without_a_hash_or_a_commit_are_refused_together(install: Install, lock_pip: LockPip) -> None:
    with pytest.raises(GatheredErrors) as caught:
        install(
            lock_pip("old", "1.0", "https://files.invalid/old-1.0-py3-none-any.whl", md5="a" * 32),
            lock_pip("bare", "1.0", "https://me:secret@files.invalid/bare-1.0-py3-none-any.whl"),
            lock_pip("moving", "1.0", "git+https://git.invalid/moving@main"),
            lock_pip("other", "1.0", f"hg+https://hg.invalid/other@{'a' * 40}"),
        )
    assert caught.value.lines() == [
        "error: `old 1.0` has no sha256, only an md5",
        "  where: https://files.invalid/old-1.0-py3-none-any.whl",
        "  why:   what is installed could not be checked against the lock: md5 can be forged",
        "  how:   lock anew: `reprocheck lock` writes the sha256 of every file",
        "error: `bare 1.0` has no sha256",
        "  where: https://files.invalid/bare-1.0-py3-none-any.whl",
        "  why:   what is installed could not be checked against the lock",
        "  how:   lock anew: `reprocheck lock` writes the sha256 of every file",
        "error: `moving 1.0` is not pinned to a commit",
        "  where: git+https://git.invalid/moving@main",
        "  why:   a branch or a tag moves, and a repository has no sha256 that could be checked",
        "  how:   write `git+URL@COMMIT` with the whole commit in environment.yml, and lock anew",
        "error: `other 1.0` is in a repository that uv cannot read",
        f"  where: hg+https://hg.invalid/other@{'a' * 40}",
        "  why:   it is `hg`, and uv reads `git` only",
        "  how:   lock it from an index, or from a git repository",
    ]


@pytest.mark.parametrize(("name", "url"), [("a b", "https://h.invalid/x.whl"), ("x", "https://h.invalid/x.whl\n-r y")])
def test_a_name_or_an_address_that_would_be_two_lines_is_refused(
    install: Install, lock_pip: LockPip, name: str, url: str
) -> None:
    with pytest.raises(InputError, match="cannot be installed safely"):
        install(lock_pip(name, "1.0", url, sha256="a" * 64))


def test_a_wheel_that_is_gone_is_named(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], tmp_path: Path
) -> None:
    path = wheel()
    package = lock_pip("tool", "1.0", path)
    path.unlink()
    with pytest.raises(UndecidedError) as caught:
        install(package)
    assert caught.value.lines() == [
        "error: `tool 1.0` cannot be fetched",
        f"  where: {path.as_uri()}",
        "  why:   no such file, and the lock names it",
        "  how:   put it there, or lock anew",
    ]


def test_a_wheel_out_of_reach_is_undecided_offline(install: Install, lock_pip: LockPip) -> None:
    url = "https://files.invalid/tool-1.0-py3-none-any.whl"
    with pytest.raises(UndecidedError) as caught:
        install(lock_pip("tool", "1.0", url, sha256="a" * 64))
    assert caught.value.lines() == [
        "error: `tool 1.0` cannot be fetched",
        f"  where: {url}",
        f"  why:   network connectivity is disabled, but the requested data wasn't found in the cache: {url}",
        "  how:   run once without `--offline`",
    ]


def test_a_server_that_refuses_is_undecided(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], tmp_path: Path
) -> None:
    package = lock_pip("tool", "1.0", wheel())
    with served(tmp_path / "wheels", "me:right") as host, pytest.raises(UndecidedError) as caught:
        install(replace(package, url=f"http://{host}/tool-1.0-py3-none-any.whl"), offline=False)
    assert caught.value.how == "check the credentials of the package index"
    assert caught.value.where == f"http://{host}/tool-1.0-py3-none-any.whl"


def test_a_wheel_for_another_python_is_told_with_what_it_is_for(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path]
) -> None:
    path = wheel().rename(wheel().with_name("tool-1.0-cp39-cp39-win_amd64.whl"))
    with pytest.raises(InputError) as caught:
        install(lock_pip("tool", "1.0", path))
    assert caught.value.lines() == [
        "error: `tool` does not fit the Python of the prefix",
        f"  why:   You're using CPython {sys.version_info[0]}.{sys.version_info[1]} "
        f"(`cp{sys.version_info[0]}{sys.version_info[1]}`), but `tool` (v1.0) only has wheels with the following "
        "Python ABI tag: `cp39`",
        "  how:   lock anew for this platform and this Python",
    ]


def test_a_file_of_another_project_than_the_lock_says_is_refused(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path]
) -> None:
    with pytest.raises(InputError) as caught:
        install(lock_pip("other", "1.0", wheel()))
    assert caught.value.lines() == [
        "error: uv cannot install the pip part",
        "  why:   Wheel filename `tool-1.0-py3-none-any.whl` does not match package name `other`",
        "  how:   lock anew with `reprocheck lock`",
    ]


def test_paths_are_meant_from_the_folder_of_the_lock(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path
) -> None:
    wheel("bent", "1.0+cu124")
    digests = {name: lock_pip(name, "", wheel(name)).sha256 for name in ("tool", "also")}
    install(
        lock_pip("tool", "1.0", "wheels/tool-1.0-py3-none-any.whl", sha256=digests["tool"]),
        lock_pip("also", "1.0", "file:./wheels/also-1.0-py3-none-any.whl", sha256=digests["also"]),
        lock_pip("bent", "1.0+cu124", wheel("bent", "1.0+cu124")),
    )
    assert sorted(path.name for path in site.glob("*.dist-info")) == [
        "also-1.0.dist-info",
        "bent-1.0+cu124.dist-info",
        "tool-1.0.dist-info",
    ]


def test_folders_of_the_project_are_not_among_what_can_be_installed(
    lock_pip: LockPip, wheel: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    folders = (lock_pip("mine", "1.0", "./mine"), lock_pip("mine2", "1.0", (tmp_path / "mine").as_uri()))
    tool = lock_pip("tool", "1.0", wheel())
    assert split_local((*folders, tool), tmp_path) == ((tool,), folders)


# Sources


BACKEND = """
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "built-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("built.py", "VALUE = 3")
        wheel.writestr("built-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: built\\nVersion: 1.0\\n")
        tags = "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("built-1.0.dist-info/WHEEL", tags)
        wheel.writestr("built-1.0.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "built"
version = "1.0"
"""


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Path]:
    """Write a source archive that builds without the network; its project lies in a folder of it if asked."""

    def make(name: str, folder: str = "", pyproject: str = PYPROJECT, backend: str = BACKEND) -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, "w:gz") as archive:
            for inner, text in (("pyproject.toml", pyproject), ("backend.py", backend)):
                member = tarfile.TarInfo(f"built-1.0/{folder}{inner}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return path

    return make


def test_a_source_archive_is_built_and_looks_as_if_it_came_from_an_index(
    install: Install, lock_pip: LockPip, source: Callable[..., Path], site: Path
) -> None:
    package = lock_pip("built", "1.0", source("built-1.0.tar.gz"))
    assert install(package)[0] == "installing pip: 1 package, 1 of them built from source"
    assert not (site / "built-1.0.dist-info" / "direct_url.json").exists()
    assert noted_sha256(site / "built-1.0.dist-info") == package.sha256


def test_an_archive_with_the_project_in_a_folder_keeps_its_address_and_gets_its_hash(
    install: Install, lock_pip: LockPip, source: Callable[..., Path], site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = source("main.tar.gz", "sub/")
    monkeypatch.setenv("SECRET_OF_TEST", PASSWORD)
    with served(path.parent, f"me:{PASSWORD}") as host:
        url = f"http://me:$SECRET_OF_TEST@{host}/main.tar.gz#subdirectory=sub"
        package = lock_pip("built", "1.0", url, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        install(package, offline=False)
    assert json.loads((site / "built-1.0.dist-info" / "direct_url.json").read_text()) == {
        "archive_info": {"hashes": {"sha256": package.sha256}},
        "subdirectory": "sub",
        "url": f"http://{host}/main.tar.gz",
    }
    assert broken_files(site / "built-1.0.dist-info") == ()


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """Return a bare repository that a dumb server can serve, and its commit."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "pyproject.toml").write_text(PYPROJECT)
    (work / "backend.py").write_text(BACKEND)
    identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"], ["update-server-info"]):
        subprocess.run(["git", *words], cwd=work, check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True, text=True)
    return work / ".git", commit.stdout.strip()


def test_a_repository_is_installed_at_its_commit_and_no_password_is_left_anywhere(
    install: Install,
    lock_pip: LockPip,
    repository: tuple[Path, str],
    wheel: Callable[..., Path],
    venv: Path,
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, commit = repository
    wheel()
    (tmp_path / "wheels").rename(folder / "wheels")
    digest = hashlib.sha256((folder / "wheels" / "tool-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    monkeypatch.setenv("SECRET_OF_TEST", PASSWORD)
    with served(folder, f"me:{PASSWORD}") as host:
        address = f"http://me:${{SECRET_OF_TEST}}@{host}"
        told = install(
            lock_pip("built", "1.0", f"git+{address}/@{commit}"),
            lock_pip("tool", "1.0", f"{address}/wheels/tool-1.0-py3-none-any.whl", sha256=digest),
            offline=False,
        )
    assert json.loads((site / "built-1.0.dist-info" / "direct_url.json").read_text()) == {
        "url": f"http://{host}/",
        "vcs_info": {"vcs": "git", "commit_id": commit, "requested_revision": commit},
    }
    assert json.loads((site / "tool-1.0.dist-info" / "provenance_url.json").read_text())["url"] == (
        f"http://{host}/wheels/tool-1.0-py3-none-any.whl"
    )
    assert leaks(venv, tmp_path / "cache") == []
    assert PASSWORD not in "".join(told)


def test_no_password_is_told_when_a_fetch_fails(
    install: Install, lock_pip: LockPip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_TEST", PASSWORD)
    with served(tmp_path, "me:other") as host:
        url = f"http://me:$SECRET_OF_TEST@{host}/tool-1.0-py3-none-any.whl"
        package = lock_pip("tool", "1.0", url, sha256="a" * 64)
        with pytest.raises(UndecidedError) as caught:
            install(package, offline=False)
    assert PASSWORD not in "\n".join([*caught.value.lines(), caught.value.detail])


def test_a_variable_that_is_not_set_is_named(install: Install, lock_pip: LockPip) -> None:
    with pytest.raises(InputError, match="environment variable `NEVER_SET_HERE` is not set"):
        install(lock_pip("tool", "1.0", "https://$NEVER_SET_HERE@h.invalid/tool-1.0-py3-none-any.whl", sha256="a" * 64))


def test_a_variable_with_a_line_end_in_it_is_refused(
    install: Install, lock_pip: LockPip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_TEST", f"{PASSWORD}\n--index-url=http://h.invalid")
    with pytest.raises(InputError) as caught:
        install(lock_pip("tool", "1.0", "https://$SECRET_OF_TEST@h.invalid/tool-1.0.zip", sha256="a" * 64))
    assert caught.value.lines() == [
        "error: the address of `tool` cannot be fetched",
        "  where: https://h.invalid/tool-1.0.zip",
        "  why:   a variable that it refers to holds white space or a line end",
        "  how:   set the variable to the bare value, percent-encoded where a URL wants it",
    ]


def test_a_build_that_fails_is_told_with_what_it_said(
    install: Install, lock_pip: LockPip, source: Callable[..., Path], site: Path
) -> None:
    package = lock_pip("built", "1.0", source("built-1.0.tar.gz", backend="raise SystemExit('no compiler')\n"))
    with pytest.raises(UndecidedError) as caught:
        install(package)
    assert caught.value.lines()[:2] == ["error: `built 1.0` cannot be built", f"  where: {package.url}"]
    assert "no compiler" in caught.value.why
    assert caught.value.how == "lock a version that has wheels, or see under `-v` what its build lacks"


def test_a_build_that_needs_a_tool_is_told_offline(
    install: Install, lock_pip: LockPip, source: Callable[..., Path]
) -> None:
    text = PYPROJECT.replace("requires = []", 'requires = ["no-such-tool"]')
    with pytest.raises(UndecidedError) as caught:
        install(lock_pip("built", "1.0", source("built-1.0.tar.gz", pyproject=text)))
    assert caught.value.what == "`built 1.0` cannot be built"
    assert caught.value.how == "run once without `--offline`"


# Repair


def install_anew(install: Install, package: LockedPackage, site: Path) -> list[str]:
    """Install what is there already, but looks as if it did not come to its end."""
    (site / "tool-1.0.dist-info" / "INSTALLER").unlink()
    return install(package)


def test_a_byte_changed_in_place_is_repaired_and_never_reached_the_cache(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path, tmp_path: Path
) -> None:
    package = lock_pip("tool", "1.0", wheel())
    install(package)
    with (site / "tool" / "data.bin").open("r+b") as stream:
        stream.write(b"X")
    assert broken_files(site / "tool-1.0.dist-info") == ("tool/data.bin",)
    told = install_anew(install, package, site)
    assert told == ["installing pip: 1 package", "checking what was installed: pip, 1 package"]
    assert broken_files(site / "tool-1.0.dist-info") == ()


def test_what_is_broken_in_the_cache_of_uv_is_fetched_past_it(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path, tmp_path: Path
) -> None:
    package = lock_pip("tool", "1.0", wheel())
    install(package)
    cached = [path for path in (tmp_path / "cache").rglob("data.bin") if path.stat().st_size]
    assert cached
    for path in cached:
        path.write_bytes(b"X" * 4096)
    (site / "tool" / "data.bin").unlink()
    told = install_anew(install, package, site)
    assert broken_files(site / "tool-1.0.dist-info") == ()
    assert (site / "tool" / "data.bin").read_bytes() == bytes(4096)
    assert "fetching anew, because uv's cache is broken: tool" in told


def test_a_broken_cache_offline_is_told_with_what_to_do(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path, tmp_path: Path
) -> None:
    path = wheel()
    with served(path.parent) as host:
        package = replace(lock_pip("tool", "1.0", path), url=f"http://{host}/{path.name}")
        install(package, offline=False)
    for cached in (tmp_path / "cache").rglob("data.bin"):
        cached.write_bytes(b"X" * 4096)
    with pytest.raises(UndecidedError) as caught:
        install_anew(install, package, site)
    assert caught.value.how == "run once without `--offline`"


def test_a_wheel_whose_own_record_is_wrong_is_installed_as_it_was_published(
    install: Install, lock_pip: LockPip, archives: ModuleType, tmp_path: Path, site: Path
) -> None:
    record = b"tool.py,sha256=AAAA,1\ntool-1.0.dist-info/RECORD,,\n"
    path = archives.write_wheel(tmp_path, "tool", "1.0", {"tool.py": b"VALUE = 1\n"})
    with zipfile.ZipFile(path) as old:
        texts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in texts.items():
            new.writestr(name, record if name.endswith("RECORD") else data)
    told = install(lock_pip("tool", "1.0", path))
    assert told[-1] == "left as published, though its own RECORD says otherwise: tool"
    assert (site / "tool.py").read_bytes() == b"VALUE = 1\n"


def test_another_file_of_the_same_version_takes_the_place_of_the_first(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path
) -> None:
    install(lock_pip("tool", "1.0", wheel()))
    package = lock_pip("tool", "1.0", wheel("tool", text="VALUE = 2\n", folder="others"))
    install(package)
    assert (site / "tool" / "__init__.py").read_text() == "VALUE = 2\n"
    assert noted_sha256(site / "tool-1.0.dist-info") == package.sha256


@pytest.mark.parametrize("lost", ["RECORD", "INSTALLER", "METADATA"])
def test_an_installation_that_did_not_come_to_its_end_is_completed(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path, lost: str
) -> None:
    package = lock_pip("tool", "1.0", wheel())
    install(package)
    (site / "tool-1.0.dist-info" / lost).unlink()
    (site / "tool" / "data.bin").rename(site / "tool" / ".tmpa1B2c3")
    install(package)
    assert broken_files(site / "tool-1.0.dist-info") == ()
    assert sorted(path.name for path in (site / "tool").iterdir()) == ["__init__.py", "data.bin"]
    assert (site / "tool-1.0.dist-info" / lost).is_file()


# The prefix and its Python


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT", "PYTHONHOME", "UV_TARGET"])
def test_the_environment_of_the_caller_does_not_lead_elsewhere(
    install: Install,
    lock_pip: LockPip,
    wheel: Callable[..., Path],
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    install(lock_pip("tool", "1.0", wheel()))
    assert (site / "tool").is_dir()
    assert not (tmp_path / "elsewhere").exists()


def test_settings_of_uv_that_send_packages_elsewhere_are_found_out(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], site: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "nobody" / "uv"
    settings.mkdir(parents=True)
    (settings / "uv.toml").write_text(f'[pip]\ntarget = "{tmp_path / "elsewhere"}"\n')
    with pytest.raises(UndecidedError) as caught:
        install(lock_pip("tool", "1.0", wheel()))
    assert caught.value.lines() == [
        "error: uv did not install `tool 1.0`",
        f"  where: {site}",
        "  why:   it ended well, and its own settings (`uv.toml`) may send packages elsewhere",
        "  how:   look for `target`, `prefix` or `dry-run` in the settings of uv, and run again",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "failed to open file `{path}`: No such file or directory (os error 2)"),
        ("x = [", "TOML parse error at line 1, column 6 | 1 | x = [ | ^ unclosed array, expected `]`"),
    ],
)
def test_settings_of_uv_that_cannot_be_read_are_named(
    install: Install,
    lock_pip: LockPip,
    wheel: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    why: str,
) -> None:
    path = tmp_path / "uv.toml"
    if text:
        path.write_text(text)
    monkeypatch.setenv("UV_CONFIG_FILE", str(path))
    with pytest.raises(InputError) as caught:
        install(lock_pip("tool", "1.0", wheel()))
    assert caught.value.lines() == [
        "error: the settings of uv cannot be read",
        f"  where: {path}",
        f"  why:   {why.format(path=path)}",
        "  how:   correct them; `UV_CONFIG_FILE` may name the file, else they are the user's own",
    ]


def test_settings_of_uv_do_not_switch_the_checking_of_hashes_off(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], tmp_path: Path
) -> None:
    settings = tmp_path / "nobody" / "uv"
    settings.mkdir(parents=True)
    (settings / "uv.toml").write_text("[pip]\nverify-hashes = false\nrequire-hashes = false\n")
    with pytest.raises(ForgedError):
        install(lock_pip("tool", "1.0", wheel(), sha256="0" * 64))


def test_a_python_of_another_place_is_refused(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "conda-meta").mkdir(parents=True)
    with pytest.raises(InputError, match="the Python of the prefix keeps its packages elsewhere"):
        install(lock_pip("tool", "1.0", wheel()), prefix=other)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no such program"),
        ("#!/bin/sh\necho libpython is gone >&2\nexit 127\n", "libpython is gone (exit-127)"),
        ("#!/bin/sh\nexit 3\n", "exit-3"),
        ("#!/bin/sh\necho hello\n", "it does not tell where packages go, as every Python can"),
    ],
)
def test_a_python_that_does_not_start_is_told_with_its_reason(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], venv: Path, text: str | None, why: str
) -> None:
    python = venv / "bin" / "python"
    python.unlink()
    if text:
        python.write_text(text)
        python.chmod(0o755)
    with pytest.raises(InputError) as caught:
        install(lock_pip("tool", "1.0", wheel()))
    assert caught.value.lines() == [
        "error: the Python of the prefix does not start",
        f"  where: {python}",
        f"  why:   {why}",
        "  how:   lock `python` in the conda part, or create the prefix anew",
    ]


def test_a_python_that_does_not_answer_is_undecided(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], venv: Path
) -> None:
    python = venv / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\nsleep 60\n")
    python.chmod(0o755)
    with pytest.raises(UndecidedError, match="the Python of the prefix does not answer"):
        install(lock_pip("tool", "1.0", wheel()), timeout_s=0.3)


# Conda environments


def test_a_conda_environment_takes_wheels_although_it_says_that_it_is_managed_elsewhere(
    conda_prefix: Path, install: Install, lock_pip: LockPip, wheel: Callable[..., Path]
) -> None:
    library = conda_prefix / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=no\n")
    before = {path.name for path in conda_prefix.iterdir()}
    install(lock_pip("tool", "1.0", wheel()), prefix=conda_prefix, python=conda_prefix / "bin" / "python")
    assert broken_files(library / "site-packages" / "tool-1.0.dist-info") == ()
    assert {path.name for path in conda_prefix.iterdir()} == before
    said = subprocess.run(
        [conda_prefix / "bin" / "python", "-c", "import tool; print(tool.VALUE)"], capture_output=True
    )
    assert said.stdout == b"1\n"


def test_a_prefix_with_spaces_and_letters_of_all_kinds_that_is_named_relative_to_the_working_folder(
    venv: Path, install: Install, lock_pip: LockPip, wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = venv.rename(venv.with_name("an «ümläut» 'here'"))
    monkeypatch.chdir(prefix.parent)
    relative = Path(prefix.name)
    install(lock_pip("tool", "1.0", wheel()), prefix=relative, python=relative / "bin" / "python")
    (info,) = prefix.rglob("tool-1.0.dist-info")
    assert broken_files(info) == ()
    assert subprocess.run([prefix / "bin" / "run-tool"], check=False, capture_output=True).returncode in (0, 1)


# The disk


FULL = """
import sys
from pathlib import Path
from reprocheck.errors import ReprocheckError
from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip
from reprocheck.model.locks import LockedPackage
prefix, url, digest = Path(sys.argv[1]), *sys.argv[2:]
locked = LockedPackage(
    name="tool", version="1.0", manager="pip", platform="linux-64", dependencies=(), url=url, md5=None,
    sha256=digest, category="main", optional=False, build=None, channel=None, line=0,
)
try:
    install_pip(PipInstallRequest(
        prefix=prefix, python=prefix / "bin" / "python", packages=(locked,), lock_folder=prefix,
        offline=True, timeout_s=60, progress=lambda _: None,
    ))
except ReprocheckError as error:
    print("\\n".join(error.lines()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a disk of a few pages is made with unshare and tmpfs")
def test_a_full_disk_is_told_and_the_next_run_completes_the_prefix(
    venv: Path, install: Install, lock_pip: LockPip, archives: ModuleType, site: Path, tmp_path: Path
) -> None:
    files = {"tool/__init__.py": b"", "tool/big.bin": os.urandom(400_000)}
    path = archives.write_wheel(tmp_path / "wheels", "tool", "1.0", files)
    package = lock_pip("tool", "1.0", path)
    arguments = [str(venv), package.url, str(package.sha256)]
    script = f'mount -t tmpfs -o size=100k none "{site}" && exec "$0" "$@"'
    command = ["unshare", "-rm", "sh", "-c", script, sys.executable, "-c", FULL, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    assert lines[0] in ("error: the pip part cannot be installed", "error: `tool 1.0` cannot be fetched")
    assert "No space left on device" in lines[1]
    assert lines[2].startswith("  how:   make room, or make the folder writable, ")
    install(package)
    assert broken_files(site / "tool-1.0.dist-info") == ()


# uv


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a program in the place of uv."""

    def make(text: str) -> Path:
        program = tmp_path / "bin" / "uv"
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(0o755)
        package = ModuleType("uv")
        package.find_uv_bin = lambda: str(program)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "uv", package)
        return program

    return make


def test_a_missing_uv_is_told(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UndecidedError) as caught:
        install(lock_pip("tool", "1.0", wheel()))
    assert caught.value.lines() == [
        "error: uv is missing",
        "  why:   it installs the pip part of the lock",
        "  how:   install it with `pip install uv`",
    ]


def test_a_hanging_uv_is_ended_at_the_deadline(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], stand_in: Callable[[str], Path], tmp_path: Path
) -> None:
    stand_in(HANGING.format(pid=tmp_path / "pid"))
    begin_s = time.monotonic()
    with pytest.raises(UndecidedError) as caught:
        install(lock_pip("tool", "1.0", wheel()), timeout_s=1.0)
    assert time.monotonic() - begin_s < 10
    assert caught.value.why == "1 s were over while uv was at work"
    assert is_gone(tmp_path / "pid")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("#!/bin/sh\necho done\n", "uv did not install `tool 1.0`"),
        ("#!/bin/sh\nexec cat /dev/zero\n", "uv could not be run"),
        ("#!/bin/sh\nprintf '\\377\\376 garbage' >&2\nexit 2\n", "uv cannot install the pip part"),
        ("#!/bin/sh\nexit 2\n", "uv cannot install the pip part"),
        ("#!/bin/sh\nkill -9 $$\n", "uv cannot install the pip part"),
    ],
)
def test_a_uv_that_talks_nonsense_is_no_success(
    install: Install,
    lock_pip: LockPip,
    wheel: Callable[..., Path],
    stand_in: Callable[[str], Path],
    text: str,
    what: str,
) -> None:
    stand_in(text)
    with pytest.raises((UndecidedError, InputError)) as caught:
        install(lock_pip("tool", "1.0", wheel()))
    assert caught.value.what == what


RUN = """
import sys
from pathlib import Path
from types import ModuleType
package = ModuleType("uv")
package.find_uv_bin = lambda: sys.argv[3]
sys.modules["uv"] = package
from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip
from reprocheck.model.locks import LockedPackage
prefix, wheel = Path(sys.argv[1]), sys.argv[2]
locked = LockedPackage(
    name="tool", version="1.0", manager="pip", platform="linux-64", dependencies=(), url=wheel, md5=None,
    sha256="a" * 64, category="main", optional=False, build=None, channel=None, line=0,
)
install_pip(PipInstallRequest(
    prefix=prefix, python=prefix / "bin" / "python", packages=(locked,), lock_folder=prefix,
    offline=True, timeout_s=60, progress=print,
))
"""


@pytest.mark.skipif(os.name == "nt", reason="no device of endless bytes")
@pytest.mark.parametrize("path", ["/dev/zero", "../../../pipe", "x/../../../../../outside/y"])
def test_a_record_that_lists_what_is_no_file_of_the_package_holds_nobody_up_and_touches_nothing(
    install: Install, lock_pip: LockPip, wheel: Callable[..., Path], venv: Path, site: Path, tmp_path: Path, path: str
) -> None:
    install(lock_pip("tool", "1.0", wheel()))
    os.mkfifo(venv / "pipe")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / ".tmpa1B2c3").touch()
    with (site / "tool-1.0.dist-info" / "RECORD").open("a") as stream:
        stream.write(f"{path},sha256={'A' * 43},1\n")
    assert broken_files(site / "tool-1.0.dist-info") == (path,)
    remove_unnamed(site / "tool-1.0.dist-info")
    assert (tmp_path / "outside" / ".tmpa1B2c3").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that was killed")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_uv_ends_with_us_by_ctrl_c_and_by_kill(
    venv: Path, wheel: Callable[..., Path], stand_in: Callable[[str], Path], tmp_path: Path, how: signal.Signals
) -> None:
    program = stand_in(HANGING.format(pid=tmp_path / "pid"))
    command = [sys.executable, "-c", RUN, str(venv), wheel().as_uri(), str(program)]
    (tmp_path / "tmp").mkdir()
    environ = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=quiet, stderr=quiet) as process:
        wait_for((tmp_path / "pid").is_file)
        process.send_signal(how)
        process.wait(timeout=10)
    assert is_gone(tmp_path / "pid")
    # Credentials stand in files while uv runs: who is killed leaves them in the prefix, which alone may be looked into.
    assert [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()] == []
    left = [path for path in venv.iterdir() if path.name.startswith(".reprocheck-scratch-")]
    assert [path.stat().st_mode & 0o777 for path in left] == ([0o700] if how is signal.SIGKILL else [])


def wait_for(happened: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def is_gone(pid: Path) -> bool:
    """Wait until a process that was killed is gone, or a zombie that somebody has to bury."""
    number = int(pid.read_text())

    def gone() -> bool:
        try:
            return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    wait_for(gone)
    return True
