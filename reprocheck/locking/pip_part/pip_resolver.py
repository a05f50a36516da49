"""Resolve the pip part of a lock with uv, against what conda provides, for every platform at once.

Each platform is two runs of uv in a folder of its own: the first finds the versions and which package brings in which,
bound to what conda provides (`stub_wheels`); the second is given those versions without conda's, and tells where their
files are.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from pathlib import Path
from threading import Event

from reprocheck.background import Background
from reprocheck.errors import InputError, UndecidedError, system_reason
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_edges import ChosenProject, read_chosen, read_dependencies
from reprocheck.locking.pip_part.pip_failures import PipSearch, answer_failure
from reprocheck.locking.pip_part.pip_indexes import (
    IndexPlace,
    index_places,
    places_searched,
    uv_settings,
    written_addresses,
)
from reprocheck.locking.pip_part.pip_jobs import PipAnswer, PipJob, PipRequest, PipSolved
from reprocheck.locking.pip_part.pip_packages import Resolution, lock_resolution
from reprocheck.locking.pip_part.pip_requirements_in import RequirementLines, direct_address, requirement_lines
from reprocheck.locking.pip_part.provided_projects import Provision, provided_projects
from reprocheck.locking.pip_part.stub_wheels import write_stubs
from reprocheck.locking.pip_part.uv_failure import read_failure, undecided
from reprocheck.locking.pip_part.uv_log import Demand, read_demands
from reprocheck.locking.pip_part.uv_program import find_uv, run_uv, uv_environment
from reprocheck.locking.pip_part.wheel_choice import WheelTarget, uv_platform
from reprocheck.locking.solving.solve_jobs import Progress
from reprocheck.machine.child_process import ChildOutcome
from reprocheck.readers.pylock_toml import PylockPackage, parse_pylock

_GRACE_S = 3.0  # uv is killed within a tick; a longer wait would keep somebody at Ctrl-C
_NO_CPYTHON = re.compile(r"pypy|graalpy|_cp\d+t$")
_SEARCH = (
    *("--index-strategy", "first-index", "--resolution", "highest", "--prerelease", "if-necessary"),
    *("--no-sources", "--no-python-downloads", "--no-progress", "--color", "never", "--verbose"),
)
_CHOSEN = "chosen.txt"
_FIRST = ("--constraints", "constraints.in", "--no-header", "--annotation-style", "split", "--output-file", _CHOSEN)
_SECOND = ("--no-deps", "--format", "pylock.toml", "--output-file", "pylock.toml", "chosen.in")


def resolve_pip(request: PipRequest, progress: Progress) -> tuple[PipAnswer, ...]:
    """Return one answer for each job, in order; the jobs run concurrently.

    Raises:
        InputError: a requirement that cannot be read or names no commit, an address with a variable that is not set.
        GatheredErrors: several of these.
        UndecidedError: uv is missing, an index is out of reach, or the time is over.
    """
    session = _Session(request)
    progress(session.doing(0))
    try:
        with tempfile.TemporaryDirectory(prefix="reprocheck-pip-", ignore_cleanup_errors=True) as folder:
            return tuple(session.answers(Path(folder), progress))
    except OSError as error:
        raise UndecidedError(
            "the pip part cannot be resolved",
            where=tempfile.gettempdir(),
            why=system_reason(error),
            how="make room in the folder for temporary files, or name another with `TMPDIR`",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What one job gives to uv."""

    lines: RequirementLines
    constraints: RequirementLines
    provision: Provision
    target: WheelTarget


