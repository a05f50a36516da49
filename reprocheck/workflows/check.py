"""`check` and `audit`: find the files, gather the facts, run the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reprocheck.errors import InputError
from reprocheck.locking.platforms import check_platform
from reprocheck.model.findings import Audit
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, DEFAULT_LOCK, Settings
from reprocheck.readers.lock_names import PIXI_LOCK, is_lock_name
from reprocheck.rules.engine import Selection, merge_audits, run_rules
from reprocheck.rules.facts import Unseen
from reprocheck.rules.registry import RULES
from reprocheck.workflows.gathering import Subject, gather, sources_of

if TYPE_CHECKING:
    # For annotations only: `check` looks at no machine, and each dataclass takes half a millisecond to make.
    from reprocheck.model.machines import TargetMachine

_YAML = {".yml", ".yaml"}
NO_MACHINE = Unseen(reason="`check` looks at no machine; `reprocheck audit` does")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What to check.

    `files` are environment files or locks as given; empty means the usual names in `folder`. `lockfile`
    overrides the lock beside each environment.
    """

    folder: Path
    files: tuple[Path, ...] = ()
    lockfile: Path | None = None
    selection: Selection = field(default_factory=Selection)
    machine: TargetMachine | Unseen = NO_MACHINE
    platforms: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """The audit, and the source lines that its excerpts need."""

    audit: Audit
    sources: dict[str, tuple[str, ...]]


def run_check(request: CheckRequest) -> CheckOutcome:
    """Run the selected rules over every environment of the request.

    Raises:
        InputError: no environment file is there, or one is broken.
        UsageError: a platform that nobody knows; its rules would look at nothing and pass.
    """
    for name in request.platforms:
        check_platform(name, "--platform")
    audits: list[Audit] = []
    sources: dict[str, tuple[str, ...]] = {}
    for subject in find_subjects(request):
        facts = gather(subject, request.machine, request.platforms, request.settings)
        audits.append(run_rules(facts, RULES, request.selection))
        sources.update(sources_of(facts))
    return CheckOutcome(audit=merge_audits(audits), sources=sources)


def find_subjects(request: CheckRequest) -> list[Subject]:
    """Return what the request's files speak of; files that are neither environment nor lock are passed over."""
    if not request.files:
        return [_usual_subject(request)]
    for path in request.files:
        _refuse_no_file(path)
    subjects = [_subject(path, request) for path in request.files if _is_subject(path)]
    return list(dict.fromkeys(subjects))


def _refuse_no_file(path: Path) -> None:
    """A folder, or a name that leads nowhere, must not pass for a file without findings."""
    if path.is_dir():
        raise InputError(
            f"`{path.as_posix()}` is a folder",
            where=path.as_posix(),
            why="environment files and locks are looked at one by one",
            how=f"name the file in it, or run `reprocheck` there: `cd {path.as_posix()}`",
        )
    if path.suffix not in _YAML and not path.is_file():
        raise InputError(
            "cannot read the file",
            where=path.as_posix(),
            why="no such file",
            how="name an existing environment file or lock",
        )


def _usual_subject(request: CheckRequest) -> Subject:
    for name in DEFAULT_ENVIRONMENTS:
        if (request.folder / name).is_file():
            return _subject(request.folder / name, request)
    lock = request.lockfile or request.folder / DEFAULT_LOCK
    if lock.is_file():
        return Subject(environment=None, lock=lock)
    raise InputError(
        "there is no environment file here",
        where=request.folder.as_posix(),
        why=f"looked for {', '.join(f'`{name}`' for name in (*DEFAULT_ENVIRONMENTS, DEFAULT_LOCK))}",
        how="name the file, or set `files` in `[tool.reprocheck]`",
    )


def _subject(path: Path, request: CheckRequest) -> Subject:
    if not is_lock_name(path.name):
        lock = request.lockfile or path.with_name(DEFAULT_LOCK)
        return Subject(environment=path, lock=lock, lock_is_named=request.lockfile is not None)
    # A pixi.lock is made from pixi.toml or pyproject.toml, whatever lies beside it.
    beside = () if path.name == PIXI_LOCK else tuple(path.with_name(name) for name in DEFAULT_ENVIRONMENTS)
    return Subject(environment=next((one for one in beside if one.is_file()), None), lock=path)


def _is_subject(path: Path) -> bool:
    return path.suffix in _YAML or path.name in (PIXI_LOCK, "pyproject.toml")
