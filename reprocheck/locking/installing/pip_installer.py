"""Install the pip part of a lock into a prefix with uv, every file by its hash, without pip or conda.

What was tried with uv 0.13.9:

* `NAME @ URL --hash=sha256:…` checks the hash, and leaves a `direct_url.json` with an empty `archive_info`: every
  package would look as if somebody had installed it by hand.
* `pylock.toml` with `wheels` or `sdist` and their hashes: the same check (the error names package, expected and
  computed digest, and comes before anything is installed), no `direct_url.json`, no credentials anywhere. This is
  taken. Its `archive` entries lose the folder inside a local archive, and its `vcs` entries are refused with
  `--require-hashes`; so archives and repositories go into requirement lines, repositories in a run of their own.
* uv takes credentials out of the `direct_url.json` of archives and repositories by itself; a test holds it to that.
* By default files are hard links into uv's cache: a byte changed in place in the prefix is changed in the cache and
  in every other environment. So files are copied; and as others may have changed the cache that way, what was
  installed is held against its RECORD, and fetched anew past the cache where it differs.

The user's own uv settings count for how places are reached; where they would send packages elsewhere is found out
afterwards. Ctrl-C ends uv, and so does the end of this process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import UndecidedError
from reprocheck.locking.installing.installed_proof import (
    broken_files,
    dist_infos,
    is_whole,
    note_archive,
    noted_sha256,
    remove_unnamed,
)
from reprocheck.locking.installing.prefix_files import cannot_write, scratch_folder
from reprocheck.locking.installing.prefix_python import PrefixPython, ask_python
from reprocheck.locking.installing.uv_inputs import UvInputs, uv_inputs
from reprocheck.locking.installing.uv_install_failure import install_failure
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_indexes import index_places, uv_settings
from reprocheck.locking.pip_part.pip_jobs import PipIndexes
from reprocheck.locking.pip_part.uv_program import find_uv, uv_environment
from reprocheck.machine.bound_child import bound_to_us
from reprocheck.machine.child_process import run_child
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name

_OUTPUT_LIMIT_BYTES = 16 * 2**20  # a build that fails says much
_ALWAYS = (
    *("--no-deps", "--link-mode", "copy", "--no-compile-bytecode", "--break-system-packages", "--no-python-downloads"),
    *("--no-sources", "--no-progress", "--color", "never", "--preview-features", "pylock"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipInstallRequest:
    """The pip packages of a lock, and the prefix whose `python` gets them.

    `lock_folder` is where relative paths of the lock are meant from.
    """

    prefix: Path
    python: Path
    packages: tuple[LockedPackage, ...]
    lock_folder: Path
    offline: bool
    timeout_s: float
    progress: Callable[[str], None]


def install_pip(request: PipInstallRequest) -> None:
    """Install what is not there yet; packages that are there in the locked version are left alone.

    A run that was interrupted is completed by the next.

    Raises:
        InputError, GatheredErrors: a package without sha256 or commit, or that does not fit; a Python that does not
            start or installs elsewhere; a variable that is not set.
        ForgedError: a file is not the one that was locked; nothing is installed then.
        UndecidedError: uv is missing or fails, the network or the disk stands in the way, or the time is over.
    """
    session = _Session(request)
    with cannot_write(request.prefix), scratch_folder(request.prefix) as folder:
        session.install(folder)


class _Session:
    """What the runs of uv for one prefix share."""

    def __init__(self, request: PipInstallRequest) -> None:
        written = tuple(package.url for package in request.packages)
        self.request = request
        self.addresses = Addresses(folder=request.lock_folder, written=written, environ=dict(os.environ))
        self.by_name = {normalise_name(package.name): package for package in request.packages}
        self.end_s = time.monotonic() + request.timeout_s
        self.whole = self.inputs(request.packages)  # what is wrong in the lock comes first
        self.settings = uv_settings(index_places(PipIndexes(), self.addresses))
        self.program = _find_uv()
        self.python: PrefixPython = ask_python(request.python, request.prefix, request.timeout_s)

    def inputs(self, packages: Sequence[LockedPackage]) -> UvInputs:
        """Return what uv is given for some of the packages."""
        return uv_inputs(packages, self.addresses)

    def install(self, folder: Path) -> None:
        """Install, look at what was written, and write beside it what uv does not."""
        progress = self.request.progress
        progress(self.doing())
        before = self.records()
        self.run(self.whole, folder, self.doubtful(), fresh=False)
        broken = self.broken(self.written_since(before))
        if broken:
            progress(f"fetching anew, because uv's cache is broken: {', '.join(broken)}")
            self.run(self.inputs([self.by_name[name] for name in broken]), folder, broken, fresh=True)
            published = self.broken(broken)
            if published:
                progress(f"left as published, though its own RECORD says otherwise: {', '.join(published)}")
        self.require_all()
        found = self.found()
        for name in self.written_since(before):
            remove_unnamed(found[name])
            note_archive(found[name], self.by_name[name])

    def doing(self) -> str:
        """Return what is going on, for a person who waits."""
        built = len(self.whole.built)
        return f"installing pip: {_counted(len(self.by_name))}" + (
            f", {built} of them built from source" if built else ""
        )

    def broken(self, names: Sequence[str]) -> list[str]:
        """Return the packages some of whose files are not as their RECORD says."""
        if names:
            self.request.progress(f"checking what was installed: pip, {_counted(len(names))}")
        found = self.found()
        return [name for name in names if name in found and broken_files(found[name])]

    def found(self) -> dict[str, Path]:
        """Return the dist-info folders of the locked packages."""
        return {name: path for name, path in dist_infos(self.python.site_packages).items() if name in self.by_name}

    def doubtful(self) -> set[str]:
        """Return the packages that uv would take for installed and that are not: unfinished, or of another file."""
        names = set()
        for name, dist_info in self.found().items():
            noted = noted_sha256(dist_info)
            if not is_whole(dist_info) or (noted and noted != self.by_name[name].sha256):
                names.add(name)
        return names

    def records(self) -> dict[str, tuple[int, int]]:
        """Return what tells one writing of a RECORD from the next: its inode and time, by package."""
        found: dict[str, tuple[int, int]] = {}
        for name, dist_info in self.found().items():
            record = dist_info / "RECORD"
            if record.is_file():
                status = record.stat()
                found[name] = (status.st_ino, status.st_mtime_ns)
        return found

    def written_since(self, before: dict[str, tuple[int, int]]) -> list[str]:
        """Return the packages that were installed after `before`, sorted."""
        return sorted(name for name, record in self.records().items() if before.get(name) != record)

    def run(self, inputs: UvInputs, folder: Path, reinstall: Iterable[str], *, fresh: bool) -> None:
        """Run uv for each kind of input; only repositories go without hashes, for they have a commit."""
        texts = {
            "uv.toml": self.settings,
            "pylock.toml": inputs.pylock,
            "archives.txt": "".join(f"{line}\n" for line in inputs.archives),
            "repositories.txt": "".join(f"{line}\n" for line in inputs.repositories),
        }
        anew = [word for name in sorted(reinstall) for word in ("--reinstall-package", name)]
        cache = ["--no-cache"] if fresh else []
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")  # credentials: the folder is for the user alone
        for name in ("pylock.toml", "archives.txt", "repositories.txt"):
            if texts[name]:
                hashes = [] if name == "repositories.txt" else ["--require-hashes"]
                self.call(["--directory", str(folder), "--requirements", name, *hashes, *cache, *anew])

    def call(self, options: Sequence[str]) -> None:
        """Run `uv pip install` once.

        Raises:
            ForgedError, InputError, UndecidedError: it did not install.
        """
        python = str(self.python.program.absolute())  # a venv is known by the link to its Python
        command = [self.program, "pip", "install", *_ALWAYS, "--python", python, *options]
        if self.request.offline:
            command.append("--offline")
        outcome = run_child(
            bound_to_us(command),
            deadline_s=max(self.end_s - time.monotonic(), 0.0),
            env=uv_environment(self.addresses.environ),
            output_limit_bytes=_OUTPUT_LIMIT_BYTES,
        )
        if outcome.status in ("timeout", "unkillable"):
            raise UndecidedError(
                "the pip part was not installed in time",
                where=str(self.request.prefix),
                why=f"{self.request.timeout_s:g} s were over while uv was at work",
                how="run again: it goes on from there; or raise `--timeout`",
            )
        if outcome.status.startswith("exit-"):
            said = self.addresses.to_show(outcome.stderr)
            raise install_failure(said, self.by_name, offline=self.request.offline)
        if outcome.status != "ok":
            why = outcome.detail or outcome.status
            raise UndecidedError("uv could not be run", where=self.program, why=why, how="install it anew")

    def require_all(self) -> None:
        """Hold what is there against what was asked for.

        Raises:
            UndecidedError: uv ended well, and a package is not in the prefix.
        """
        found = self.found()
        for name, package in self.by_name.items():
            if name not in found or not is_whole(found[name]):
                raise UndecidedError(
                    f"uv did not install `{package.name} {package.version}`",
                    where=str(self.python.site_packages[0]),
                    why="it ended well, and its own settings (`uv.toml`) may send packages elsewhere",
                    how="look for `target`, `prefix` or `dry-run` in the settings of uv, and run again",
                )


def _counted(number: int) -> str:
    return f"{number} package" if number == 1 else f"{number} packages"


def _find_uv() -> str:
    """Return the path of uv.

    Raises:
        UndecidedError: there is none.
    """
    try:
        return find_uv()
    except UndecidedError as error:
        why = "it installs the pip part of the lock"
        raise UndecidedError(error.what, why=why, how="install it with `pip install uv`") from error