class _Session:
    """What all jobs share: the program, the places, the deadline."""

    def __init__(self, request: PipRequest) -> None:
        requirements = [line for job in request.jobs for line in (*job.requirements, *job.constraints)]
        direct = [direct_address(line) for line in requirements if line.kind == "url"]
        written = (*written_addresses(request.indexes), *dict.fromkeys(direct))
        self.request = request
        self.addresses = Addresses(folder=request.folder, written=written, environ=dict(os.environ))
        self.places: tuple[IndexPlace, ...] = index_places(request.indexes, self.addresses)
        requirement_lines(tuple(dict.fromkeys(requirements)), self.addresses)  # what is wrong in a file comes first
        self.program = find_uv() if any(job.requirements for job in request.jobs) else ""
        self.end_s = time.monotonic() + request.timeout_s
        self.stop = Event()

    def answers(self, folder: Path, progress: Progress) -> Iterator[PipAnswer]:
        """Yield the answers in the order of the jobs; a failure, or Ctrl-C, ends what else is running."""
        works: list[Background[PipAnswer]] = []
        try:
            for index, job in enumerate(self.request.jobs):
                works.append(Background(partial(self.answer, job, folder / str(index))))
            for done, work in enumerate(works, start=1):
                yield work.result()
                progress(self.doing(done))
        finally:
            self.stop.set()
            for work in works:
                work.wait(_GRACE_S)

    def doing(self, done: int) -> str:
        """Return what is going on, for a person who waits."""
        return f"resolving pip: {done} of {len(self.request.jobs)} done"

    def answer(self, job: PipJob, folder: Path) -> PipAnswer:
        """Resolve one job in `folder`, which is made."""
        lines = requirement_lines(job.requirements, self.addresses)
        if not lines.lines:
            return PipSolved(job=job, packages=(), notes=lines.notes)
        given = _Given(
            lines=lines,
            constraints=requirement_lines(job.constraints, self.addresses),
            provision=provided_projects(job.conda, self.request.names),
            target=_target(job),
        )
        self._write(job, given, folder)
        outcome = self._run(given, folder, [*_FIRST, "requirements.in"])
        if outcome.status != "ok":
            return answer_failure(self._search(job, given), outcome.stderr)
        chosen = read_chosen((folder / _CHOSEN).read_text(encoding="utf-8"))
        packages = self._files(given, folder, chosen)
        answer = lock_resolution(self._resolution(job, given, packages, (chosen, read_demands(outcome.stderr))))
        return replace(answer, notes=(*lines.notes, *answer.notes)) if isinstance(answer, PipSolved) else answer

    def _resolution(
        self,
        job: PipJob,
        given: _Given,
        packages: tuple[PylockPackage, ...],
        told: tuple[tuple[ChosenProject, ...], tuple[Demand, ...]],
    ) -> Resolution:
        versions = {package.name: package.version for package in packages}
        demands = tuple(one for one in told[1] if one.wanted_by is None or one.version == versions.get(one.wanted_by))
        return Resolution(
            job=job,
            target=given.target,
            packages=packages,
            provision=given.provision,
            dependencies=read_dependencies(told[0], versions, demands),
            demands=demands,
            direct=dict(given.lines.direct),
            addresses=self.addresses,
        )

    def _search(self, job: PipJob, given: _Given) -> PipSearch:
        return PipSearch(
            job=job,
            provided={project.name: project for project in given.provision.projects},
            places=places_searched(self.places, self.addresses),
            addresses=self.addresses,
            offline=self.request.offline,
        )

    def _write(self, job: PipJob, given: _Given, folder: Path) -> None:
        """Write what uv reads; its settings hold credentials, and the folder above is for the user alone."""
        folder.mkdir()
        constraints = (*write_stubs(folder, given.provision.projects), *given.constraints.lines)
        texts = {
            "uv.toml": uv_settings(self.places),
            "requirements.in": "".join(f"{line}\n" for line in given.lines.lines),
            "constraints.in": "".join(f"{line}\n" for line in constraints),
            # uv keeps to the versions of the file that it is about to write, wherever it may.
            _CHOSEN: "".join(f"{package.name}=={package.version}\n" for package in job.preferred),
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")

    def _files(self, given: _Given, folder: Path, chosen: Sequence[ChosenProject]) -> tuple[PylockPackage, ...]:
        """Return where the files of the chosen projects are, without those that conda provides."""
        provided = {project.name for project in given.provision.projects}
        pins = [f"{one.name}=={one.version}" for one in chosen if one.version and one.name not in provided]
        if not [one for one in chosen if one.name not in provided]:
            return ()
        (folder / "chosen.in").write_text("".join(f"{line}\n" for line in (*pins, *given.lines.direct_lines)), "utf-8")
        # Most is in uv's cache by now, and no index has to be asked again.
        outcome = self._run(given, folder, [*_SECOND, "--offline"])
        if outcome.status != "ok" and not self.request.offline:
            outcome = self._run(given, folder, _SECOND)
        if outcome.status != "ok":
            error = undecided(read_failure(self.addresses.to_show(outcome.stderr)), offline=self.request.offline)
            raise error or UndecidedError(
                "uv does not find again what it has chosen",
                why="the package index gave two answers to one question",
                how="try again",
                detail=self.addresses.to_show(outcome.stderr),
            )
        return parse_pylock((folder / "pylock.toml").read_bytes(), "pylock.toml")

    def _run(self, given: _Given, folder: Path, more: Sequence[str]) -> ChildOutcome:
        request, target = self.request, given.target
        command = [self.program, "pip", "compile", *_SEARCH]
        command += ["--directory", str(folder), "--python", sys.executable, "--python-version", target.python]
        command += ["--python-platform", uv_platform(target), *more]
        if request.offline and "--offline" not in more:
            command.append("--offline")
        if request.cache_folder is not None:
            command += ["--cache-dir", str(request.cache_folder.resolve() / "uv")]
        if request.exclude_newer is not None:
            command += ["--exclude-newer", request.exclude_newer.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")]
        environment = {**uv_environment(self.addresses.environ), "MACOSX_DEPLOYMENT_TARGET": target.macos}
        return run_uv(command, environment, self.end_s - time.monotonic(), self.stop)


def _target(job: PipJob) -> WheelTarget:
    """Return the machine and the Python of a job.

    Raises:
        InputError: no Python among the conda packages, or one that is no CPython.
    """
    found = [package for package in job.conda if package.name == "python"]
    if not found:
        raise InputError(
            f"no `python` among the conda packages for {job.platform}",
            where=str(job.requirements[0].location),
            why="pip installs into the environment's own Python, whose version decides on every wheel",
            how="add `python` to the dependencies",
        )
    if _NO_CPYTHON.search(found[0].build or ""):
        raise InputError(
            f"the pip part cannot be resolved for python {found[0].version} {found[0].build}",
            where=job.platform,
            why="wheels are chosen for CPython with its global lock only",
            how="ask for `python * *_cpython`",
        )
    return WheelTarget(platform=job.platform, python=found[0].version, virtual_packages=job.virtual_packages)
