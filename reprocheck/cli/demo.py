"""`reprocheck demo`: the whole story on the packaged example, offline, in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reprocheck.cli.app import run
from reprocheck.cli.console import note, wants_color
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, UsageError
from reprocheck.reports.terminal_text import painted
from reprocheck.workflows.example import copy_example


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One command of the story: what to tell before it, and the exit code that it should have."""

    told: str
    arguments: tuple[str, ...]
    expected: int = EXIT_CLEAN


STORY = (
    Scene(
        told="A colleague sends this environment.yml. The hook reads it, offline, before the commit.",
        arguments=("check",),
        expected=EXIT_FINDINGS,
    ),
    Scene(
        told="Lock the conda part for three platforms, with the CUDA decision written down.",
        arguments=(
            "lock", "--no-pip", "--cuda", "12.6", "--explicit", "-c", "{channel}",
            "-p", "linux-64", "-p", "osx-arm64", "-p", "win-64",
        ),
    ),
    Scene(
        told="Will it run on the old cluster node, driver 470.57.02 with a V100?",
        arguments=("audit", "--platform", "linux-64", "--driver", "470.57.02", "--gpu", "sm_70"),
        expected=EXIT_FINDINGS,
    ),
    Scene(told="How did numpy come in?", arguments=("why", "numpy", "--platform", "linux-64")),
    Scene(told="What is this machine?", arguments=("fingerprint",)),
    Scene(
        told="Record reference trainings: AMP in bf16, AMP in fp16 with loss scaling, DDP over two processes.",
        arguments=(
            "record",
            "--workload", "convnet:bf16", "--workload", "transformer:fp16", "--workload", "transformer:fp32:2",
        ),
    ),
    Scene(told="Run them again. Are the numbers the same?", arguments=("verify",)),
    Scene(
        told="And if somebody changes the seed?",
        arguments=("verify", "--workload", "transformer:fp16", "--drill", "seed=1"),
        expected=EXIT_FINDINGS,
    ),
)  # fmt: skip


@click.command()
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Play in this new folder and keep it.")
def command(*, keep: Path | None) -> int:
    """Show the whole story on the packaged example: lock, audit, fingerprint, record, verify.

    Runs offline in a temporary folder, in under a minute on two cores.
    """
    started = time.monotonic()
    with _stage(keep) as folder:
        copy_example(folder)
        click.echo(_indented((folder / "environment.yml").read_text(encoding="utf-8")))
        failed = [scene for scene in STORY if not _play(scene)]
    note("")
    note(f"the story took {time.monotonic() - started:.0f} s")
    for scene in failed:
        note(f"this went otherwise than it should: reprocheck {' '.join(scene.arguments)}")
    return EXIT_FINDINGS if failed else EXIT_CLEAN


def _play(scene: Scene) -> bool:
    """Show and run one command; say whether it ended as the story wants."""
    arguments = [argument.format(channel=Path("channel").resolve().as_uri()) for argument in scene.arguments]
    shown = [argument.format(channel="./channel") for argument in scene.arguments]
    click.echo(_bold(f"\n# {scene.told}\n$ reprocheck {' '.join(shown)}"))
    code = run(arguments)
    click.echo(_bold(f"exit code {code}"))
    return code == scene.expected


@contextlib.contextmanager
def _stage(keep: Path | None) -> Iterator[Path]:
    """Change into the folder of the play, and back."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="reprocheck-demo-") as temporary:
        folder = (keep or Path(temporary)).resolve()
        _make_new(folder, exists=keep is None)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def _make_new(folder: Path, *, exists: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=exists)
    except FileExistsError as error:
        raise UsageError(
            f"folder `{folder}` exists",
            where="--keep",
            why="the demo plays in a new folder, so that nothing of yours is replaced",
            how="name a folder that does not exist",
        ) from error


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ").rstrip()


def _bold(text: str) -> str:
    return painted(text, "1") if wants_color("auto") else text
