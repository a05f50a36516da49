"""The machine that an audit is for: this one, a named one, or one from a fingerprint."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One accelerator model. `compute_capability` reads `major.minor`, for example `7.0`; None when unknown."""

    name: str
    compute_capability: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMachine:
    """Driver and GPUs to audit for.

    `driver_version` is the NVIDIA display driver (`470.57.02`), None when there is none or it was not read;
    `source` says who told us, in words that fit after "according to".
    """

    driver_version: str | None
    gpus: tuple[Gpu, ...]
    source: str
