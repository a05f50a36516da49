"""Kill `reprocheck` at many points of its run, and tell what each death left behind.

Usage: python tests/faults/kill_harness.py PROJECT SCRATCH STRIDE SPREAD COMMAND [OPTION ...]

PROJECT holds an environment.yml and what an earlier run wrote. The command is imported once; every run is a fork
in a copy of PROJECT. A trace counts the lines that run in our code, and a fork sends itself SIGKILL before one of
them: before every line (one in STRIDE) of the modules that write, which also write in pieces here, with a point
between two; and before SPREAD lines spread evenly over the whole run. Prints JSON: the files of a run that was left
alone, and one object for each death, with the files after it and, where it left anything new, after one more run.
"""

from __future__ import annotations

import base64
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

from reprocheck.cli import lock as _lock  # what the command imports late is imported here, once
from reprocheck.cli.app import run
from reprocheck.locking import conda_lock_authority as _authority  # noqa: F401
from reprocheck.locking.solving import rattler_solver as _solver  # noqa: F401
from reprocheck.workflows import fixing as _fixing  # noqa: F401
from reprocheck.workflows import resolving as _resolving  # noqa: F401

PACKAGE = str(Path(_lock.__file__).resolve().parent.parent)
WRITERS = ("atomic_write.py", "folder_lock.py", "lock_files.py", "fixing.py")
PIECE_BYTES = 512


@dataclass
class Points:
    """Counts lines of our code, all and those that write, and dies at one of them."""

    fatal: tuple[str, int] | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"any": 0, "write": 0})

    def pass_by(self, kind: str) -> None:
        """Count one point; die if it is the fatal one."""
        if self.fatal == (kind, self.counts[kind]):
            os.kill(os.getpid(), signal.SIGKILL)
        self.counts[kind] += 1

    def trace(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any] | None:
        """Follow the frames of our package only; see `sys.settrace`."""
        path = frame.f_code.co_filename
        if not path.startswith(PACKAGE):
            return None
        if event == "line":
            self.pass_by("any")
            if path.endswith(WRITERS):
                self.pass_by("write")
        return self.trace


class Pieces:
    """A file that takes its bytes in pieces, as a disk may, with a point between two pieces."""

    def __init__(self, stream: Any, points: Points) -> None:
        self.stream = stream
        self.points = points

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, data: bytes) -> None:
        """Write all of it, piece by piece, each out of our hands before the next."""
        for start in range(0, len(data), PIECE_BYTES):
            self.stream.write(data[start : start + PIECE_BYTES])
            self.stream.flush()
            self.points.pass_by("write")


def forked(folder: Path, options: list[str], points: Points | None = None) -> int:
    """Run the command in `folder` in a fork; return its status, negative for the signal that ended it."""
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silence, descriptor)
        os._exit(run(options) if points is None else traced(folder, options, points))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def traced(folder: Path, options: list[str], points: Points) -> int:
    """Run the command under the trace; write beside `folder` how many points there were."""
    opened = os.fdopen
    os.fdopen = lambda *arguments: Pieces(opened(*arguments), points)  # type: ignore[assignment]
    sys.settrace(points.trace)
    code = run(options)
    sys.settrace(None)
    (folder.parent / "counts.json").write_text(json.dumps(points.counts))
    return code


def files_of(folder: Path) -> dict[str, str]:
    """Return the bytes of all files, by name."""
    found = sorted(folder.iterdir())
    return {path.name: base64.b64encode(path.read_bytes()).decode() for path in found}


def death(project: Path, scratch: Path, options: list[str], fatal: tuple[str, int]) -> dict[str, object]:
    """Die at one point and run once more; tell what was there after each."""
    folder = scratch / "run"
    shutil.copytree(project, folder)
    status = forked(folder, options, Points(fatal))
    left = files_of(folder)
    is_news = left != files_of(project)
    again = forked(folder, options) if is_news else None
    after = files_of(folder) if is_news else None
    shutil.rmtree(folder)
    return {"point": fatal, "status": status, "left": left, "again": again, "after": after}


def main(project: Path, scratch: Path, stride: int, spread: int, options: list[str]) -> None:
    """Run once in peace to learn the points, then die at each of them."""
    folder = scratch / "whole"
    shutil.copytree(project, folder)
    status = forked(folder, options, Points())
    counts = json.loads((scratch / "counts.json").read_text())
    everywhere = [("any", counts["any"] * step // spread) for step in range(spread)]
    points = [*(("write", number) for number in range(0, counts["write"], stride)), *everywhere]
    deaths = [death(project, scratch, options, point) for point in points]
    print(json.dumps({"status": status, "old": files_of(project), "new": files_of(folder), "deaths": deaths}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
