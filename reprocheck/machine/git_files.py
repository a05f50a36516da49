"""Read a file as a revision of a git repository holds it: `REV:path`, as `git show` names it.

The path is meant from the root of the repository, with `./` in front from the current folder; an empty REV is the
index. Nothing is fetched and no hook or filter runs: `git cat-file` hands out the bytes as they were committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, UndecidedError
from reprocheck.machine.child_process import ChildOutcome, run_child
from reprocheck.model.redaction import public_url

DEADLINE_S = 60.0
LARGEST_FILE_BYTES = 256 << 20

_DRIVE = re.compile(r"^[A-Za-z]:(?:[\\/]|$)")
_GIT_FATAL = "exit-128"


def names_revision(text: str) -> bool:
    """Say whether an argument is meant as `REV:path`: no file has that name, and it is no Windows path."""
    return ":" in text and not _DRIVE.match(text) and not Path(text).exists()


def read_git_file(text: str) -> bytes:
    """Return the bytes of the file that `REV:path` names.

    Raises:
        InputError: no such revision, or no such file in it; not in a repository.
        UndecidedError: git is not installed, or does not answer.
    """
    revision, _, path = text.partition(":")
    if path.startswith("//"):
        raise InputError(
            "a URL is neither a file nor a revision",
            where=public_url(text),
            why="an argument with a `:` that is no file names a revision, `REV:path`",
            how="fetch the file first, and give its path",
        )
    if revision.startswith("-"):
        raise InputError(
            f"`{revision}` is no revision",
            where=text,
            why="git would take it for an option",
            how="write a commit, a branch or a tag before the `:`",
        )
    outcome = _git("cat-file", "blob", text)
    if outcome.status == "ok":
        return outcome.stdout.encode("utf-8")
    raise _fault(text, revision, path, outcome)


def _git(*arguments: str) -> ChildOutcome:
    quiet = {**os.environ, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    return run_child(["git", *arguments], deadline_s=DEADLINE_S, env=quiet, output_limit_bytes=LARGEST_FILE_BYTES)


def _fault(text: str, revision: str, path: str, outcome: ChildOutcome) -> ReprocheckError:
    """Return the error for a file that git did not hand out: ask git once more what is missing."""
    if not outcome.status.startswith("exit-"):
        return UndecidedError(
            "git did not answer",
            where=text,
            why=outcome.detail or outcome.status,
            how="install git, or give the path of a file instead of `REV:path`",
        )
    repository = _git("rev-parse", "--git-dir")
    if "dubious ownership" in repository.stderr:
        return InputError(
            "git does not trust this repository",
            where=text,
            why="its files belong to another user, as in many containers",
            how="run `git config --global --add safe.directory FOLDER` with the folder of the repository",
        )
    if repository.status == _GIT_FATAL:
        return InputError(
            "there is no file of this name, and no git repository here",
            where=text,
            why="an argument with a `:` that is no file names a revision, `REV:path`",
            how="correct the path, or run reprocheck inside the repository",
        )
    if revision and _git("rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}").status != "ok":
        return InputError(
            f"git knows no revision `{revision}`",
            where=text,
            why="an argument with a `:` that is no file names a revision, `REV:path`",
            how="see `git log` and `git branch -a`; a shallow clone in CI may lack it (`git fetch`)",
        )
    shown = f"`{revision}`" if revision else "the index"
    hint = "" if path.startswith(("./", "../", "/")) else f"; from this folder: `{revision}:./{path}`"
    return InputError(
        f"there is no file `{path}` in {shown}",
        where=text,
        why="the path is meant from the root of the repository",
        how=f"see `git ls-tree -r --name-only {revision or 'HEAD'}`{hint}",
    )
