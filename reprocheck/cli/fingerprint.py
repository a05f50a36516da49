"""`reprocheck fingerprint`: describe this machine and the audited Python."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, note, progress
from reprocheck.errors import EXIT_CLEAN
from reprocheck.model.json_documents import dump_document
from reprocheck.reports.fingerprint_text import render_fingerprint
from reprocheck.workflows.fingerprint import collect_fingerprint


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the fingerprint, as JSON, to a file."
)
@click.option("--python", type=click.Path(path_type=Path), help="The Python to look into.  [default: the running one]")
@click.option(
    "--output-format", "format_name", type=click.Choice(["full", "json"]), default="full", help="[default: full]"
)
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Say more about errors.")
def command(output: Path | None, python: Path | None, format_name: str) -> int:
    """Describe this machine and a Python environment as far as they decide numbers.

    Names no host, user, path or serial number; of the environment variables only those that change numbers.
    What could not be read says why. The same environment gives the same bytes.
    """
    with progress("looking at this machine, its driver and its torch"):
        document = collect_fingerprint(python)
    text = dump_document(document)
    if output is not None:
        deliver(text, output)
        note(f"wrote {output}")
    deliver(text if format_name == "json" else render_fingerprint(document), None)
    return EXIT_CLEAN
