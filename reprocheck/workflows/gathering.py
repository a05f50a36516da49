"""Gather the facts of one environment: its file, the lock beside it, whether they fit, and the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reprocheck.errors import ReprocheckError, UsageError
from reprocheck.facts.name_map import NameMap
from reprocheck.locking.cuda_decision import check_cuda
from reprocheck.locking.judging.closure import unmet_dependencies
from reprocheck.locking.judging.freshness import Asked, judge_freshness
from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock
from reprocheck.model.redaction import public_line
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, Settings
from reprocheck.readers.conda_lock_yml import read_lock
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.readers.lock_names import PIXI_LOCK
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.workflows.lock_origin import (
    described_machines,
    first_source,
    merged_sources,
    read_source,
    source_paths,
    with_requirements,
)
from reprocheck.workflows.name_maps import names_of

if TYPE_CHECKING:
    # For annotations only: `check` looks at no machine, and each dataclass takes half a millisecond to make.
    from reprocheck.model.machines import TargetMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What to look at: an environment file (None: the lock alone) and where its lock is or should be.

    `lock_is_named` is True where the user named the lock, which then belongs to the environment whatever
    its `sources` say. `draft` is read in the place of the environment file: what it would hold after a mend. Of a
    pixi.lock `pixi_environment` is read, None for the usual one.
    """

    environment: Path | None
    lock: Path
    lock_is_named: bool = False
    draft: bytes | None = None
    pixi_environment: str | None = None


def gather(
    subject: Subject, machine: TargetMachine | Unseen, platforms: tuple[str, ...], settings: Settings | None = None
) -> Facts:
    """Read the files of `subject` and return the facts; `platforms` limits what is looked at.

    Raises:
        InputError: a file is broken. A missing lock is no error but a fact.
    """
    names = names_of(settings.name_map if settings else None)
    lock = _lock(subject)
    environment = _environment(subject, lock)
    _refuse_absent_platforms(lock, platforms)
    return Facts(
        environment=environment,
        lock=lock,
        lock_path=subject.lock.as_posix(),
        freshness=_freshness(subject, environment, lock, settings or Settings(), names),
        machine=machine,
        names=names,
        unmet=() if isinstance(lock, Unseen) else unmet_dependencies(lock, names),
        platforms=platforms,
    )


def _refuse_absent_platforms(lock: Lock | Unseen, platforms: tuple[str, ...]) -> None:
    """A platform that the lock does not hold has nothing to find, and must not pass for clean."""
    absent = [] if isinstance(lock, Unseen) else [name for name in platforms if name not in lock.platforms]
    if absent and isinstance(lock, Lock):
        raise UsageError(
            f"the lock holds nothing for `{absent[0]}`",
            where="--platform",
            why=f"`{lock.path}` is for {', '.join(lock.platforms)}",
            how=f"name one of these, or run `reprocheck lock -p {absent[0]}`",
        )


def _environment(subject: Subject, lock: Lock | Unseen) -> EnvironmentFile | Unseen:
    """Return the named environment file; for a lock alone, the first file that it was made from.

    Requirements files that it names stand in the place of their lines, so that the rules see what pip will see.
    """
    if subject.environment is not None and subject.draft is not None:
        draft = parse_environment(subject.draft, subject.environment.as_posix())
        return with_requirements(draft, subject.environment)
    if subject.environment is not None:
        return with_requirements(read_source(subject.environment), subject.environment)
    source = None if isinstance(lock, Unseen) else first_source(lock)
    if source is None:
        return Unseen(reason=f"there is no environment.yml beside {subject.lock.as_posix()}", absent=True)
    try:
        return with_requirements(read_source(source), source)
    except ReprocheckError as error:
        return Unseen(reason=f"{source.as_posix()}, a source of the lock, is not understood: {error.what}")


def _lock(subject: Subject) -> Lock | Unseen:
    path = subject.lock
    if not path.exists():
        return Unseen(reason=f"there is no {path.as_posix()}; `reprocheck lock` writes it", absent=True)
    lock = _read_lock(path, subject.pixi_environment)
    if _is_of_another_file(lock, subject):
        sources = ", ".join(f"`{source}`" for source in lock.sources)
        return Unseen(reason=f"{path.as_posix()} was made from {sources}; name another with `--lockfile`")
    return lock


def _read_lock(path: Path, pixi_environment: str | None) -> Lock:
    if path.name != PIXI_LOCK:
        return read_lock(path)
    # Imported where it is needed: most locks are conda-lock's.
    from reprocheck.readers.locks import read_any_lock

    return read_any_lock(path, *filter(None, (pixi_environment,)))


def _is_of_another_file(lock: Lock, subject: Subject) -> bool:
    """Say whether the lock beside an unusually named environment was made from other files (a dev environment, say)."""
    environment = subject.environment
    if environment is None or subject.lock_is_named or environment.name in DEFAULT_ENVIRONMENTS or not lock.sources:
        return False
    made_from = {(subject.lock.parent / source).resolve() for source in lock.sources}
    return environment.resolve() not in made_from


def _freshness(
    subject: Subject, environment: EnvironmentFile | Unseen, lock: Lock | Unseen, settings: Settings, names: NameMap
) -> Freshness | Unseen:
    if isinstance(environment, Unseen):
        return environment
    if isinstance(lock, Unseen):
        return lock
    sources, every_source = merged_sources(environment, lock)
    folders = {subject.lock.parent, Path(environment.path).parent}
    asked = Asked(
        platforms=settings.platforms,
        channels=settings.channels,
        cuda=check_cuda(settings.cuda, "`cuda` of the configuration") if settings.cuda else None,
        exclude_newer=settings.exclude_newer,
        every_source=every_source,
        machines=tuple(described_machines(*sorted(folders))),
        names=names,
    )
    judged = judge_freshness(sources, lock, asked)
    several = every_source and len(lock.sources) > 1
    return replace(judged, sources=source_paths(environment, lock)) if several else judged


def sources_of(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return the lines of the environment file, and of the requirements files that it names, by their paths.

    Credentials never reach a report.
    """
    environment = facts.environment
    if isinstance(environment, Unseen):
        return {}
    others = {item.location.path for item in environment.pip} - {environment.path}
    found = {environment.path: tuple(map(public_line, environment.lines))}
    for path in sorted(others):
        # Imported where it is needed: few files name requirements files.
        from reprocheck.readers.requirements_txt import lines_of_file

        found[path] = tuple(map(public_line, lines_of_file(Path(path))))
    return found
