"""What has to go and what has to come so that a prefix is exactly a lock: decided here, done elsewhere.

Whatever is not as it should be is taken away whole and put there anew; nothing is patched. rattler's own
reinstallation is not used: with two packages that own one path it leaves neither there (tried on 0.28.0), while what
it links anew always comes out as in a fresh prefix.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.locking.installing.conda_changes import is_python_changed, records_to_unlink
from reprocheck.locking.installing.pip_changes import pip_changes
from reprocheck.locking.installing.prefix_state import InstallPlan, PrefixState, Wanted
from reprocheck.model.prefixes import Distribution, Prefix


def first_plan(wanted: Wanted) -> InstallPlan:
    """Return the plan for a prefix that holds nothing."""
    return InstallPlan(unlink=(), link=wanted.conda, doomed=(), pip=wanted.pip, unreadable=())


def plan_anew(wanted: Wanted, prefix: Prefix) -> InstallPlan:
    """Return the plan for a prefix that was moved: its old path stands in files, so that nothing stays."""
    doomed, unreadable = tuple(_all_of_pip(wanted, prefix)), tuple(_unreadable(prefix))
    return InstallPlan(unlink=prefix.conda, link=wanted.conda, doomed=doomed, pip=wanted.pip, unreadable=unreadable)


def make_plan(wanted: Wanted, state: PrefixState, *, in_doubt: bool = False) -> InstallPlan:
    """Return what makes a prefix exactly `wanted`.

    After an interruption it is `in_doubt` who has a path that several packages list: rattler decides that at the end.
    """
    prefix = state.prefix
    doomed, pip = pip_changes(state, wanted, in_doubt=in_doubt)
    unlink = records_to_unlink(wanted, state, doomed, in_doubt=in_doubt)
    kept = {record.name for record in prefix.conda if record not in unlink}
    if is_python_changed(unlink, wanted):
        doomed, pip = tuple(_all_of_pip(wanted, prefix)), wanted.pip
    return InstallPlan(
        unlink=unlink,
        link=tuple(package for package in wanted.conda if package.name not in kept),
        doomed=doomed,
        pip=pip,
        unreadable=tuple(_unreadable(prefix)),
    )


def _all_of_pip(wanted: Wanted, prefix: Prefix) -> Iterator[Distribution]:
    return (item for item in prefix.installed_by_pip if item.name not in wanted.by_hand)


def _unreadable(prefix: Prefix) -> Iterator[str]:
    """Yield files of `conda-meta` that hold no record: rattler would stop at the first of them."""
    records = {record.record for record in prefix.conda}
    for fault in prefix.faults:
        if fault.path.startswith("conda-meta/") and fault.path.endswith(".json") and fault.path not in records:
            yield fault.path
