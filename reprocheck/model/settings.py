"""Configuration after all sources are merged: command line > `REPROCHECK_*` > file > default."""

from __future__ import annotations

from reprocheck.model.data_classes import dataclass

# What the files are called where nobody names them.
DEFAULT_LOCK = "conda-lock.yml"
DEFAULT_ENVIRONMENTS = ("environment.yml", "environment.yaml")
DEFAULT_MACHINES = ("virtual-packages.yml", "virtual-packages.yaml")  # as conda-lock looks for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `[tool.reprocheck]` may hold. Empty tuples and None mean "not set".

    `cuda` is `X.Y` or `none`; `exclude_newer` a day, a time with an offset, or `none`; `min_severity` is the
    mildest severity that fails a check. `precision` are the data types that the training computes in (`bf16`, `tf32`,
    `fp16`, `fp8`, `fp4`); `name_map` is a file of further name pairs; `baseline` a file of findings that are known;
    `per_file_ignores` are (glob, codes) pairs.
    """

    files: tuple[str, ...] = ()
    lockfile: str | None = None
    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    cuda: str | None = None
    exclude_newer: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_severity: str = "warning"
    precision: tuple[str, ...] = ()
    name_map: str | None = None
    baseline: str | None = None
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
