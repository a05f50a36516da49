"""`reprocheck verify`: run the reference again and say whether the bits came again."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from reprocheck.atomic_write import require_writable
from reprocheck.cli.behind_dashes import WithCommand, refuse_options
from reprocheck.cli.console import deliver, note, progress, wants_color
from reprocheck.cli.option_types import COMMAND_SECONDS, PYTHON
from reprocheck.model.json_documents import Json, dump_document
from reprocheck.model.predictions import Prediction, prediction_document
from reprocheck.model.verdicts import Verdict, verdict_document
from reprocheck.numerics.drills import parse_drills
from reprocheck.reports.prediction_text import render_prediction
from reprocheck.reports.verdict_text import render_verdict
from reprocheck.workflows.verify import VerifyRequest, predict_rerun, verify
from reprocheck.workflows.verify_command import VerifyCommandRequest, verify_command

_OF_WORKLOADS = ("device", "threads", "workloads", "drills", "predict")


@click.command(cls=WithCommand)
@click.argument("path", metavar="[RECORD]", type=click.Path(path_type=Path), default=Path("reprocheck.json"))
@click.option("--python", type=PYTHON, help="The audited Python.  [default: the running one; of a command: its own]")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="[default: the record's]")
@click.option("--threads", type=click.IntRange(1, 1024), help="In a rank.  [default: the record's]")
@click.option(
    "--workload", "workloads", multiple=True, metavar="NAME", help="Repeat this recorded run only.  [default: all]"
)
@click.option(
    "--drill",
    "drills",
    multiple=True,
    metavar="KEY=VALUE",
    help="Fire drill: plant a fault in the rerun and see it caught. seed=N; lr=FACTOR; threads=N; "
    "drop-sync=STEP leaves out one all-reduce.",
)
@click.option("--quick", is_flag=True, help="Repeat the first 20 steps of each run.")
@click.option("--predict", is_flag=True, help="Rerun nothing: replay the recorded operations on hashed inputs.")
@click.option("--output-format", "format_name", type=click.Choice(["full", "json"]), default="full", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the verdict to a file.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--timeout", "timeout_s", type=COMMAND_SECONDS, metavar="SECONDS", help="Of a command.  [default: none]")
@click.option("-v", "--verbose", is_flag=True, help="Say more about errors.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    words: tuple[str, ...],
    path: Path,
    python: Path | None,
    device: str | None,
    threads: int | None,
    workloads: tuple[str, ...],
    drills: tuple[str, ...],
    quick: bool,
    predict: bool,
    format_name: str,
    output: Path | None,
    color: str,
    timeout_s: float | None,  # noqa: ARG001 -- read where a command is run
    verbose: bool,  # noqa: ARG001 -- read where errors are told
) -> int:
    """Run the record's workloads again, as recorded, and compare every bit.

    RECORD is what `reprocheck record` wrote, by default `reprocheck.json`. Exit code 0: bitwise equal;
    1: not reproduced, with the first step, rank and tensor that differ; 3: could not decide.
    With `--predict` these codes say what a rerun would give: 0 the recorded bits, 1 other bits, 3 nobody can tell.

    A record of your own training is held against the command behind `--`, as in `reprocheck verify -- python train.py`.
    """
    if output is not None:
        require_writable(output)
    is_json, paint = format_name == "json", format_name == "full" and wants_color(color, to_file=output is not None)
    if words:
        outcome: Verdict | Prediction = _of_command(ctx, words)
    else:
        refuse_options(ctx, ("timeout_s",), "it is for a command", "leave it out, or write the command behind `--`")
        request = VerifyRequest(
            path=path,
            python=python or Path(sys.executable),
            device=device,
            threads=threads,
            workloads=workloads,
            quick=quick,
            drills=parse_drills(drills),
        )
        with progress("verifying") as shown:
            outcome = predict_rerun(request, shown.step) if predict else verify(request, shown.step)
    text = dump_document(_document(outcome)) if is_json else _text(outcome, color=paint)
    deliver(text, output)
    return outcome.exit_code


def _of_command(ctx: click.Context, words: tuple[str, ...]) -> Verdict:
    """Run the command behind the options; no progress is shown, for the terminal is its own meanwhile."""
    refuse_options(ctx, _OF_WORKLOADS, "a command chooses that itself", "leave it out, or leave the command out")
    given = ctx.params
    request = VerifyCommandRequest(
        path=given["path"],
        words=words,
        python=given["python"],
        timeout_s=given["timeout_s"] or math.inf,
        quick=given["quick"],
    )
    return verify_command(request, note)


def _document(outcome: Verdict | Prediction) -> Mapping[str, Json]:
    return prediction_document(outcome) if isinstance(outcome, Prediction) else verdict_document(outcome)


def _text(outcome: Verdict | Prediction, *, color: bool) -> str:
    if isinstance(outcome, Prediction):
        return render_prediction(outcome, color=color)
    return render_verdict(outcome, color=color)
