"""What `reprocheck lock` tells: the changes, one line each, and one line that sums up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reprocheck.model.locking_requests import LockChange, LockOutcome
from reprocheck.model.locks import LockedPackage
from reprocheck.reports.visible import visible

_VERBS = {
    "write": {"created": "wrote", "changed": "updated", "unchanged": "is up to date, not touched:"},
    "dry-run": {"created": "would write", "changed": "would update", "unchanged": "is up to date:"},
    "check": {"created": "is missing:", "changed": "is stale:", "unchanged": "is up to date:"},
}


def render_changes(outcome: LockOutcome) -> str:
    """Return what comes, goes and moves as lines, each ending in a newline; empty when nothing does."""
    return _as_lines(_roots(outcome) if outcome.status == "created" else _changes(outcome))


def render_summary(outcome: LockOutcome) -> str:
    """Return what became of it: one line for the lock, and one for each other file that was written."""
    return _as_lines((_summary(outcome), *_other_files(outcome)))


def _as_lines(lines: Iterable[str]) -> str:
    return "".join(f"{visible(line)}\n" for line in lines)


def _changes(outcome: LockOutcome) -> Iterator[str]:
    everywhere = outcome.lock.platforms
    for change in outcome.changes:
        name = change.name if change.manager == "conda" else f"{change.name} (pip)"
        where = "" if change.platforms == tuple(everywhere) else f"  [{', '.join(change.platforms)}]"
        yield f"{change.sign} {name} {_identities(change)}{where}"


def _identities(change: LockChange) -> str:
    return " -> ".join(identity for identity in (change.old, change.new) if identity is not None)


def _roots(outcome: LockOutcome) -> Iterator[str]:
    """Yield what was locked for each name that the user declared; a first lock is too long to list whole."""
    for name in outcome.roots:
        locked = [package for package in outcome.lock.packages if package.name == name]
        for version, platforms in _by_version(locked):
            where = "" if platforms == tuple(sorted(outcome.lock.platforms)) else f"  [{', '.join(platforms)}]"
            yield f"+ {name} {version}{where}"


def _by_version(packages: Sequence[LockedPackage]) -> list[tuple[str, tuple[str, ...]]]:
    platforms: dict[str, list[str]] = {}
    for package in packages:
        platforms.setdefault(package.version, []).append(package.platform)
    return sorted((version, tuple(sorted(where))) for version, where in platforms.items())


def _summary(outcome: LockOutcome) -> str:
    lock = outcome.lock
    counts = ", ".join(f"{platform} {len(lock.on(platform))}" for platform in lock.platforms)
    name = lock.path.rsplit("/", 1)[-1]
    verb = _VERBS[outcome.mode][outcome.status]
    head = f"{name} {verb}" if verb.endswith(":") else f"{verb} {name}:"
    return f"{head} {counts} packages{_tally(outcome)}"


def _tally(outcome: LockOutcome) -> str:
    if outcome.status != "changed":
        return ""
    signs = [change.sign for change in outcome.changes]
    counted = (("added", signs.count("+")), ("removed", signs.count("-")), ("changed", signs.count("~")))
    told = ", ".join(f"{count} {word}" for word, count in counted if count)
    return f"; {told}" if told else "; no package changed, but what the lock says about itself"


def _other_files(outcome: LockOutcome) -> Iterator[str]:
    for path in outcome.written:
        if path != outcome.lock.path:
            yield f"wrote {path}"
