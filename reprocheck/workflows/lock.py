"""`reprocheck lock`: read the environment, solve, compare, and replace the lock whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reprocheck.atomic_write import staged_file, write_whole
from reprocheck.errors import InputError
from reprocheck.locking.conda_lock_format import format_lock
from reprocheck.locking.cuda_decision import recorded_decision
from reprocheck.locking.explicit_file import explicit_name, format_explicit
from reprocheck.locking.lock_changes import compare_locks, says_the_same
from reprocheck.locking.lock_plan import LockPlan, make_plan
from reprocheck.locking.solve_jobs import Progress, SolveRequest
from reprocheck.model.locking_requests import LockOutcome, LockRequest, Status
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import ConflictedLockError, read_lock
from reprocheck.readers.environment_yml import read_environment


def lock_environment(request: LockRequest, progress: Progress = lambda _message: None) -> LockOutcome:
    """Lock one environment file; only mode `write` touches a file, and only where something changed.

    Raises:
        InputError, UsageError, UnsatisfiableError, GatheredErrors: the input cannot be locked.
        UndecidedError: a channel or the folder is out of reach; the old lock is untouched.
    """
    environment = read_environment(request.environment_paths[0])
    old = _old_lock(request.lock_path)
    kept = recorded_decision(old) if old and request.cuda is None else None
    if kept is not None:
        request = replace(request, cuda=kept)
    same = old.platforms if old and not request.platforms and not environment.platforms else ()
    if same:
        request = replace(request, platforms=same)
    lock, notes = _solve(make_plan(environment, request), request, progress)
    status = _status(old, lock, request.lock_path)
    if status == "unchanged" and old is not None:
        lock = old  # the tools that wrote it stay on record: nothing is rewritten for their sake
    progress("writing the lock")
    return LockOutcome(
        lock=lock,
        status=status,
        mode=request.mode,
        changes=compare_locks(old, lock),
        roots=tuple(sorted({spec.name for spec in environment.conda})),
        notes=(*_kept_note(kept, same, request.lock_path), *notes),
        written=_write(lock, status, request) if request.mode == "write" else (),
    )


def _kept_note(kept: str | None, same: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """A decision stays taken until somebody takes another: relocking must not turn CUDA builds into CPU builds."""
    cuda = () if kept is None else (f"CUDA `{kept}`, as {path.as_posix()} records it; `--cuda` decides anew",)
    platforms = (f"platforms {', '.join(same)}, as {path.as_posix()} has them; `-p` chooses anew",) if same else ()
    return (*cuda, *platforms)


def _old_lock(path: Path) -> Lock | None:
    """Return the lock that stands at `path`; anything there that is no lock is an error, not a thing to replace."""
    try:
        return read_lock(path) if path.exists() else None
    except ConflictedLockError:
        return None
    except InputError as error:
        how = "move it away, then `reprocheck lock` writes a new one, or name another with `--lockfile`"
        raise InputError(error.what, where=error.where, why=error.why, how=how) from error


def _solve(plan: LockPlan, request: LockRequest, progress: Progress) -> tuple[Lock, tuple[str, ...]]:
    # Imported here, for they cost the better part of a second and a broken input must be told at once.
    from reprocheck.locking.rattler_solver import solve_platforms

    answers = solve_platforms(
        SolveRequest(channels=plan.searched, jobs=plan.jobs, timeout_s=request.timeout_s, offline=request.offline),
        progress,
    )
    from reprocheck.locking.new_lock import build_lock  # brings conda-lock, half a second, once there is a solution

    return build_lock(plan, answers, request.lock_path)


def _status(old: Lock | None, new: Lock, path: Path) -> Status:
    if old is None:
        return "changed" if path.exists() else "created"
    return "unchanged" if says_the_same(old, new) else "changed"


def _write(lock: Lock, status: Status, request: LockRequest) -> tuple[str, ...]:
    written: list[str] = []
    ordered: Sequence[LockedPackage] = ()
    if status != "unchanged":
        ordered = _replace_lock(lock, request.lock_path)
        written.append(request.lock_path.as_posix())
    if request.explicit:
        written.extend(_write_explicit(lock, ordered, request.lock_path))
    return tuple(written)


def _replace_lock(lock: Lock, path: Path) -> tuple[LockedPackage, ...]:
    """Let conda-lock read the new file before it takes the old one's place; return its installation order."""
    from reprocheck.locking.conda_lock_authority import read_back  # half a second, and only where a lock is written

    with staged_file(path, format_lock(lock)) as staged:
        return read_back(staged, lock)


def _write_explicit(lock: Lock, ordered: Sequence[LockedPackage], lock_path: Path) -> list[str]:
    from reprocheck.locking.conda_lock_authority import read_back  # as above

    written = []
    order = ordered or read_back(lock_path, lock)
    for platform in lock.platforms:
        path = lock_path.with_name(explicit_name(platform))
        data = format_explicit(lock, platform, order)
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)
            written.append(path.as_posix())
    return written
