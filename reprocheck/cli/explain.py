"""`reprocheck explain`: a rule's page."""

from __future__ import annotations

import click

from reprocheck.cli.console import deliver
from reprocheck.errors import EXIT_CLEAN
from reprocheck.workflows.explain import explain, rule_list


@click.command()
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Print the page of a rule; without CODE, the list of rules."""
    deliver(explain(code) if code else rule_list(), None)
    return EXIT_CLEAN
