"""Which CUDA an unlabelled torch wheel from PyPI carries.

Source: PyTorch RELEASE.md, "Release Compatibility Matrix"; METADATA of the wheels.
"""

from __future__ import annotations

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import firm_rows, optional_text, rows_of, text
from reprocheck.facts.torch_companions import padded

FIRST_AARCH64_WITH_CUDA = (2, 11)
_FIRST_WITH_ANNOUNCED_BUILDS = (2, 0)  # of older releases there are builds that no page names, such as 1.4.0+cu100


def pypi_cuda(torch: str, platform: str) -> Numbers | None:
    """Return the CUDA of the wheel that PyPI serves for a conda platform; None: CPU build, or release not known."""
    if not has_pypi_cuda(torch, platform):
        return None
    wanted = padded(numbers(torch))
    for row in firm_rows("torch_wheels", "releases"):
        if numbers(text(row, "torch")) == wanted and "pypi_default_cuda" in row:
            default = optional_text(row, "pypi_default_cuda")
            return numbers(default) if default else None
    return None


def has_pypi_cuda(torch: str, platform: str) -> bool:
    """Say whether PyPI serves CUDA builds for a platform: not for Windows and macOS, for aarch64 from 2.11 on."""
    if platform == "linux-aarch64":
        return numbers(torch) >= FIRST_AARCH64_WITH_CUDA
    return platform == "linux-64"


def wheel_builds() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the (release, CUDA builds) pairs that are known for sure, oldest first."""
    rows = firm_rows("torch_wheels", "releases")
    return tuple((text(row, "torch"), tuple(row["cuda_builds"])) for row in rows)


def is_dropped(torch: str, cuda: Numbers) -> bool:
    """Say whether a release came without a CUDA that earlier ones were built for; False where some of it is there."""
    wanted = padded(numbers(torch))
    rows = {numbers(text(row, "torch")): row for row in firm_rows("torch_wheels", "releases")}
    row = rows.get(wanted)
    if row is None or row["confidence"] != "high" or wanted < _FIRST_WITH_ANNOUNCED_BUILDS:
        return False
    releases = [release for release, found in rows.items() if cuda in map(numbers, found["cuda_builds"])]
    return wanted not in releases and min(releases, default=wanted) < wanted and not _is_partial(wanted, cuda)


def _is_partial(torch: Numbers, cuda: Numbers) -> bool:
    rows = (row for row in rows_of("torch_wheels", "partial") if numbers(text(row, "cuda")) == cuda)
    return any(numbers(text(row, "first")) <= torch[:2] <= numbers(text(row, "last")) for row in rows)


def is_newer_than_known(torch: str) -> bool:
    """Say whether a release is newer than the table: what PyPI serves of it nobody knows."""
    return numbers(torch) > newest_torch()


def newest_torch() -> Numbers:
    """Return the newest release of the table."""
    return max(numbers(text(row, "torch")) for row in rows_of("torch_wheels", "releases"))
