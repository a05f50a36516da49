"""`create`: a lock becomes an environment, or the prefix stays as it was, or it says that it is no whole one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from reprocheck.folder_lock import one_at_a_time
from reprocheck.locking.installing.as_published import find_published, with_published
from reprocheck.locking.installing.cache_check import check_archives, drop_untrusted, package_cache, require_cached
from reprocheck.locking.installing.conda_changes import mixed_sharers
from reprocheck.locking.installing.conda_records import complete_records
from reprocheck.locking.installing.install_plan import first_plan, make_plan, plan_anew
from reprocheck.locking.installing.package_guard import project_places, refuse_links_out
from reprocheck.locking.installing.pip_removal import remove_distributions
from reprocheck.locking.installing.prefix_files import cannot_write
from reprocheck.locking.installing.prefix_marks import (
    Made,
    Unfinished,
    digest_of,
    empty,
    mark_made,
    mark_unfinished,
    read_made,
    read_unfinished,
)
from reprocheck.locking.installing.prefix_state import InstallPlan, PrefixState, look_into
from reprocheck.locking.installing.target_prefix import Target, look_at_target
from reprocheck.locking.installing.unlinking import remove_strays, remove_unreadable, unlink_packages
from reprocheck.model.prefix_creation import CreateRequest, Creation, CreationStatus
from reprocheck.model.prefixes import Prefix
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.workflows.create_input import Blueprint, read_blueprint
from reprocheck.workflows.create_outcome import creation_of, notes_on, require_nothing_left

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
    with _held(root, request.timeout_s, progress):
        target = look_at_target(root, shown, force=request.force)
        return _Prefix(request, blueprint, root, target, progress).make()


@contextlib.contextmanager
def _held(root: Path, wait_s: float, progress: Progress) -> Iterator[None]:
    """Have a folder that nobody else makes; where nothing came of it, it goes again."""
    is_ours = not os.path.lexists(root)
    with cannot_write(root):
        root.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(root / "conda-meta", wait_s, progress):
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
        self.unfinished = target.unfinished
        self.progress = progress
        self.shown = request.prefix.as_posix()
        self.cache = package_cache(os.environ)
        self.end_s = time.monotonic() + request.timeout_s
        self.before = read_made(root)
        self.published = self.before.as_published if self.before else {}
        self.made = Made(
            lock=digest_of((*self.wanted.conda, *self.wanted.pip), blueprint.platform),
            platform=blueprint.platform,
            prefix=str(root),
        )

    def make(self) -> Creation:
        """Find out what is to be done, and do it."""
        state = None if self.is_empty() else self.state(self.published)
        plan = self.plan(state) if state else first_plan(self.wanted)
        if plan.is_empty and self.target.state == "ours" and self.unfinished is None and self.is_known():
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
        begun = self.unfinished
        return self.target.state == "new" or (begun is not None and begun.is_new and begun.lock != self.made.lock)

    def is_known(self) -> bool:
        """Say whether the prefix says of itself what it is to be."""
        told = self.before and (self.before.lock, self.before.platform)
        return told == (self.made.lock, self.made.platform)

    def is_moved(self) -> bool:
        """Say whether any of it may have been made at another place, whose path stands in files then."""
        places = [mark.prefix for mark in (self.before, self.unfinished) if mark is not None]
        here = os.path.realpath(self.root)
        return any(place is None or "\0" in place or os.path.realpath(place) != here for place in places)

    def state(self, published: Mapping[str, str]) -> PrefixState:
        """Look at the prefix as it is, byte by byte."""
        self.progress("looking at the prefix")
        return with_published(self.root, look_into(self.root, self.read(), self.progress), published)

    def read(self) -> Prefix:
        """Return what is listed in the prefix as it is."""
        return read_prefix(self.root, self.shown, self.blueprint.platform)

    def plan(self, state: PrefixState) -> InstallPlan:
        """Return what is to be done to a prefix that is there."""
        if self.is_moved():
            return plan_anew(self.wanted, state.prefix)
        return make_plan(self.wanted, state, in_doubt=self.unfinished is not None)

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

    def change(self, plan: InstallPlan, state: PrefixState | None) -> Creation:
        """Mark the prefix, change it, look at it again, and take the mark away."""
        self.mark(state)
        done = self.carry_out(plan, state)
        after = self.result(done)
        left = make_plan(self.wanted, after)
        if not left.is_empty:  # what came lies over what stayed, and nobody knew before
            self.check(left)
            done = done.then(self.carry_out(left, after))
            after = self.result(done)
            require_nothing_left(make_plan(self.wanted, after), self.shown)
        mark_made(self.root, replace(self.made, as_published=self.published))
        status: CreationStatus = "changed" if self.unfinished is None else "completed"
        status = "created" if self.target.state == "new" else status
        return creation_of(status, self.request, self.blueprint, done, notes_on(after.prefix, self.published))

    def mark(self, state: PrefixState | None) -> None:
        """Say that the prefix is no whole environment; of what was begun for another lock nothing is left then."""
        begun = self.unfinished
        if state is None and begun is not None:
            empty(self.root)
        is_new = self.target.state == "new" or (begun is not None and begun.is_new)
        place = None if state is not None and self.is_moved() else str(self.root)
        mark_unfinished(self.root, Unfinished(lock=self.made.lock, is_new=is_new, prefix=place))

    def carry_out(self, plan: InstallPlan, state: PrefixState | None) -> InstallPlan:
        """Remove what goes, install what comes, and return what was done."""
        if state is not None:
            self.take_away(plan, state.prefix)
        if plan.link:
            self.install_conda()
            plan = plan if state is None else self.link_alike(plan)
        complete_records(self.root, self.cache, self.wanted.conda, self.wanted.plain)
        if plan.pip:
            self.install_pip(plan)
        return plan

    def take_away(self, plan: InstallPlan, prefix: Prefix) -> None:
        """Remove what is not as the lock has it, pip's first, for it may lie over conda's."""
        self.progress(f"removing {len(plan.unlink) + len(plan.doomed)} packages")
        remove_distributions(self.root, prefix, plan.doomed)
        unlink_packages(self.root, plan.unlink)
        remove_unreadable(self.root, plan.unreadable)
        remove_strays(self.root, [record for record in prefix.conda if record not in plan.unlink])

    def result(self, done: InstallPlan) -> PrefixState:
        """Look at what became of the prefix, and remember where no list is right about it."""
        after = self.state({})
        told = {**self.published, **find_published(self.root, after, done)}
        self.published = {path: seen for path, seen in told.items() if path in after.inspection.found}
        remove_strays(self.root, after.prefix.conda)
        return with_published(self.root, after, self.published)

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

    def link_alike(self, plan: InstallPlan) -> InstallPlan:
        """Put anew what shares a path with what came, as in a new prefix; return the plan with it."""
        prefix = self.read()
        again = mixed_sharers(self.wanted, prefix, {package.name for package in plan.link})
        if again.is_empty:
            return plan
        self.check(again)
        self.take_away(again, prefix)
        self.install_conda()
        return plan.then(again)

    def install_pip(self, plan: InstallPlan) -> None:
        """Install what is missing of the pip part."""
        # Imported where it is needed: most of it is about uv, which an environment without pip part does not need.
        from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip

        install_pip(
            PipInstallRequest(
                prefix=self.root,
                python=self.root / ("python.exe" if os.name == "nt" else "bin/python"),
                packages=plan.pip,
                lock_folder=self.blueprint.lock_folder,
                offline=self.request.offline,
                timeout_s=self.left_s(),
                progress=self.progress,
            )
        )

    def left_s(self) -> float:
        """Return how much of the time is left."""
        return max(self.end_s - time.monotonic(), 0.001)
