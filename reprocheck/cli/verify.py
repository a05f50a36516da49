"""`reprocheck verify`: run the reference again and say whether the bits came again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from reprocheck.atomic_write import require_writable
from reprocheck.cli.console import deliver, progress, wants_color
from reprocheck.cli.option_types import PYTHON
from reprocheck.model.json_documents import Json, dump_document
from reprocheck.model.predictions import Prediction, prediction_document
from reprocheck.model.verdicts import Verdict, verdict_document
from reprocheck.numerics.drills import parse_drills
from reprocheck.reports.prediction_text import render_prediction
from reprocheck.reports.verdict_text import render_verdict
from reprocheck.workflows.verify import VerifyRequest, predict_rerun, verify


@click.command()
@click.argument("path", metavar="[RECORD]", type=click.Path(path_type=Path), default=Path("reprocheck.json"))
@click.option("--python", type=PYTHON, help="The audited Python.  [default: the running one]")
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
@click.option("-v", "--verbose", is_flag=True, help="Say more about errors.")
def command(
    *,
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
    verbose: bool,  # noqa: ARG001 -- read where errors are told
) -> int:
    """Run the record's workloads again, as recorded, and compare every bit.

    RECORD is what `reprocheck record` wrote, by default `reprocheck.json`. Exit code 0: bitwise equal;
    1: not reproduced, with the first step, rank and tensor that differ; 3: could not decide.
    With `--predict` these codes say what a rerun would give: 0 the recorded bits, 1 other bits, 3 nobody can tell.
    """
    request = VerifyRequest(
        path=path,
        python=python or Path(sys.executable),
        device=device,
        threads=threads,
        workloads=workloads,
        quick=quick,
        drills=parse_drills(drills),
    )
    if output is not None:
        require_writable(output)
    is_json, paint = format_name == "json", format_name == "full" and wants_color(color, to_file=output is not None)
    with progress("verifying") as shown:
        outcome = predict_rerun(request, shown.step) if predict else verify(request, shown.step)
    text = dump_document(_document(outcome)) if is_json else _text(outcome, color=paint)
    deliver(text, output)
    return outcome.exit_code


def _document(outcome: Verdict | Prediction) -> Mapping[str, Json]:
    return prediction_document(outcome) if isinstance(outcome, Prediction) else verdict_document(outcome)


def _text(outcome: Verdict | Prediction, *, color: bool) -> str:
    if isinstance(outcome, Prediction):
        return render_prediction(outcome, color=color)
    return render_verdict(outcome, color=color)
