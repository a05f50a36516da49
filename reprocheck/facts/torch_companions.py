"""Which torchvision, torchaudio, torchtext, Python and triton go with which release of torch.

Source: `depends` and METADATA of the packages; the table names its sources row by row.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import firm_rows, optional_text, text

COMPANIONS: Final = ("torchvision", "torchaudio", "torchtext")
LAST_TORCH_WITH_TEXT: Final = (2, 3)  # torchtext ended at 0.18.0
# The first releases that fit more than one torch: those before ask for exactly one.
FIRST_LOOSE: Final = {"torchvision": "0.29.2", "torchaudio": "2.11.0"}

_PLAIN = r"\d+(?:\.\d+)*"


@cache
def pairs_of(companion: str) -> tuple[tuple[Numbers, Numbers], ...]:
    """Return the (torch, companion) releases that ask for each other, oldest first."""
    return tuple(
        (numbers(text(row, "torch")), numbers(version))
        for row in firm_rows("torch_companions", "releases")
        for version in row[companion]
    )


@cache
def minors() -> tuple[Numbers, ...]:
    """Return the minor releases of torch that the table knows, oldest first."""
    return tuple(dict.fromkeys(numbers(text(row, "torch"))[:2] for row in firm_rows("torch_companions", "releases")))


def pythons_of(torch: Numbers) -> tuple[Numbers, Numbers] | None:
    """Return the oldest and the newest Python for which wheels of a torch release exist, None where it is not sure."""
    known = {
        numbers(text(row, "torch")): optional_text(row, "python") for row in firm_rows("torch_companions", "releases")
    }
    told = known.get(padded(torch))
    if told is None:
        return None
    oldest, newest = told.split("-")
    return numbers(oldest), numbers(newest)


def triton_of(torch: str) -> str | None:
    """Return what the wheel of a torch release asks of triton, for example `==3.1.0`; None for a release not known."""
    wanted = padded(numbers(torch))
    return next(
        (text(r, "triton") for r in firm_rows("torch_companions", "triton") if numbers(text(r, "torch")) == wanted),
        None,
    )


def padded(release: Numbers) -> Numbers:
    """Return a release with three numbers at least: `2.0` is `2.0.0`."""
    return (*release, *(0,) * (3 - len(release)))


def plain_release(version: str) -> str | None:
    """Return a version without its local label; None for what is no final release, such as `2.1.0.dev20230310`."""
    public = version.partition("+")[0]
    return public if re.fullmatch(_PLAIN, public) else None
