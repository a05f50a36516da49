"""Which of two versions is the newer one, as conda and as pip order them.

conda's order is that of `model/conda_versions.py`; dashes, and a last underscore, which makes a version older than
one with a letter there, are added here. A test holds it against the solver's library, which takes longer to load than
a comparison of two locks. Source: docs.conda.io "Version ordering" (conda/models/version.py, VersionOrder); PEP 440.
"""

from __future__ import annotations

from packaging.version import Version

from reprocheck.model.conda_versions import Atom, Component, CondaVersion, read_version
from reprocheck.model.locks import Manager

_TAIL: Atom = (0, 0, "_")  # sorted as letters are, and before all of them


def compare_versions(manager: Manager, old: str, new: str) -> int | None:
    """Return 1 where `new` is the newer one, -1 where it is the older one, 0 for equals, None where nobody can say."""
    if manager == "conda":
        before, after = _conda_version(old), _conda_version(new)
        return None if before is None or after is None else after.compare(before)
    try:
        left, right = Version(old), Version(new)
    except ValueError:  # no version, or a number of more digits than Python reads
        return None
    return (right > left) - (right < left)


def _conda_version(text: str) -> CondaVersion | None:
    """Return a version, None for what is none."""
    plain = text.strip().lower()
    main, plus, local = (plain if "_" in plain else plain.replace("-", "_")).partition("+")
    version = read_version(main.removesuffix("_") + plus + local.removesuffix("_"))
    return version and CondaVersion(_with_tail(version.main, main), _with_tail(version.local, local))


def _with_tail(components: tuple[Component, ...], text: str) -> tuple[Component, ...]:
    """Return the components; a last underscore belongs to what it follows (`1.0.1_` < `1.0.1a`)."""
    return (*components[:-1], (*components[-1], _TAIL)) if text.endswith("_") else components
