"""Which NVIDIA driver a CUDA runtime needs, and which CUDA a driver brings.

Sources: NVIDIA CUDA Toolkit release notes, Tables 2 and 3; NVIDIA "Minor Version Compatibility".
"""

from __future__ import annotations

from typing import Literal

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import Row, firm_rows, optional_text, rows_of, text
from reprocheck.model.data_classes import dataclass

FIRST_MAJOR_WITH_MINOR_COMPATIBILITY = 11

ForwardCompat = Literal["supported", "own", "older", "no-target"]
"""Libraries of cuda-compat on a driver: made for it; of its own CUDA; older than it; of a branch that is no target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFloor:
    """The oldest driver that runs a CUDA release at all, and why, in words that fit after "because"."""

    driver: str
    why: str


def oldest_driver(cuda: Numbers, *, windows: bool) -> DriverFloor | None:
    """Return the driver floor of a CUDA release, None where the table knows none (a release newer than the table)."""
    column = "windows" if windows else "linux"
    own = _own_floor(cuda, column)
    if not cuda or cuda[0] < FIRST_MAJOR_WITH_MINOR_COMPATIBILITY:
        return own
    major = _major_floor(cuda[0], column)
    # CUDA 11.0 itself asks for less than the later 11.x do, so the lower of the two is the floor.
    # Where the floor of the major is not known, the driver that a release came with is more than it needs.
    known = [floor for floor in (own, major) if floor and major]
    return min(known, key=lambda floor: numbers(floor.driver), default=None)


def bundled_driver(cuda: Numbers, *, windows: bool) -> str | None:
    """Return the driver that came with a CUDA release, enough for all that it can do; None where none is known."""
    own = _own_floor(cuda, "windows" if windows else "linux")
    return own.driver if own else None


def newest_cuda(driver: str) -> Numbers | None:
    """Return the newest CUDA that a driver brings, None for one older than the table."""
    mine = numbers(driver)[:1]
    known = [row for row in firm_rows("cuda_driver", "driver_branches") if numbers(text(row, "branch")) <= mine]
    newest = max(known, key=lambda row: numbers(text(row, "branch")), default=None)
    return numbers(text(newest, "max_cuda")) if newest else None


def branches() -> tuple[int, ...]:
    """Return every known driver branch, oldest first."""
    return tuple(int(text(row, "branch")) for row in firm_rows("cuda_driver", "driver_branches"))


def branch_of(driver: str) -> int | None:
    """Return the branch of a driver, None for one older than the table; Windows drivers count on inside a branch."""
    mine = numbers(driver)[:1]
    return max((branch for branch in branches() if (branch,) <= mine), default=None)


def first_branch_for(cuda: Numbers) -> int | None:
    """Return the first known branch that brings a CUDA or a newer one, None where none does."""
    rows = firm_rows("cuda_driver", "driver_branches")
    return next((int(text(row, "branch")) for row in rows if numbers(text(row, "max_cuda")) >= cuda), None)


def is_newer_than_known(driver: str) -> bool:
    """Say whether a driver is of a branch after the last known one: what it brings is at least what that one does."""
    return numbers(driver)[:1] > branches()[-1:]


def newest_known_cuda() -> Numbers:
    """Return the newest CUDA of the table."""
    return max(numbers(text(row, "cuda")) for row in rows_of("cuda_driver", "toolkits"))


def is_older(driver: str, floor: str) -> bool:
    """Compare as far as the driver was told: `525` is a whole branch, also where Windows counts on to 528 inside it."""
    mine = numbers(driver)
    if len(mine) == 1 and mine[0] in branches():
        return mine[0] < (branch_of(floor) or 0)
    return bool(mine) and mine < numbers(floor)[: len(mine)]


def forward_compatibility(compat: Numbers, driver: str) -> ForwardCompat | None:
    """Say how the libraries of cuda-compat for a CUDA stand to a driver; None where the table does not know."""
    rows = firm_rows("cuda_driver", "forward_compat")
    branch, own = branch_of(driver), _bringing(compat[:2])
    row = next((row for row in rows if numbers(text(row, "compat")) == compat[:2]), None)
    if branch is None or row is None or is_newer_than_known(driver):
        return None
    if str(branch) in row["supported"]:
        return "supported"
    if own is not None and branch >= own:
        return "own" if branch == own else "older"
    return "no-target"


def compat_cuda(version: str) -> Numbers:
    """Return the CUDA of a cuda-compat package; the package of its libraries has the version of a driver."""
    written = numbers(version)
    by_driver = bool(written) and () < branches()[:1] <= written[:1]
    return (newest_cuda(version) or ()) if by_driver else written[:2]


def newest_runnable(driver: str, *, windows: bool) -> Numbers | None:
    """Return the newest CUDA that a driver runs: a whole major such as (11,) by minor-version compatibility."""
    newest = newest_cuda(driver)
    if newest is None or newest[0] < FIRST_MAJOR_WITH_MINOR_COMPATIBILITY:
        return newest
    floor, mine = _major_floor(newest[0], "windows" if windows else "linux"), numbers(driver)
    return newest[:1] if floor and mine >= numbers(floor.driver)[: len(mine)] else newest


def _bringing(cuda: Numbers) -> int | None:
    """Return the first driver branch that brings a CUDA."""
    rows = firm_rows("cuda_driver", "driver_branches")
    return next((int(text(row, "branch")) for row in rows if numbers(text(row, "max_cuda")) == cuda), None)


def _own_floor(cuda: Numbers, column: str) -> DriverFloor | None:
    """Return the lowest driver packaged with any update of one release."""
    drivers = [
        _driver(row, column) for row in firm_rows("cuda_driver", "toolkits") if numbers(text(row, "cuda")) == cuda[:2]
    ]
    known = sorted((driver for driver in drivers if driver), key=numbers)
    release = ".".join(str(part) for part in cuda[:2])
    return DriverFloor(driver=known[0], why=f"CUDA {release} came with that driver") if known else None


def _major_floor(major: int, column: str) -> DriverFloor | None:
    for row in firm_rows("cuda_driver", "major_floors"):
        driver = _driver(row, column)
        if numbers(text(row, "major")) == (major,) and driver:
            why = f"minor-version compatibility lets every CUDA {major} release run from that driver on"
            return DriverFloor(driver=driver, why=why)
    return None


def _driver(row: Row, column: str) -> str | None:
    return optional_text(row, column)
