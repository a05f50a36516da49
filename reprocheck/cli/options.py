"""Options that several commands share, spelled once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reprocheck.cli.option_packs import packed_as
from reprocheck.errors import UsageError
from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Severity
from reprocheck.model.settings import Settings
from reprocheck.readers.configuration import read_settings
from reprocheck.readers.per_file_ignores import PerFileIgnores, read_per_file_ignores
from reprocheck.reports.registry import AUDIT_FORMATS
from reprocheck.rules.engine import Selection
from reprocheck.rules.late_rule import code_of
from reprocheck.rules.registry import RULES

_COLORS = ["auto", "always", "never"]
_SEVERITIES = [severity.value for severity in Severity]
_FORMATS = list(AUDIT_FORMATS)
_FILE = click.Path(path_type=Path, dir_okay=False)
_PER_FILE_HELP = "Leave out a rule for some files, from this folder: `legacy/**:RC107`."


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChoices:
    """The options that `check` and `audit` share, as click read them."""

    lockfile: Path | None
    environment: str | None
    name_map: Path | None
    expect_gpu: bool
    format_name: str | None
    output: Path | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    per_file_ignores: tuple[str, ...]
    min_severity: str | None
    fix: bool
    unsafe_fixes: bool
    diff: bool
    baseline: Path | None
    write_baseline: Path | None
    statistics: bool
    strict: bool
    exit_zero: bool
    color: str
    quiet: bool
    verbose: bool


_AUDIT_OPTIONS = (
    click.option("--lockfile", type=click.Path(path_type=Path), help="The lock.  [default: conda-lock.yml beside it]"),
    click.option("--environment", metavar="NAME", help="This environment of a pixi.lock.  [default: default]"),
    click.option("--name-map", type=_FILE, help="Pairs `conda-name: pypi-name` that go before the packaged ones."),
    click.option("--expect-gpu", is_flag=True, help="A GPU is meant: object to every build without CUDA."),
    click.option("--output-format", "format_name", type=click.Choice(_FORMATS), help="[default: full]"),
    click.option("-o", "--output", type=_FILE, help="Write the report to a file."),
    click.option("--select", multiple=True, metavar="CODE", help="Run these rules only, by code or prefix."),
    click.option("--ignore", multiple=True, metavar="CODE", help="Leave out rules, by code or prefix."),
    click.option("--per-file-ignore", "per_file_ignores", multiple=True, metavar="GLOB:CODE", help=_PER_FILE_HELP),
    click.option("--min-severity", type=click.Choice(_SEVERITIES), help="The mildest that fails.  [default: warning]"),
    click.option("--fix", is_flag=True, help="Mend the environment files where that changes nothing that was meant."),
    click.option("--unsafe-fixes", is_flag=True, help="Mend also where that changes what is installed."),
    click.option("--diff", is_flag=True, help="Print what --fix would change; write nothing."),
    click.option("--baseline", type=_FILE, help="Findings that are known: they are counted, and do not fail."),
    click.option("--write-baseline", type=_FILE, metavar="FILE", help="Write what is found to a baseline."),
    click.option("--statistics", is_flag=True, help="Count the findings of each rule."),
    click.option("--strict", is_flag=True, help="Fail on skipped rules and on comments that allow nothing, too."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
    click.option("--color", type=click.Choice(_COLORS), default="auto", help="[default: auto; NO_COLOR is honoured]"),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing when all is well."),
    click.option("-v", "--verbose", is_flag=True, help="Name every skipped rule; say more about errors."),
)

audit_options = packed_as(AuditChoices, _AUDIT_OPTIONS)  # hands them over together as `choices`


def settings_here() -> Settings:
    """Return the configuration for the current folder."""
    return read_settings(Path.cwd(), os.environ)


def make_selection(choices: AuditChoices, settings: Settings) -> Selection:
    """Merge options over configuration.

    Raises:
        UsageError: an entry matches no rule.
    """
    chosen = Selection(
        select=_split(choices.select) or settings.select, ignore=_split(choices.ignore) or settings.ignore
    )
    for entry in (*chosen.select, *chosen.ignore):
        _refuse_unknown(entry, "--select or --ignore")
    return chosen


def per_file_ignores(choices: AuditChoices, settings: Settings) -> PerFileIgnores:
    """Merge options over configuration.

    Raises:
        UsageError: an option that is no pair, or an entry that matches no rule.
    """
    told = read_per_file_ignores(choices.per_file_ignores, "--per-file-ignore")
    chosen = told or settings.per_file_ignores
    for entry in (code for _, codes in chosen for code in codes):
        _refuse_unknown(entry, "--per-file-ignore" if told else "per-file-ignores")
    return chosen


def _refuse_unknown(entry: str, where: str) -> None:
    codes = [code_of(rule) for rule in RULES]
    if any(code.startswith(entry) for code in codes):
        return
    # Imported where it is needed: only a misspelt code asks for it.
    from reprocheck.rules.near_codes import near_code

    near = near_code(entry, codes)
    raise UsageError(
        f"`{entry}` matches no rule",
        where=where,
        why=f"rules are {codes[0]} to {codes[-1]}; a prefix such as `RC3` takes a family",
        how=f"did you mean `{near}`?" if near else "see `reprocheck explain` for the list",
    )


def _split(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for entry in entries for part in entry.split(",") if part.strip())
