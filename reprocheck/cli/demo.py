"""`reprocheck demo`: the whole story on the packaged example, offline, in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reprocheck.cli.app import run
from reprocheck.cli.console import note, terminal_width, wants_color
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED, UsageError
from reprocheck.reports.terminal_text import painted
from reprocheck.workflows.example import copy_example, damage_files, platform_options

_CACHES = {"RATTLER_CACHE_DIR": "rattler", "UV_CACHE_DIR": "uv", "XDG_CACHE_HOME": "other"}
_ENV = "env"
_WIDTH = 100  # of what is told where stdout is no terminal
_AUDIT = ("audit", "--prefix", _ENV, "--select", "RC6")
_CREATE = ("create", "-p", _ENV, *platform_options())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One command of the story: what to tell before it, and the exit codes that it may have.

    `deed` is what happens before the command; what it returns is put into `told`.
    """

    told: str
    arguments: tuple[str, ...]
    expected: tuple[int, ...] = (EXIT_CLEAN,)
    deed: Callable[[], tuple[str, ...]] = tuple


STORY = (
    Scene(
        told="A colleague sends this environment.yml. The hook reads it, offline, before the commit.",
        arguments=("check",),
        expected=(EXIT_FINDINGS,),
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
        expected=(EXIT_FINDINGS,),
    ),
    Scene(told="How did numpy come in?", arguments=("why", "numpy", "--platform", "linux-64")),
    Scene(told="Install what was locked, every archive by its hash.", arguments=_CREATE),
    Scene(told="Is every file there as its package brought it?", arguments=_AUDIT),
    Scene(
        told="Weeks later a bit has flipped in {}, and somebody has removed {}.",
        arguments=_AUDIT,
        expected=(EXIT_FINDINGS,),
        deed=lambda: damage_files(Path(_ENV), "libblas", "networkx"),
    ),
    Scene(told="Install again: what is damaged is repaired, the rest is left alone.", arguments=(*_CREATE, "-v")),
    Scene(told="And now?", arguments=_AUDIT),
    Scene(told="What is this machine?", arguments=("fingerprint",)),
    Scene(
        told="Is it ready to train? (On the CPU here; without `--cpu` it asks the GPUs too.)",
        arguments=("doctor", "--cpu", "--skip", "ddp"),
        expected=(EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED),  # as the machine is
    ),
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
        expected=(EXIT_FINDINGS,),
    ),
)  # fmt: skip


@click.command()
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Play in this new folder and keep it.")
def command(*, keep: Path | None) -> int:
    """Show the whole story on the packaged example: lock, audit, create, repair, fingerprint, record, verify.

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
    told = scene.told.format(*scene.deed())
    arguments = [argument.format(channel=Path("channel").resolve().as_uri()) for argument in scene.arguments]
    shown = [argument.format(channel="./channel") for argument in scene.arguments]
    click.echo(_bold(f"\n{_comment(told)}\n$ reprocheck {' '.join(shown)}"))
    code = run(arguments)
    click.echo(_bold(f"exit code {code}"))
    return code in scene.expected


@contextlib.contextmanager
def _stage(keep: Path | None) -> Iterator[Path]:
    """Change into the folder of the play, and back; the caches lie in it meanwhile."""
    before = Path.cwd()
    # Windows removes no file that something of the play still holds open.
    with tempfile.TemporaryDirectory(prefix="reprocheck-demo-", ignore_cleanup_errors=True) as temporary:
        folder = (keep or Path(temporary)).resolve()
        _make_new(folder, exists=keep is None)
        os.chdir(folder)
        try:
            with _own_caches(folder / "cache"):
                yield folder
        finally:
            os.chdir(before)


@contextlib.contextmanager
def _own_caches(folder: Path) -> Iterator[None]:
    """Keep every cache below `folder`, so that nothing of the user's is used and nothing comes into it."""
    before = {name: os.environ.get(name) for name in _CACHES}
    os.environ.update({name: str(folder / program) for name, program in _CACHES.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


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


def _comment(text: str) -> str:
    width = terminal_width() or _WIDTH
    lead = "# "
    return textwrap.fill(
        text, width, initial_indent=lead, subsequent_indent=lead, break_long_words=False, break_on_hyphens=False
    )


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ").rstrip()


def _bold(text: str) -> str:
    return painted(text, "1") if wants_color("auto") else text
