"""What `check` and `audit` do with a request: look, or mend first, or show what mending would change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reprocheck.cli.audit_output import exit_code, print_audit
from reprocheck.cli.console import deliver, note
from reprocheck.cli.options import AuditChoices, make_selection, per_file_ignores, settings_here
from reprocheck.errors import UsageError
from reprocheck.workflows.check import CheckOutcome, CheckRequest, find_subjects, run_check

if TYPE_CHECKING:
    # For annotations only: most projects have no baseline.
    from reprocheck.model.baselines import Known

_MOST_NAMED = 5


def make_request(files: tuple[Path, ...], choices: AuditChoices) -> CheckRequest:
    """Merge options over configuration into what both commands ask for; its settings are the merged ones.

    Raises:
        UsageError, InputError: the configuration cannot be read, or an option or key names no rule.
    """
    settings = settings_here()
    settings = replace(
        settings,
        name_map=choices.name_map.as_posix() if choices.name_map else settings.name_map,
        baseline=choices.baseline.as_posix() if choices.baseline else settings.baseline,
        min_severity=choices.min_severity or settings.min_severity,
        per_file_ignores=per_file_ignores(choices, settings),
    )
    return CheckRequest(
        folder=Path(),
        files=files or tuple(Path(name) for name in settings.files),
        lockfile=choices.lockfile or (Path(settings.lockfile) if settings.lockfile else None),
        pixi_environment=choices.environment,
        selection=make_selection(choices, settings),
        settings=settings,
        expects_gpu=choices.expect_gpu,
        baseline=Path(settings.baseline) if settings.baseline and not choices.write_baseline else None,
    )


def run_and_print(request: CheckRequest, choices: AuditChoices) -> int:
    """Look, print the report and return the exit code; before it mend, behind it tell what the baseline has outgrown.

    Raises:
        UsageError: options that exclude each other.
        InputError, UndecidedError: what was named cannot be read, or not be written.
    """
    refuse_contradictions(choices)
    if choices.output or choices.write_baseline:
        _refuse_outputs(request, choices)
    if choices.diff:
        return _print_diff(request, choices)
    outcome = _mended(request, choices) if choices.fix else run_check(request)
    if choices.write_baseline:
        outcome = _written_down(outcome, choices.write_baseline)
    code = print_audit(outcome, request, choices)
    if outcome.outgrown and request.baseline and not choices.quiet:
        note(_told(outcome.outgrown, request.baseline))
    return code


def refuse_contradictions(choices: AuditChoices) -> None:
    """Refuse options that exclude each other.

    Raises:
        UsageError: they do.
    """
    if choices.unsafe_fixes and not (choices.fix or choices.diff):
        raise UsageError(
            "`--unsafe-fixes` without `--fix` or `--diff`",
            why="it says which mends are meant, not what to do with them",
            how="add `--diff` to see them, `--fix` to make them",
        )
    if choices.diff and (choices.write_baseline or choices.format_name):
        other = "--write-baseline" if choices.write_baseline else "--output-format"
        raise UsageError(
            f"`--diff` beside `{other}`",
            why="`--diff` prints a diff in the place of the report, and writes nothing",
            how="run it twice",
        )


def _refuse_outputs(request: CheckRequest, choices: AuditChoices) -> None:
    """Refuse, before anything is mended, what cannot be written, and what would take the place of an input."""
    # Imported where it is needed: most reports go to stdout, and it takes 4 ms to load.
    from reprocheck.atomic_write import require_writable

    subjects = find_subjects(request)
    inputs = {path.resolve() for one in subjects for path in (one.environment, one.lock, choices.name_map) if path}
    baselines = {path.resolve() for path in (request.baseline, choices.write_baseline) if path}
    named = (("--output", choices.output, inputs | baselines), ("--write-baseline", choices.write_baseline, inputs))
    for option, path, taken in named:
        if path is None:
            continue
        if path.resolve() in taken:
            raise UsageError(
                f"`{option} {path.as_posix()}` would overwrite a file of this run",
                why="it is an environment file, a lock, a name map or a baseline",
                how="name another file",
            )
        require_writable(path)


def _mended(request: CheckRequest, choices: AuditChoices) -> CheckOutcome:
    # Imported where they are needed: `check` looks, and mends when it is asked to.
    from reprocheck.workflows.fixing import plan_mends, write_changes

    plan = plan_mends(request, unsafe=choices.unsafe_fixes)
    write_changes(plan.changes)
    for line in plan.notes:
        note(line)
    outcome = run_check(request)
    return replace(outcome, audit=replace(outcome.audit, fixed=plan.fixed))


def _print_diff(request: CheckRequest, choices: AuditChoices) -> int:
    # Imported where they are needed, as above.
    from reprocheck.reports.unified_diff import unified_diff
    from reprocheck.workflows.fixing import plan_mends

    plan = plan_mends(request, unsafe=choices.unsafe_fixes)
    text = "".join(unified_diff(path.as_posix(), before, after) for path, before, after in plan.changes)
    if text or choices.output is not None:
        deliver(text, choices.output)
    if not choices.quiet:
        for line in (*plan.notes, f"note: {plan.fixed} would be fixed"):
            note(line)
    return exit_code(run_check(request).audit, request, choices)


def _written_down(outcome: CheckOutcome, path: Path) -> CheckOutcome:
    """Write the baseline, and judge this run by it."""
    # Imported where they are needed: most projects have no baseline.
    from reprocheck.atomic_write import write_whole
    from reprocheck.workflows.baseline import format_baseline, known_alone

    write_whole(path, format_baseline(outcome.audit.findings, path, outcome.prefix))
    return replace(outcome, audit=known_alone(outcome.audit))


def _told(outgrown: tuple[Known, ...], baseline: Path) -> str:
    keys = [one.key for one in outgrown[:_MOST_NAMED]]
    names = [" ".join(filter(None, (key.code, key.package, key.platform, "in", key.path))) for key in keys]
    more = f" and {len(outgrown) - _MOST_NAMED} more" if len(outgrown) > _MOST_NAMED else ""
    path = baseline.as_posix()
    return f"note: `{path}` knows what no longer occurs: {', '.join(names)}{more}; `--write-baseline {path}` lets it go"
