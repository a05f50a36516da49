"""`reprocheck doctor`: is this machine ready to train?"""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, progress, terminal_width, wants_color
from reprocheck.cli.folder_option import FOLDER
from reprocheck.cli.option_types import PYTHON, Seconds
from reprocheck.cli.options import settings_here
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED
from reprocheck.model.doctors import PRECISIONS, QUESTIONS, Checkup
from reprocheck.reports.doctor_json import render_doctor_json
from reprocheck.reports.doctor_text import render_doctor
from reprocheck.workflows.doctor import TIMEOUT_S, DoctorRequest, examine

_NAMES = [question.name for question in QUESTIONS]
_WIDTH = 80  # of text that goes to a file or a pipe: the same on every machine
_LONGEST_S = 3600.0
_SECONDS = Seconds(min=1.0, max=_LONGEST_S)
_SKIP_HELP = "Leave a question out, by its name in --json: `fp8` for example."
_PRECISION_HELP = "What the training computes in: fail where the GPU lacks it."
_TIMEOUT_HELP = f"How long everything may take in all.  [default: {TIMEOUT_S:g}]"


@click.command()
@click.option("--python", type=PYTHON, help="The Python to ask.  [default: the running one]")
@click.option("-p", "--prefix", type=FOLDER, help="Ask the Python of the environment here.")
@click.option("-n", "--name", help="Ask the Python of the environment of this name.")
@click.option("--cpu", is_flag=True, help="A machine for CPU training: do not ask about GPUs.")
@click.option("--precision", multiple=True, type=click.Choice(PRECISIONS), help=_PRECISION_HELP)
@click.option("--skip", multiple=True, type=click.Choice(_NAMES), metavar="QUESTION", help=_SKIP_HELP)
@click.option("--timeout", "timeout_s", type=_SECONDS, default=TIMEOUT_S, metavar="SECONDS", help=_TIMEOUT_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print a document in the place of the table.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
@click.option("--no-progress", is_flag=True, help="Show no progress line.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when all is well.")
@click.option("-v", "--verbose", is_flag=True, help="Tell what was measured; say more about errors.")
def command(
    *,
    python: Path | None,
    prefix: Path | None,
    name: str | None,
    cpu: bool,
    precision: tuple[str, ...],
    skip: tuple[str, ...],
    timeout_s: float,
    as_json: bool,
    output: Path | None,
    color: str,
    no_progress: bool,
    quiet: bool,
    verbose: bool,
) -> int:  # click hands every option over by name
    """Ask whether this machine is ready to train, one line a question: ok, not, or unknown, and what to do.

    Every question is tried, in a process of its own: a driver that hangs or a library that crashes costs its own line
    only. The exit code is 1 where something does not work, else 3 where something could not be asked, else 0. That this
    generation of GPUs lacks a precision counts where the training computes in it: --precision, or the configuration.
    """
    request = DoctorRequest(python=python, prefix=prefix, name=name, cpu=cpu, skipped=skip, timeout_s=timeout_s)
    with progress("trying driver, torch and two processes that sum", enabled=not (no_progress or quiet)):
        checkup = examine(request)
    code = _exit_code(checkup, precision or settings_here().precision)
    if quiet and code == EXIT_CLEAN:
        return code
    to_file = output is not None
    if as_json:
        deliver(render_doctor_json(checkup), output)
        return code
    width, colored = terminal_width(to_file=to_file) or _WIDTH, wants_color(color, to_file=to_file)
    deliver(render_doctor(checkup, width=width, color=colored, verbose=verbose), output)
    return code


def _exit_code(checkup: Checkup, precisions: tuple[str, ...]) -> int:
    if checkup.fails_for(precisions):
        return EXIT_FINDINGS
    return EXIT_UNDECIDED if checkup.count("unknown") else EXIT_CLEAN
