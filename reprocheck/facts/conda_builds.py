"""What a conda build string says about the flavour of a package: CUDA of which version, or CPU.

Sources: recipes of the conda-forge pytorch feedstock and of pytorch/builder; repodata of both channels.
"""

from __future__ import annotations

import re

from reprocheck.facts.cuda_versions import Numbers, from_digits, from_tag
from reprocheck.facts.tables import firm_rows, text
from reprocheck.model.data_classes import dataclass

# A pin in an environment.yml is mostly a glob, `*cuda126*`, which no whole-string pattern fits.
_PINNED_CUDA = re.compile(r"cu(?:da)?_?(?P<cuda>\d+\.\d+|\d{2,3})(?!\d)")
_PINNED_CPU = re.compile(r"(?:^|[*_])cpu(?:$|[*_]|py)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """`cuda` is the version of a CUDA build, None of a CPU build."""

    cuda: Numbers | None


def flavour_of_build(build: str) -> Flavour | None:
    """Return the flavour of a locked build string, None where it tells none."""
    for row in firm_rows("conda_builds", "grammar"):
        found = re.match(text(row, "regex"), build)  # compiled when it is its turn, and kept by `re`
        if found:
            return Flavour(cuda=from_digits(found["cuda"]) if found["cuda"] else None)
    return None


def flavour_of_pin(pin: str) -> Flavour | None:
    """Return the flavour that a declared build pin asks for, globs included; None where it asks for none."""
    found = _PINNED_CUDA.search(pin)
    if found:
        return Flavour(cuda=from_tag(found["cuda"]))
    if "cuda" in pin or not _PINNED_CPU.search(pin):
        return None
    return Flavour(cuda=None)
