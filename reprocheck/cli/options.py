"""Options that several commands share, spelled once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from reprocheck.cli.option_packs import packed_as
from reprocheck.errors import UsageError
from reprocheck.model.findings import Severity
from reprocheck.model.settings import Settings
from reprocheck.readers.configuration import read_settings
from reprocheck.reports.registry import AUDIT_FORMATS
from reprocheck.rules.engine import Selection
from reprocheck.rules.registry import RULES

_COLORS = ["auto", "always", "never"]
_SEVERITIES = [severity.value for severity in Severity]
_FORMATS = [module.NAME for module in AUDIT_FORMATS]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChoices:
    """The options that `check` and `audit` share, as click read them."""

    lockfile: Path | None
    format_name: str | None
    output: Path | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    min_severity: str | None
    strict: bool
    exit_zero: bool
    color: str
    quiet: bool
    verbose: bool


_AUDIT_OPTIONS = (
    click.option("--lockfile", type=click.Path(path_type=Path), help="The lock.  [default: conda-lock.yml beside it]"),
    click.option("--output-format", "format_name", type=click.Choice(_FORMATS), help="[default: full]"),
    click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file."),
    click.option("--select", multiple=True, metavar="CODE", help="Run these rules only, by code or prefix."),
    click.option("--ignore", multiple=True, metavar="CODE", help="Leave out rules, by code or prefix."),
    click.option("--min-severity", type=click.Choice(_SEVERITIES), help="The mildest that fails.  [default: warning]"),
    click.option("--strict", is_flag=True, help="Fail when a rule had to be skipped, too."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
    click.option("--color", type=click.Choice(_COLORS), default="auto", help="[default: auto; NO_COLOR is honoured]"),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing when all is well."),
    click.option("-v", "--verbose", is_flag=True, help="Say more, also about errors."),
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
    codes = [module.RULE.code for module in RULES]
    chosen = Selection(
        select=_split(choices.select) or settings.select, ignore=_split(choices.ignore) or settings.ignore
    )
    for entry in (*chosen.select, *chosen.ignore):
        if not any(code.startswith(entry) for code in codes):
            raise UsageError(
                f"`{entry}` matches no rule",
                where="--select or --ignore",
                why=f"rules are {codes[0]} to {codes[-1]}; a prefix such as `RC3` takes a family",
                how="see `reprocheck explain` for the list",
            )
    return chosen


def _split(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for entry in entries for part in entry.split(",") if part.strip())
