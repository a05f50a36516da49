"""The options of `reprocheck lock`, and the request that they make with the configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from reprocheck.cli.option_packs import packed_as
from reprocheck.model.locking_requests import DEFAULT_TIMEOUT_S, LockRequest, Mode, SolverName
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, DEFAULT_LOCK, DEFAULT_MACHINES, Settings
from reprocheck.readers.configuration import read_settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockChoices:
    """The options of `lock`, as click read them."""

    files: tuple[Path, ...]
    platforms: tuple[str, ...]
    lockfile: Path | None
    channels: tuple[str, ...]
    cuda: str | None
    virtual_packages: Path | None
    upgrade_all: bool
    upgraded: tuple[str, ...]
    exclude_newer: str | None
    solver: SolverName
    explicit: bool
    without_pip: bool
    dry_run: bool
    check: bool
    offline: bool
    keep_mirror: bool
    name_map: Path | None
    timeout_s: int


_OPTIONS = (
    click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        type=_FILE,
        help="An environment.yml or pyproject.toml; may be given several times.  "
        "[default: those that the lock was made from, else environment.yml]",
    ),
    click.option(
        "-p", "--platform", "platforms", multiple=True, help="A platform to lock for; may be given several times."
    ),
    click.option("--lockfile", type=_FILE, help="The lock.  [default: conda-lock.yml beside the first file]"),
    click.option("-c", "--channel", "channels", multiple=True, help="Search these channels, not those of the files."),
    click.option("--cuda", metavar="X.Y|none", help="CUDA version of the driver that the lock is for, or `none`."),
    click.option(
        "--virtual-package-spec",
        "virtual_packages",
        type=_FILE,
        help="The assumed machines, as conda-lock describes them.  [default: virtual-packages.yml, if there is one]",
    ),
    click.option("-U", "--upgrade", "upgrade_all", is_flag=True, help="Move every package to the newest that fits."),
    click.option("-P", "--upgrade-package", "upgraded", multiple=True, metavar="NAME", help="Move this package only."),
    click.option(
        "--exclude-newer", metavar="TIME|none", help="Ignore what was uploaded after this day or time: `2023-06-01`."
    ),
    click.option(
        "--solver",
        type=click.Choice(["rattler", "conda-lock"]),
        default="rattler",
        help="`conda-lock` drives micromamba, mamba or conda.  [default: rattler, in process]",
    ),
    click.option("--explicit", is_flag=True, help="Write conda-PLATFORM.lock files too, for plain conda."),
    click.option("--no-pip", "without_pip", is_flag=True, help="Lock the conda part only; the lock says so."),
    click.option("--dry-run", is_flag=True, help="Solve and show the changes; write nothing."),
    click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the lock would change."),
    click.option("--offline", is_flag=True, help="Use cached channel and index data only."),
    click.option("--keep-mirror", is_flag=True, help="Name mirrors of .condarc in the lock, as they are."),
    click.option("--name-map", type=_FILE, help="Pairs `conda-name: pypi-name` that go before the packaged ones."),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.IntRange(min=1),
        default=DEFAULT_TIMEOUT_S,
        metavar="SECONDS",
        help=f"Give up after this time.  [default: {DEFAULT_TIMEOUT_S}]",
    ),
)

lock_options = packed_as(LockChoices, _OPTIONS)


def make_request(choices: LockChoices) -> LockRequest:
    """Return the request of the options over the configuration.

    Raises:
        UsageError, InputError: the configuration cannot be read.
    """
    settings = read_settings(Path.cwd(), os.environ)
    paths = _environments(choices.files, settings)
    usual_lock = Path(settings.lockfile) if settings.lockfile else paths[0].with_name(DEFAULT_LOCK)
    return LockRequest(
        environment_paths=paths,
        lock_path=choices.lockfile or usual_lock,
        platforms=choices.platforms or settings.platforms,
        channels=choices.channels or settings.channels,
        cuda=choices.cuda if choices.cuda is not None else settings.cuda,
        virtual_packages=choices.virtual_packages or _usual_machines(paths[0]),
        upgrade_all=choices.upgrade_all,
        upgraded=choices.upgraded,
        exclude_newer=choices.exclude_newer if choices.exclude_newer is not None else settings.exclude_newer,
        solver=choices.solver,
        explicit=choices.explicit,
        without_pip=choices.without_pip,
        mode=_mode(dry_run=choices.dry_run, check=choices.check),
        offline=choices.offline,
        keep_mirror=choices.keep_mirror,
        timeout_s=choices.timeout_s,
        paths_are_usual=not choices.files and not settings.files,
        name_map=choices.name_map.as_posix() if choices.name_map else settings.name_map,
    )


def _environments(files: tuple[Path, ...], settings: Settings) -> tuple[Path, ...]:
    named = files or tuple(Path(name) for name in settings.files)
    usual = [Path(name) for name in DEFAULT_ENVIRONMENTS]
    return named or (next((path for path in usual if path.is_file()), usual[0]),)


def _usual_machines(environment: Path) -> Path | None:
    beside = (environment.with_name(name) for name in DEFAULT_MACHINES)
    return next((path for path in beside if path.is_file()), None)


def _mode(*, dry_run: bool, check: bool) -> Mode:
    if check:
        return "check"
    return "dry-run" if dry_run else "write"
