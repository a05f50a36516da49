"""`reprocheck explain`: a rule's page."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver
from reprocheck.errors import EXIT_CLEAN, UsageError
from reprocheck.workflows.explain import explain, explain_all, rule_list

_FORMATS = ["text", "markdown", "json"]


@click.command()
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="Print the pages of all rules.")
@click.option("--output-format", "format_name", type=click.Choice(_FORMATS), help="[default: text]")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def command(*, code: str | None, everything: bool, format_name: str | None, output: Path | None) -> int:
    """Print the page of a rule; without CODE, the list of rules."""
    if code and everything:
        raise UsageError(f"`{code}` beside `--all`", why="all pages hold that of the rule", how="leave out one of them")
    if format_name and not code and not everything:
        raise UsageError("`--output-format` without a page", why="the list of rules is plain text", how="add `--all`")
    told = format_name or "text"
    page = explain(code, told) if code else explain_all(told) if everything else rule_list()
    deliver(page, output)
    return EXIT_CLEAN
