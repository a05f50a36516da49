"""Kill `reprocheck create` at many points of its run, and tell what each death left behind.

Usage: python tests/faults/create_kill_harness.py SCRATCH LOCK OLD_PREFIX|- STRIDE SPREAD

Every run is a fork that installs LOCK into `SCRATCH/env`, from an empty package cache, over a copy of OLD_PREFIX if
there is one (made at that very path). A fork sends itself SIGKILL at one point: before a line (one in STRIDE) of the
modules that write; at one of SPREAD lines spread evenly over the whole run; whenever rattler reports (with a wide
STRIDE, not every time), from one of its threads, while others fetch and link. Prints JSON: the prefix before, what an
undisturbed run makes of it, and for each death what is left, what the prefix says of itself, and what one more run
makes of that.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from reprocheck.cli import create as _create  # what the command imports late is imported here, once
from reprocheck.cli.app import run
from reprocheck.errors import InputError
from reprocheck.locking.installing import install_progress
from reprocheck.locking.installing import pip_installer as _pip_installer  # noqa: F401
from reprocheck.locking.installing import rattler_installer as _rattler_installer  # noqa: F401
from reprocheck.readers.prefixes.installed import read_prefix
from tests.locked_project import contents

PACKAGE = str(Path(_create.__file__).resolve().parent.parent)
WRITERS = (
    "atomic_write.py",
    "conda_records.py",
    "folder_lock.py",
    "installed_proof.py",
    "pip_installer.py",
    "pip_removal.py",
    "prefix_files.py",
    "prefix_marks.py",
    "unlinking.py",
    "workflows/create.py",
)
REPORTS = (
    "on_transaction_start",
    "on_populate_cache_start",
    "on_populate_cache_complete",
    "on_link_start",
    "on_link_complete",
    "on_unlink_start",
    "on_transaction_operation_complete",
    "on_transaction_complete",
)


@dataclass
class Points:
    """Counts points by kind, and dies at one of them."""

    fatal: tuple[str, int] | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"any": 0, "write": 0, "report": 0})

    def pass_by(self, kind: str) -> None:
        """Count one point; die if it is the fatal one."""
        if self.fatal == (kind, self.counts[kind]):
            os.kill(os.getpid(), signal.SIGKILL)
        self.counts[kind] += 1

    def trace(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        """Follow the frames of our package that matter; see `sys.settrace`."""
        path = frame.f_code.co_filename
        if not path.startswith(PACKAGE):
            return None
        if path.endswith(WRITERS):
            return self._in_writer
        return None if self.fatal and self.fatal[0] == "write" else self._elsewhere

    def _in_writer(self, _frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            self.pass_by("any")
            self.pass_by("write")
        return self._in_writer

    def _elsewhere(self, _frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            self.pass_by("any")
        return self._elsewhere

    def listen(self) -> None:
        """Have a point in everything that rattler reports."""
        for name in REPORTS:
            reported = getattr(install_progress.InstallCounts, name)
            setattr(install_progress.InstallCounts, name, self._heard(reported))

    def _heard(self, reported: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*arguments: Any) -> Any:
            self.pass_by("report")
            return reported(*arguments)

        return heard


@dataclass(frozen=True)
class Stage:
    """Where it is played: the prefix, what it is made of, and what it was before, if anything."""

    scratch: Path
    lock: Path
    old: Path | None

    @property
    def prefix(self) -> Path:
        """The prefix, always at one path: it is written into files."""
        return self.scratch / "env"

    def set_up(self) -> None:
        """Make everything as it was before the first run."""
        for name in ("env", "cache", "uv"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)
        if self.old is not None:
            # Nothing in a prefix is ever changed in place, so that links will do.
            shutil.copytree(self.old, self.prefix, symlinks=True, copy_function=os.link)

    def forked(self, points: Points | None = None) -> int:
        """Run the command in a fork; return its status, negative for the signal that ended it."""
        child = os.fork()
        if child == 0:
            os.environ["RATTLER_CACHE_DIR"] = str(self.scratch / "cache")
            os.environ["UV_CACHE_DIR"] = str(self.scratch / "uv")
            said = os.open(self.scratch / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for descriptor in (1, 2):
                os.dup2(said, descriptor)
            os._exit(self.command(points))
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    def command(self, points: Points | None) -> int:
        """Run the command, by points under the trace; write how many there were."""
        words = ["create", "-p", str(self.prefix), "--lockfile", str(self.lock)]
        if points is None:
            return run(words)
        points.listen()
        if points.fatal is None or points.fatal[0] != "report":
            sys.settrace(points.trace)
        code = run(words)
        sys.settrace(None)
        (self.scratch / "counts.json").write_text(json.dumps(points.counts))
        return code

    def says(self) -> str:
        """Return what the prefix says of itself to whoever reads it."""
        try:
            prefix = read_prefix(self.prefix, "env", "linux-64")
        except InputError:
            return "no environment"
        return "unfinished" if prefix.unfinished is not None else "whole"


def death(stage: Stage, fatal: tuple[str, int]) -> dict[str, object]:
    """Die at one point and run once more; tell what was there after each."""
    stage.set_up()
    status = stage.forked(Points(fatal))
    left, says = contents(stage.prefix), stage.says()
    again = stage.forked()
    return {
        "point": fatal,
        "status": status,
        "says": says,
        "left": left,
        "again": again,
        "said": (stage.scratch / "said").read_text(),
        "then": stage.says(),
        "after": contents(stage.prefix),
    }


def main(scratch: Path, lock: Path, old: Path | None, stride: int, spread: int) -> None:
    """Run once in peace to learn the points, then die at each of them."""
    stage = Stage(scratch, lock, old)
    stage.set_up()
    before = contents(stage.prefix)
    status = stage.forked(Points())
    counts = json.loads((scratch / "counts.json").read_text())
    whole = contents(stage.prefix)
    points = [("write", number) for number in range(0, counts["write"], stride)]
    points += [("any", counts["any"] * step // spread) for step in range(spread)]
    points += [("report", number) for number in range(0, counts["report"], max(1, stride // 40))]
    deaths = [death(stage, point) for point in points]
    print(json.dumps({"status": status, "before": before, "whole": whole, "counts": counts, "deaths": deaths}))


if __name__ == "__main__":
    given = None if sys.argv[3] == "-" else Path(sys.argv[3])
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), given, int(sys.argv[4]), int(sys.argv[5]))
