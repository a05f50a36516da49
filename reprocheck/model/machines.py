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
    """Driver and GPUs to audit for, and what else was seen of a real machine.

    `driver_version` is the NVIDIA display driver (`470.57.02`), None when there is none or it was not read;
    `source` says who told us, in words that fit after "according to". `driver_parts` are (part, version) pairs of the
    host's driver: kernel module, libcuda, NVML, fabric manager. `shadowing` are (variable, library) pairs: names of
    files that a search path puts before the libraries of the environment, never the path itself. `glibc` is the version
    of the C library. `cuda_max` is the newest CUDA that the loaded libcuda runs, `compat_libcuda` its release where
    cuda-compat brought it. `refusals` are (kind, words) pairs of what the driver answered in the place of starting:
    `mismatch` of its parts, `compat` for a cuda-compat that this GPU does not run, and others.
    """

    driver_version: str | None
    gpus: tuple[Gpu, ...]
    source: str
    driver_parts: tuple[tuple[str, str], ...] = ()
    shadowing: tuple[tuple[str, str], ...] = ()
    glibc: str | None = None
    cuda_max: str | None = None
    compat_libcuda: str | None = None
    refusals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStack:
    """What one other node of the same job runs with: (component, version) pairs, for example ("nccl", "2.21.5").

    `source` is the file that says so.
    """

    source: str
    components: tuple[tuple[str, str], ...]
