"""Which NVIDIA driver a CUDA runtime needs, and which CUDA a driver brings.

Sources: NVIDIA CUDA Toolkit release notes, Tables 2 and 3; NVIDIA "Minor Version Compatibility".
"""

from __future__ import annotations

from dataclasses import dataclass

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import Row, optional_text, rows_of, text

FIRST_MAJOR_WITH_MINOR_COMPATIBILITY = 11


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
    known = [floor for floor in (own, major) if floor]
    return min(known, key=lambda floor: numbers(floor.driver), default=None)


def newest_cuda(driver: str) -> Numbers | None:
    """Return the newest CUDA that a driver brings, None for one older than the table."""
    mine = numbers(driver)[:1]
    known = [row for row in rows_of("cuda_driver", "driver_branches") if numbers(text(row, "branch")) <= mine]
    newest = max(known, key=lambda row: numbers(text(row, "branch")), default=None)
    return numbers(text(newest, "max_cuda")) if newest else None


def newest_runnable(driver: str, *, windows: bool) -> Numbers | None:
    """Return the newest CUDA that a driver runs: a whole major such as (11,) by minor-version compatibility."""
    newest = newest_cuda(driver)
    if newest is None or newest[0] < FIRST_MAJOR_WITH_MINOR_COMPATIBILITY:
        return newest
    floor, mine = _major_floor(newest[0], "windows" if windows else "linux"), numbers(driver)
    return newest[:1] if floor and mine >= numbers(floor.driver)[: len(mine)] else newest


def _own_floor(cuda: Numbers, column: str) -> DriverFloor | None:
    """Return the lowest driver packaged with any update of one release."""
    drivers = [_driver(row, column) for row in _trusted("toolkits") if numbers(text(row, "cuda")) == cuda[:2]]
    known = sorted((driver for driver in drivers if driver), key=numbers)
    release = ".".join(str(part) for part in cuda[:2])
    return DriverFloor(driver=known[0], why=f"CUDA {release} came with that driver") if known else None


def _major_floor(major: int, column: str) -> DriverFloor | None:
    for row in _trusted("major_floors"):
        driver = _driver(row, column)
        if numbers(text(row, "major")) == (major,) and driver:
            why = f"minor-version compatibility lets every CUDA {major} release run from that driver on"
            return DriverFloor(driver=driver, why=why)
    return None


def _trusted(section: str) -> tuple[Row, ...]:
    """A driver floor stands behind errors, so rows of low confidence stay out."""
    return tuple(row for row in rows_of("cuda_driver", section) if text(row, "confidence") != "low")


def _driver(row: Row, column: str) -> str | None:
    return optional_text(row, column)
