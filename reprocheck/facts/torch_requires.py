"""Which versions of NVIDIA's libraries a torch wheel of PyPI requires, and which CUDA a version of a library is of.

Source: METADATA of the torch wheels and of the metapackage cuda-toolkit on PyPI.
"""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import Row, firm_rows, optional_text, text


def required_by_torch(torch: str) -> Mapping[str, str]:
    """Return the libraries that an unlabelled torch wheel requires, by wheel name; empty for an unknown release."""
    wanted = numbers(torch)
    for row in firm_rows("torch_requires", "releases"):
        if numbers(text(row, "torch")) == wanted:
            toolkit = optional_text(row, "toolkit")
            whole = {**(_libraries(toolkit) if toolkit else {}), **_pairs(row["own"])}
            return {name: version for name, version in whole.items() if name not in row["left_out"]}
    return {}


def cuda_of_library(name: str, version: str) -> tuple[Numbers | None, Numbers | None]:
    """Return the oldest and the newest CUDA release (major, minor) that a version of a library can be of.

    None where the table does not bound it: updates of one release bring versions that stand between two rows.
    """
    mine = numbers(version)
    known = [(numbers(_pairs(row["libraries"]).get(name, "")), _release(row)) for row in _toolkits()]
    older = [release for found, release in known if found and found <= mine]
    newer = [release for found, release in known if found and found >= mine]
    return (max(older) if older else None, min(newer) if newer else None)


def _toolkits() -> tuple[Row, ...]:
    return firm_rows("torch_requires", "toolkits")


def _release(row: Row) -> Numbers:
    return numbers(text(row, "toolkit"))[:2]


def _libraries(toolkit: str) -> Mapping[str, str]:
    return next(_pairs(row["libraries"]) for row in _toolkits() if text(row, "toolkit") == toolkit)


def _pairs(written: str | list[str]) -> dict[str, str]:
    return {name: version for name, _, version in (item.partition("==") for item in written)}
