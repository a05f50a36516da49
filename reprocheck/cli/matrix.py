"""`reprocheck matrix`: which drivers, GPUs and platforms can run a lock."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, terminal_width, wants_color
from reprocheck.errors import EXIT_CLEAN
from reprocheck.model.matrices import Matrix
from reprocheck.readers.lock_names import usual_lock
from reprocheck.readers.pixi_lock import DEFAULT_ENVIRONMENT
from reprocheck.reports import matrix_json, matrix_markdown, matrix_text
from reprocheck.workflows.matrix import MatrixRequest, make_matrix

_FORMATS = (matrix_text.NAME, matrix_json.NAME, matrix_markdown.NAME)
_WIDTH = 80  # of text that goes to a file or a pipe: the same on every machine


@click.command()
@click.option(
    "--lockfile", type=click.Path(path_type=Path), help="The lock.  [default: conda-lock.yml, else pixi.lock, here]"
)
@click.option("--platform", "platforms", multiple=True, help="Tell of this platform only.  [default: all]")
@click.option("--driver", "drivers", multiple=True, metavar="VERSION", help="A driver.  [default: every known branch]")
@click.option("--gpu", "gpus", multiple=True, metavar="SM|NAME", help="A GPU.  [default: every known architecture]")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, metavar="NAME", help="This environment of a pixi.lock.")
@click.option("--output-format", "format_name", type=click.Choice(_FORMATS), default="text", help="[default: text]")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
def command(
    *,
    lockfile: Path | None,
    platforms: tuple[str, ...],
    drivers: tuple[str, ...],
    gpus: tuple[str, ...],
    environment: str,
    format_name: str,
    output: Path | None,
    color: str,
) -> int:  # click hands every option over by name
    """Show which drivers, GPUs and platforms the lock can run on, and why not on the others; offline.

    A cell says `runs`, `runs` under the condition of its letter, `no`, `?` where nobody knows, or `-` where the driver
    does not know the GPU. Driver branches and platforms with the same answers are told together. The exit code is 0
    whatever the table says.
    """
    request = MatrixRequest(
        lock=lockfile or usual_lock(Path()), environment=environment, platforms=platforms, drivers=drivers, gpus=gpus
    )
    colored = format_name == "text" and wants_color(color, to_file=output is not None)
    deliver(_render(make_matrix(request), format_name, colored=colored, to_file=output is not None), output)
    return EXIT_CLEAN


def _render(matrix: Matrix, format_name: str, *, colored: bool, to_file: bool) -> str:
    match format_name:
        case "json":
            return matrix_json.render(matrix)
        case "markdown":
            return matrix_markdown.render(matrix)
        case _:
            return matrix_text.render(matrix, width=terminal_width(to_file=to_file) or _WIDTH, color=colored)
