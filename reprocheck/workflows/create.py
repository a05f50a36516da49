"""`create`: a lock becomes an environment, or the prefix stays as it was, or it says that it is no whole one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from reprocheck.folder_lock import one_at_a_time
from reprocheck.locking.installing.cache_check import check_archives, drop_untrusted, package_cache, require_cached
from reprocheck.locking.installing.conda_records import complete_records
from reprocheck.locking.installing.install_plan import InstallPlan, first_plan, make_plan, plan_anew
from reprocheck.locking.installing.package_guard import project_places, refuse_links_out
from reprocheck.locking.installing.pip_changes import PipState, noted_archives, pip_changes
from reprocheck.locking.installing.pip_removal import remove_distributions
from reprocheck.locking.installing.prefix_marks import (
    Made,
    cannot_write,
    digest_of,
    empty,
    mark_made,
    mark_unfinished,
    read_made,
    read_unfinished,
)
from reprocheck.locking.installing.target_prefix import Target, look_at_target
from reprocheck.locking.installing.unlinking import remove_strays, remove_unreadable, unlink_packages
from reprocheck.model.prefix_creation import CreateRequest, Creation, CreationStatus
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.workflows.create_input import Blueprint, read_blueprint
from reprocheck.workflows.create_outcome import creation_of, faults_after, notes_on

Progress = Callable[[str], None]


def create_environment(request: CreateRequest, progress: Progress = lambda _message: None) -> Creation:
    """Make the prefix exactly what the lock says, from whatever an earlier run left there.

    Raises:
        InputError, UsageError, GatheredErrors: the lock cannot be installed, or not there; nothing was changed.
        ForgedError: an archive is not the one that was locked.
        UndecidedError: network, disk or time stood in the way; a prefix that was begun is marked as unfinished.
        KeyboardInterrupt: with a text that says whether the prefix was begun.
    """
    progress("reading the lock")
    blueprint = read_blueprint(request)
    root = Path(os.path.abspath(request.prefix))  # noqa: PTH100  (links stay: the path is written into files)
    shown = request.prefix.as_posix()
    look_at_target(root, shown, force=request.force)
    with _folder(root), one_at_a_time(root / "conda-meta", request.timeout_s, progress):
        target = look_at_target(root, shown, force=request.force)
        return _Prefix(request, blueprint, root, target, progress).make()


@contextlib.contextmanager
def _folder(root: Path) -> Iterator[None]:
    """Have a folder that can be locked; where nothing came of it, it goes again."""
    is_ours = not os.path.lexists(root)
    with cannot_write(root):
        root.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if is_ours:
            with contextlib.suppress(OSError):
                root.rmdir()


class _Prefix:
    """One prefix on its way to a blueprint."""

    def __init__(
        self, request: CreateRequest, blueprint: Blueprint, root: Path, target: Target, progress: Progress
    ) -> None:
        self.request = request
        self.blueprint = blueprint
        self.wanted = blueprint.wanted
        self.root = root
        self.target = target
        self.progress = progress
        self.shown = request.prefix.as_posix()
        self.cache = package_cache(os.environ)
        self.end_s = time.monotonic() + request.timeout_s
        made = Made(
            lock=digest_of((*self.wanted.conda, *self.wanted.pip), blueprint.platform),
            platform=blueprint.platform,
            prefix=str(root),
        )
        self.made = made

    def make(self) -> Creation:
        """Find out what is to be done, and do it."""
        state = None if self.is_empty() else self.state(fast=False)
        plan = self.plan(state)
        before = read_made(self.root)
        if plan.is_empty and self.target.state == "ours" and self.target.unfinished is None and self.is_known(before):
            return creation_of("unchanged", self.request, self.blueprint)
        self.check(plan)
        try:
            return self.change(plan, state)
        except KeyboardInterrupt as stop:
            text = f"`{self.shown}` is marked as unfinished; run again, and `create` goes on from there"
            if read_unfinished(self.root) is None:
                text = f"`{self.shown}` is not marked as unfinished; run again, and `create` says whether it is whole"
            raise KeyboardInterrupt(text) from stop

    def is_empty(self) -> bool:
        """Say whether there is nothing to build upon: no prefix, or one begun for another lock and never finished."""
        unfinished = self.target.unfinished
        is_other = unfinished is not None and unfinished.is_new and unfinished.lock != self.made.lock
        return self.target.state == "new" or is_other

    def is_known(self, before: Made | None) -> bool:
        """Say whether the prefix says of itself what it is to be."""
        return before is not None and (before.lock, before.platform) == (self.made.lock, self.made.platform)

    def state(self, *, fast: bool) -> PipState:
        """Look at the prefix as it is."""
        self.progress("looking at the prefix")
        prefix = read_prefix(self.root, self.shown, self.blueprint.platform)
        inspection = inspect(self.root, prefix, InspectionRequest(fast, None, self.progress))
        return PipState(prefix=prefix, inspection=inspection, noted=noted_archives(self.root, prefix))

    def plan(self, state: PipState | None) -> InstallPlan:
        """Return what is to be done."""
        if state is None:
            return first_plan(self.wanted)
        changes = pip_changes(state, self.blueprint.pip, self.blueprint.lock_folder)
        before = read_made(self.root)
        if before is not None and os.path.realpath(before.prefix) != os.path.realpath(self.root):
            return plan_anew(self.wanted, state.prefix, changes)
        return make_plan(self.wanted, state, changes, in_doubt=self.target.unfinished is not None)

    def check(self, plan: InstallPlan) -> None:
        """Find out beforehand what can be found out; nothing is changed yet."""
        self.progress("checking archives and the cache")
        listed = [file.path for record in plan.unlink for file in record.files]
        listed += [file.path for item in plan.doomed for file in item.files]
        refuse_links_out(self.root, (*listed, *project_places(self.root, plan.pip)))
        check_archives(plan.link, self.wanted.plain)
        drop_untrusted(self.cache, plan.link)
        if self.request.offline:
            require_cached(self.cache, plan.link, self.wanted.plain)
        self.blueprint.check_pip(plan.pip)

    def change(self, plan: InstallPlan, state: PipState | None) -> Creation:
        """Mark the prefix, change it, look at it again, and take the mark away."""
        unfinished = self.target.unfinished
        is_new = self.target.state == "new" or (unfinished is not None and unfinished.is_new)
        mark_unfinished(self.root, self.made.lock, is_new=is_new)
        if state is None:
            empty(self.root)
        else:
            self.take_away(plan, state)
        if plan.link:
            self.install_conda()
        complete_records(self.root, self.cache, self.wanted.conda, self.wanted.plain)
        if plan.pip:
            self.install_pip(plan)
        self.progress("checking what was installed")
        after = self.state(fast=True)
        remove_strays(self.root, after.prefix.conda)
        notes = faults_after(self.plan_after(after), after, plan, self.shown)
        mark_made(self.root, self.made)
        status: CreationStatus = "created" if self.target.state == "new" else "completed" if unfinished else "changed"
        return creation_of(status, self.request, self.blueprint, plan, (*notes, *notes_on(after.prefix)))

    def take_away(self, plan: InstallPlan, state: PipState) -> None:
        """Remove what is not as the lock has it, pip's first, for it may lie over conda's."""
        self.progress(f"removing {len(plan.unlink) + len(plan.doomed)} packages")
        remove_distributions(self.root, state.prefix, plan.doomed)
        unlink_packages(self.root, plan.unlink)
        remove_unreadable(self.root, plan.unreadable)
        remove_strays(self.root, [record for record in state.prefix.conda if record not in plan.unlink])

    def install_conda(self) -> None:
        """Fetch and link what has no record in the prefix."""
        # Imported where it is needed: it loads py-rattler, and what is wrong with the input is told before.
        from reprocheck.locking.installing.rattler_installer import CondaInstallRequest, install_conda

        install_conda(
            CondaInstallRequest(
                prefix=self.root,
                packages=self.wanted.conda,
                platform=self.blueprint.install_platform,
                routes=self.blueprint.routes,
                settings=self.blueprint.settings,
                cache=self.cache,
                offline=self.request.offline,
                timeout_s=self.left_s(),
                progress=self.progress,
            )
        )

    def install_pip(self, plan: InstallPlan) -> None:
        """Install what is missing of the pip part."""
        # Imported where it is needed: most of it is about uv, which an environment without pip part does not need.
        from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip

        python = self.root / ("python.exe" if os.name == "nt" else "bin/python")
        install_pip(
            PipInstallRequest(
                prefix=self.root,
                python=python,
                packages=plan.pip,
                lock_folder=self.blueprint.lock_folder,
                platform=self.blueprint.platform,
                reinstall=(),
                offline=self.request.offline,
                timeout_s=self.left_s(),
                progress=self.progress,
            )
        )

    def plan_after(self, after: PipState) -> InstallPlan:
        """Return what would still be to be done."""
        return make_plan(self.wanted, after, pip_changes(after, self.blueprint.pip, self.blueprint.lock_folder))

    def left_s(self) -> float:
        """Return how much of the time is left."""
        return max(self.end_s - time.monotonic(), 0.001)
