"""Files out of git revisions, against a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reprocheck.errors import ReprocheckError
from reprocheck.machine.git_files import names_revision, read_git_file

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(*arguments: str, cwd: Path) -> None:
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ("-c", "user.name=a", "-c", "user.email=a@host.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, env=quiet, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose `sub/a.yml` says `old` in the first commit, `new` in the index; it is entered."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yml").write_bytes("old\r\n\u00e9\n".encode())
    git("init", "-q", ".", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "-qm", "first", cwd=tmp_path)
    (tmp_path / "sub" / "a.yml").write_bytes(b"new\n")
    git("add", ".", cwd=tmp_path)
    (tmp_path / "sub" / "a.yml").write_bytes(b"newest\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fault(text: str) -> list[str]:
    with pytest.raises(ReprocheckError) as caught:
        read_git_file(text)
    return caught.value.lines()


@needs_git
def test_a_file_comes_as_it_was_committed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_git_file("HEAD:sub/a.yml") == "old\r\n\u00e9\n".encode()
    assert read_git_file(":sub/a.yml") == b"new\n"
    monkeypatch.chdir(repository / "sub")
    assert read_git_file("HEAD:./a.yml") == read_git_file("HEAD:sub/a.yml")


@needs_git
@pytest.mark.usefixtures("repository")
def test_an_unknown_revision_is_told_apart_from_an_unknown_file() -> None:
    assert fault("gone:sub/a.yml") == [
        "error: git knows no revision `gone`",
        "  where: gone:sub/a.yml",
        "  why:   an argument with a `:` that is no file names a revision, `REV:path`",
        "  how:   see `git log` and `git branch -a`; a shallow clone in CI may lack it (`git fetch`)",
    ]
    assert fault("HEAD:a.yml") == [
        "error: there is no file `a.yml` in `HEAD`",
        "  where: HEAD:a.yml",
        "  why:   the path is meant from the root of the repository",
        "  how:   see `git ls-tree -r --name-only HEAD`; from this folder: `HEAD:./a.yml`",
    ]
    assert fault(":./a.yml")[0] == "error: there is no file `./a.yml` in the index"
    assert fault(":./a.yml")[3] == "  how:   see `git ls-tree -r --name-only HEAD`"


@needs_git
def test_a_revision_can_be_no_option_of_git(repository: Path) -> None:
    assert fault(f"--output={repository}/x:sub/a.yml")[0] == f"error: `--output={repository}/x` is no revision"
    assert not (repository / "x").exists()


@needs_git
def test_outside_of_a_repository_the_argument_is_taken_for_a_mistyped_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert fault("HEAD:a.yml") == [
        "error: there is no file of this name, and no git repository here",
        "  where: HEAD:a.yml",
        "  why:   an argument with a `:` that is no file names a revision, `REV:path`",
        "  how:   correct the path, or run reprocheck inside the repository",
    ]


def test_without_git_the_answer_is_undecided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fault("HEAD:a.yml") == [
        "error: git did not answer",
        "  where: HEAD:a.yml",
        "  why:   no such program",
        "  how:   install git, or give the path of a file instead of `REV:path`",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HEAD:conda-lock.yml", True),
        (":conda-lock.yml", True),
        ("x:y", True),
        ("conda-lock.yml", False),
        ("C:\\lock.yml", False),
        ("c:/lock.yml", False),
        ("C:", False),
    ],
)
def test_a_colon_names_a_revision_but_for_windows_paths(text: str, *, expected: bool) -> None:
    assert names_revision(text) is expected


@pytest.mark.skipif(os.name == "nt", reason="no colon in a file name there")
def test_a_file_with_a_colon_in_its_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "HEAD:a.yml").touch()
    monkeypatch.chdir(tmp_path)
    assert not names_revision("HEAD:a.yml")


@needs_git
@pytest.mark.usefixtures("repository")
def test_a_url_is_no_revision_and_its_credentials_stay_out_of_the_message() -> None:
    assert fault("https://me:hunter2@host.invalid/conda-lock.yml?token=hunter2") == [
        "error: a URL is neither a file nor a revision",
        "  where: https://host.invalid/conda-lock.yml",
        "  why:   an argument with a `:` that is no file names a revision, `REV:path`",
        "  how:   fetch the file first, and give its path",
    ]


@needs_git
@pytest.mark.usefixtures("repository")
def test_a_repository_of_somebody_else_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # what git's own tests say
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)  # where somebody may trust every folder
    assert fault("HEAD:sub/a.yml") == [
        "error: git does not trust this repository",
        "  where: HEAD:sub/a.yml",
        "  why:   its files belong to another user, as in many containers",
        "  how:   run `git config --global --add safe.directory FOLDER` with the folder of the repository",
    ]
