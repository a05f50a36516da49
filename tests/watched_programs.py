"""Run the programs of `fixtures/programs` under the watch, as they are or with a change, and judge them."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from reprocheck.model.fingerprints import unread
from reprocheck.model.records import Record
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.judgement import Seen
from reprocheck.numerics.watched_runs import WatchCommand, Watched, watch
from reprocheck.workflows.verify_command import judge_watched, rerunning
from tests.planted_changes import PROGRAMS, Change

_TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
NO_LOCK = unread("missing", "no `conda-lock.yml` beside the record")


def words(program: Path, ranks: int) -> tuple[str, ...]:
    """Return the command that starts a program, by torchrun where it wants ranks."""
    launcher = (*_TORCHRUN, str(ranks)) if ranks > 1 else ()
    return (sys.executable, "-W", "ignore", *launcher, str(program))


def reference(program: str, ranks: int) -> Record:
    """Return a record of a program as it is."""
    watched = watch(WatchCommand(words=words(PROGRAMS / program, ranks)), _silent)
    assert watched.run is not None, watched.fault
    assert watched.fault is None
    return Record(fingerprint={}, lock=NO_LOCK, device="cpu", threads=1, runs=(watched.run,))


def rerun(program: Path, ranks: int) -> Watched:
    """Return what was seen of a program."""
    return watch(WatchCommand(words=words(program, ranks)), _silent)


def verdict_on(change: Change, recorded: Record, folder: Path) -> Verdict:
    """Return the verdict on a changed program beside the record of the one that it was."""
    path = folder / change.program
    path.write_text(change.source(), encoding="utf-8")
    return judged(recorded, path, change.ranks)


def judged(recorded: Record, program: Path, ranks: int) -> Verdict:
    """Return the verdict on a program, where nothing but its run may differ."""
    seen = Seen(fingerprint={}, lock=NO_LOCK, runs=())
    return judge_watched(recorded, seen, rerun(program, ranks), rerunning(words(program, ranks), math.inf, _silent))


def _silent(_: str) -> None:
    """Show no progress."""
