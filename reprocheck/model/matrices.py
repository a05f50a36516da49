"""Which drivers and GPUs can run a lock: a table of judgements for each platform."""

from __future__ import annotations

from dataclasses import dataclass

from reprocheck.model.judgements import Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRow:
    """One GPU architecture: `name` as it was asked for (`sm_90`, `V100`), `told` what it is, and a cell a column.

    `drivers` are the first and the last driver branch that know it: empty where all older or newer ones do.
    """

    name: str
    compute_capability: str
    told: str
    drivers: tuple[str, str]
    cells: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverColumn:
    """Drivers with the same cells: branches `first` to `last`, or one named driver; `open_end`: newer ones follow."""

    first: str
    last: str
    open_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTable:
    """What platforms with one and the same table share.

    `without_cuda` says why no GPU matters, empty where one does; then the others say what the table was judged by, each
    empty where it is not known: `cuda` with the oldest `driver` that runs it and the `evidence`, `torch` and its
    `kernels`, and `cudnn`.
    """

    platforms: tuple[str, ...] = ()
    without_cuda: str = ""
    cuda: str = ""
    driver: str = ""
    evidence: tuple[str, ...] = ()
    torch: str = ""
    kernels: str = ""
    cudnn: str = ""
    columns: tuple[DriverColumn, ...] = ()
    rows: tuple[GpuRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The tables of one lock."""

    lock: str
    tables: tuple[PlatformTable, ...]
