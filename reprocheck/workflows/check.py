"""`check` and `audit`: find the files, gather the facts, run the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reprocheck.errors import InputError, UsageError
from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Audit
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, DEFAULT_LOCK, Settings
from reprocheck.readers.lock_names import PIXI_LOCK, is_lock_name, usual_lock
from reprocheck.rules.engine import Selection, merge_audits, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.late_rule import code_of
from reprocheck.rules.registry import RULES
from reprocheck.workflows.gathering import Subject, gather, sources_of
from reprocheck.workflows.lock_origin import environment_beside

if TYPE_CHECKING:
    # For annotations only: `check` looks at no machine, and each dataclass takes half a millisecond to make.
    from reprocheck.model.baselines import Known
    from reprocheck.model.machines import NodeStack, TargetMachine
    from reprocheck.model.numeric_switches import SwitchesInForce
    from reprocheck.workflows.installed import Installed

_YAML = {".yml", ".yaml"}
NO_PRECISION = Unseen(reason="nobody said in which precision the training computes; `--precision` does", asked=False)
NO_FILES = Unseen(
    reason="no environment.yml or conda-lock.yml is here, so what should be installed is not known",
    absent=True,
    asked=False,
)
NO_MACHINE = Unseen(reason="`check` looks at no machine; `reprocheck audit` does", asked=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What to check.

    `files` are environment files or locks as given; empty means the usual names in `folder`. `lockfile`
    overrides the lock beside each environment; of a pixi.lock `pixi_environment` is looked at. `expects_gpu` says
    that a GPU is meant. `installed` looks into the environment that was made from the lock: once all that can be wrong
    with the request is known not to be. `baseline` holds findings that are known. `drafts` are read in the place of
    environment files.
    """

    folder: Path
    files: tuple[Path, ...] = ()
    lockfile: Path | None = None
    pixi_environment: str | None = None
    selection: Selection = field(default_factory=Selection)
    machine: TargetMachine | Unseen = NO_MACHINE
    platforms: tuple[str, ...] = ()
    nodes: tuple[NodeStack, ...] | Unseen = NO_MACHINE
    switches: SwitchesInForce | Unseen = NO_MACHINE
    expects_gpu: bool = False
    installed: Callable[[], Installed] | Unseen = NO_MACHINE
    settings: Settings = field(default_factory=Settings)
    baseline: Path | None = None
    drafts: Mapping[Path, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """The audit, the source lines that its excerpts need, and what the baseline knows and nobody found again.

    `prefix` is the path of the installed environment that was looked into.
    """

    audit: Audit
    sources: dict[str, tuple[str, ...]]
    prefix: str | None = None
    outgrown: tuple[Known, ...] = ()


def run_check(request: CheckRequest) -> CheckOutcome:
    """Run the selected rules over every environment of the request.

    Raises:
        InputError: no environment file is there, or one is broken, or the baseline is.
        UsageError: a platform that nobody knows; its rules would look at nothing and pass.
    """
    if request.platforms:
        # Imported where it is needed: `check` looks at every platform.
        from reprocheck.locking.platforms import check_platform

        for name in request.platforms:
            check_platform(name, "--platform")
    audits: list[Audit] = []
    sources: dict[str, tuple[str, ...]] = {}
    subjects = find_subjects(request)
    _refuse_several(subjects, request)
    for subject in subjects:
        facts = _asked(
            request, gather(_drafted(subject, request), request.machine, request.platforms, request.settings)
        )
        audits.append(_judged(facts, request))
        sources.update(sources_of(facts))
    audit = _for_these_files(merge_audits(_told_once(subjects, audits)), request.settings)
    prefix = None if isinstance(request.installed, Unseen) else request.installed().prefix.path
    return _beside_baseline(CheckOutcome(audit=audit, sources=sources, prefix=prefix), request, subjects)


def _refuse_several(subjects: Sequence[Subject], request: CheckRequest) -> None:
    """An installed environment was made from one lock; beside another everything in it would be drift."""
    locks = {subject.lock for subject in subjects}
    if len(locks) > 1 and not isinstance(request.installed, Unseen):
        raise UsageError(
            "one installed environment beside several locks",
            where="--prefix",
            why=f"the files belong to {', '.join(sorted(f'`{lock.as_posix()}`' for lock in locks))}",
            how="name the environment file or the lock that it was made from",
        )


def _judged(facts: Facts, request: CheckRequest) -> Audit:
    if isinstance(request.installed, Unseen):
        facts = replace(facts, prefix=request.installed, inspection=request.installed)
        return run_rules(facts, RULES, request.selection)
    # Imported where they are needed: `check` looks into no installed environment.
    from reprocheck.workflows.installed import installed_findings, truly_skipped, with_installed, without_told

    facts = with_installed(_nothing_meant(facts, request), request.installed())
    beside = installed_findings(facts, request.selection)
    audit = run_rules(without_told(facts, beside), RULES, request.selection, beside)
    return replace(audit, skipped=truly_skipped(audit.skipped, facts, request.selection))


def _nothing_meant(facts: Facts, request: CheckRequest) -> Facts:
    """Return the facts with one reason for all that was not seen, where only an installed environment was named."""
    files = (facts.environment, facts.lock)
    if request.files or request.lockfile or not all(isinstance(part, Unseen) and part.absent for part in files):
        return facts
    return replace(facts, environment=NO_FILES, lock=NO_FILES, freshness=NO_FILES)


def _told_once(subjects: Sequence[Subject], audits: Sequence[Audit]) -> Iterable[Audit]:
    locks = [subject.lock for subject in subjects]
    if len(set(locks)) == len(locks):
        return audits
    # Imported where it is needed: few locks are made from several files.
    from reprocheck.workflows.shared_lock import told_once

    return told_once(list(zip(locks, audits, strict=True)))


def _drafted(subject: Subject, request: CheckRequest) -> Subject:
    path = subject.environment
    draft = None if path is None else request.drafts.get(path)
    return replace(subject, draft=draft, pixi_environment=request.pixi_environment)


def _for_these_files(audit: Audit, settings: Settings) -> Audit:
    if not settings.per_file_ignores:
        return audit
    # Imported where it is needed: few projects leave out rules for some files.
    from reprocheck.workflows.per_file_ignores import without_ignored

    return without_ignored(audit, settings.per_file_ignores)


def _beside_baseline(outcome: CheckOutcome, request: CheckRequest, subjects: Sequence[Subject]) -> CheckOutcome:
    if request.baseline is None:
        return outcome
    # Imported where they are needed: most projects have no baseline.
    from reprocheck.readers.baseline_json import read_baseline
    from reprocheck.workflows.baseline import Scope, outgrown, set_apart

    known, blind = read_baseline(request.baseline), {skip.code for skip in outcome.audit.skipped}
    codes = (code_of(rule) for rule in RULES)
    scope = Scope(
        codes=frozenset(code for code in codes if code not in blind and request.selection.includes(code)),
        paths=frozenset(path.as_posix() for one in subjects for path in (one.environment, one.lock) if path),
        platforms=request.platforms,
        inside=not isinstance(request.installed, Unseen) and not request.installed().inspection.fast,
    )
    return replace(
        outcome,
        audit=set_apart(outcome.audit, known, request.baseline, outcome.prefix),
        outgrown=outgrown(outcome.audit, known, request.baseline, scope, outcome.prefix),
    )


def _asked(request: CheckRequest, facts: Facts) -> Facts:
    """Return the facts with what only the user can know: the precision of the training, the other nodes, the GPU.

    And with the switches of the Python that the request is about.
    """
    precision = request.settings.precision or NO_PRECISION
    return replace(
        facts, precision=precision, nodes=request.nodes, expects_gpu=request.expects_gpu, switches=request.switches
    )


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
    is_installed = not isinstance(request.installed, Unseen)
    usual = usual_lock(request.folder) if is_installed else request.folder / DEFAULT_LOCK
    lock = request.lockfile or usual
    if lock.is_file() or is_installed:
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
    return Subject(environment=environment_beside(path), lock=path)


def _is_subject(path: Path) -> bool:
    return path.suffix in _YAML or path.name in (PIXI_LOCK, "pyproject.toml")
