"""`reprocheck verify`: run the reference again and say whether the bits came again."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click

from reprocheck import __version__
from reprocheck.atomic_write import require_writable
from reprocheck.cli.behind_dashes import WithCommand, refuse_options, tell_beside
from reprocheck.cli.console import deliver, progress, wants_color
from reprocheck.cli.option_types import COMMAND_SECONDS, PYTHON
from reprocheck.errors import UsageError
from reprocheck.model.json_documents import dump_document
from reprocheck.model.predictions import Prediction, prediction_document
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.drills import parse_drills
from reprocheck.numerics.world_sizes import WORLD_SIZES
from reprocheck.reports.prediction_text import render_prediction
from reprocheck.reports.verdict_registry import VERDICT_FORMATS, verdict_format
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.workflows.verify import VerifyRequest, predict_rerun, verify
from reprocheck.workflows.verify_command import VerifyCommandRequest, verify_command

FORMATS = [module.NAME for module in VERDICT_FORMATS]
OF_PREDICTIONS = ("full", "json")
_OF_WORKLOADS = ("device", "threads", "workloads", "drills", "predict", "world_size")


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
@click.option(
    "--world-size",
    type=click.Choice([str(size) for size in WORLD_SIZES]),
    help="Repeat the transformers on so many ranks, and judge them by their envelopes.  [default: as recorded]",
)
@click.option("--predict", is_flag=True, help="Rerun nothing: replay the recorded operations on hashed inputs.")
@click.option("--output-format", "format_name", type=click.Choice(FORMATS), default="full", show_default=True)
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
    world_size: str | None,
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
    _refuse_format(format_name, predict=predict)
    paint = format_name == "full" and wants_color(color, to_file=output is not None)
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
            world_size=int(world_size) if world_size else None,
            drills=parse_drills(drills),
        )
        with progress("verifying") as shown:
            outcome = predict_rerun(request, shown.step) if predict else verify(request, shown.step)
    deliver(_rendered(outcome, format_name, path, color=paint), output)
    return outcome.exit_code


def _rendered(outcome: Verdict | Prediction, format_name: str, path: Path, *, color: bool) -> str:
    if isinstance(outcome, Prediction):
        return _prediction(outcome, format_name, color=color)
    report = VerdictReport(verdict=outcome, path=path.as_posix(), tool_version=__version__, color=color)
    return verdict_format(format_name).render(report)


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
    return verify_command(request, tell_beside)


def _refuse_format(format_name: str, *, predict: bool) -> None:
    """Refuse a prediction in a format that is for verdicts.

    Raises:
        UsageError: a prediction was asked for in another format than `full` and `json`.
    """
    if predict and format_name not in OF_PREDICTIONS:
        raise UsageError(
            f"a prediction is not told as `{format_name}`",
            where="--output-format",
            why="it is no verdict: nothing was run",
            how="leave out `--predict`, or take `full` or `json`",
        )


def _prediction(outcome: Prediction, format_name: str, *, color: bool) -> str:
    if format_name == "json":
        return dump_document(prediction_document(outcome))
    return render_prediction(outcome, color=color)
