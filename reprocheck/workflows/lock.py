"""`reprocheck lock`: read the sources, solve, compare, and replace the lock whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from reprocheck.atomic_write import remove_leftovers
from reprocheck.errors import GatheredErrors, InputError, ReprocheckError
from reprocheck.folder_lock import one_at_a_time
from reprocheck.locking.differences.lock_changes import compare_locks, says_the_same
from reprocheck.locking.lock_plan import LockPlan, make_plan
from reprocheck.locking.relocking import Inheritance, inherit, unmoved
from reprocheck.locking.solving.solve_jobs import Progress
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockOutcome, LockRequest, Status
from reprocheck.model.locks import Lock
from reprocheck.readers.conda_lock_yml import ConflictedLockError, read_lock
from reprocheck.readers.condarc import read_condarc
from reprocheck.readers.virtual_packages_yml import read_virtual_packages
from reprocheck.workflows.lock_files import write_files
from reprocheck.workflows.lock_sources import read_sources, sources_to_lock
from reprocheck.workflows.name_maps import names_of

Preview = Callable[[LockOutcome], None]


def lock_environment(
    request: LockRequest,
    progress: Progress = lambda _message: None,
    preview: Preview = lambda _outcome: None,
) -> LockOutcome:
    """Lock the environment files of a request; only mode `write` touches a file, and only where something changed.

    `preview` is shown the outcome before anything is written.

    Raises:
        InputError, UsageError, UnsatisfiableError, GatheredErrors: the input cannot be locked.
        UndecidedError: a channel, an index or the folder is out of reach; the old lock is untouched.
    """
    with _alone(request, progress):
        old = _old_lock(request.lock_path)
        paths, notes = sources_to_lock(request, old)
        environment = read_sources(paths, without_pip=request.without_pip)
        outcome = _outcome(environment, request, old, progress)
        outcome = replace(outcome, notes=(*notes, *outcome.notes))
        preview(outcome)
        if request.mode != "write":
            return outcome
        progress("writing the lock")
        return replace(outcome, written=write_files(outcome, request))


@contextlib.contextmanager
def _alone(request: LockRequest, progress: Progress) -> Iterator[None]:
    """Keep a second `lock` on the same file waiting, from before the old lock is read until the new one stands."""
    if request.mode != "write":
        yield
        return
    with one_at_a_time(request.lock_path, request.timeout_s, progress):
        remove_leftovers(request.lock_path)  # of a run that was killed; this one may find nothing to write
        yield


def _outcome(environment: EnvironmentFile, request: LockRequest, old: Lock | None, progress: Progress) -> LockOutcome:
    names = names_of(request.name_map)
    inherited = inherit(old, environment, request, names)
    plan = replace(_plan(environment, inherited.request), names=names)
    lock, notes = _solve(plan, inherited, old, progress)
    status = _status(old, lock, request.lock_path)
    if status == "unchanged" and old is not None:
        lock = old  # the tools that wrote it stay on record: nothing is rewritten for their sake
    return LockOutcome(
        lock=lock,
        status=status,
        mode=request.mode,
        changes=compare_locks(old, lock),
        roots=_roots(environment, request),
        notes=(*inherited.notes, *notes),
        written=(),
    )


def _old_lock(path: Path) -> Lock | None:
    """Return the lock that stands at `path`; anything there that is no lock is an error, not a thing to replace."""
    try:
        return read_lock(path) if path.exists() else None
    except ConflictedLockError:
        return None
    except InputError as error:
        raise _with_a_way_out(error) from error
    except GatheredErrors as error:
        raise GatheredErrors([_with_a_way_out(one) for one in error.errors]) from error


def _with_a_way_out(error: ReprocheckError) -> InputError:
    """The usual advice is to lock again, which is what just failed."""
    how = "move it away, then `reprocheck lock` writes a new one, or name another with `--lockfile`"
    return InputError(error.what, where=error.where, why=error.why, how=how)


def _plan(environment: EnvironmentFile, request: LockRequest) -> LockPlan:
    machines = read_virtual_packages(request.virtual_packages) if request.virtual_packages else {}
    return make_plan(environment, request, machines, read_condarc(os.environ))


def _solve(
    plan: LockPlan, inherited: Inheritance, old: Lock | None, progress: Progress
) -> tuple[Lock, tuple[str, ...]]:
    # Imported here, for a broken input must be told at once.
    from reprocheck.locking.new_lock import build_lock
    from reprocheck.workflows.resolving import resolve  # brings the resolvers

    request = inherited.request
    preferred = unmoved(inherited.preferred, old, plan.machines) if request.solver == "rattler" else ()
    return build_lock(plan, resolve(plan, request, preferred, progress), request.lock_path)


def _roots(environment: EnvironmentFile, request: LockRequest) -> tuple[str, ...]:
    names = {spec.name for spec in environment.conda}
    pip = () if request.without_pip else environment.pip
    return tuple(sorted(names | {requirement.name for requirement in pip if requirement.name}))


def _status(old: Lock | None, new: Lock, path: Path) -> Status:
    if old is None:
        return "changed" if path.exists() else "created"
    return "unchanged" if says_the_same(old, new) else "changed"
