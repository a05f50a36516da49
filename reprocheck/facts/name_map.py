"""Which PyPI projects a conda package installs, and which conda packages install a PyPI project.

Read on every `reprocheck check`, so the table is read line by line with one pattern, not by a YAML parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from reprocheck.model.data_classes import dataclass
from reprocheck.model.project_names import normalise_name

_TABLE = Path(__file__).with_name("tables") / "conda_pypi_names.yaml"
_ROW = re.compile(
    r"^- \{conda: (\S+), pypi: \[([^\]]+)\], relation: (\w+), source: \[([^\]]+)\], confidence: (\w+)\}", re.MULTILINE
)
_NO_COUNTERPART = frozenset({"false_friend", "native_part", "native_counterpart"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NameMap:
    """Names in both directions; keys are normalised after PEP 503, and a name without a row stands for itself.

    `to_pypi` holds an empty tuple where a conda package has no PyPI counterpart. `doubtful` are the
    (conda, pypi) pairs too weak to stand behind an error.
    """

    to_pypi: Mapping[str, tuple[str, ...]]
    to_conda: Mapping[str, tuple[str, ...]]
    doubtful: frozenset[tuple[str, str]]

    def pypi_names(self, conda_name: str) -> tuple[str, ...]:
        """Return the normalised PyPI projects that a conda package installs, in table order."""
        name = normalise_name(conda_name)
        return self.to_pypi.get(name, (name,))

    def conda_names(self, pypi_name: str) -> tuple[str, ...]:
        """Return the conda packages that install a PyPI project: those of the table, then its own name."""
        name = normalise_name(pypi_name)
        listed = self.to_conda.get(name, ())
        return listed if name in self.to_pypi else (*listed, name)

    def is_firm(self, conda_name: str, pypi_name: str) -> bool:
        """Say whether a pair is sure enough to stand behind an error."""
        return (normalise_name(conda_name), normalise_name(pypi_name)) not in self.doubtful


@lru_cache(maxsize=1)
def load_name_map() -> NameMap:
    """Read the packaged table."""
    return parse_name_map(_TABLE.read_text(encoding="utf-8"))


def override_names(names: NameMap, pairs: Mapping[str, tuple[str, ...]]) -> NameMap:
    """Return `names` with some conda packages installing other projects, or none; keys and projects as written.

    What somebody says about his own packages is sure enough to stand behind an error.
    """
    to_pypi, to_conda = dict(names.to_pypi), dict(names.to_conda)
    said = {normalise_name(conda): tuple(map(normalise_name, projects)) for conda, projects in pairs.items()}
    for project, known in names.to_conda.items():
        to_conda[project] = tuple(conda for conda in known if normalise_name(conda) not in said)
    for written in pairs:
        conda = normalise_name(written)
        to_pypi[conda] = said[conda]
        for project in said[conda]:
            to_conda[project] = (*to_conda.get(project, ()), written)
    doubtful = frozenset(pair for pair in names.doubtful if pair[0] not in said)
    return NameMap(to_pypi=to_pypi, to_conda=to_conda, doubtful=doubtful)


def read_rows() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield the (conda name, PyPI names, relation) of each row of the packaged table that pairs the two."""
    for conda, projects, relation, _sources, _confidence in _ROW.findall(_TABLE.read_text(encoding="utf-8")):
        if relation not in _NO_COUNTERPART:
            yield conda, tuple(projects.split(", ")), relation


def parse_name_map(text: str) -> NameMap:
    """Return the map of a table's text; several rows of one conda name add up."""
    to_pypi: dict[str, tuple[str, ...]] = {}
    to_conda: dict[str, tuple[str, ...]] = {}
    doubtful: set[tuple[str, str]] = set()
    for conda, projects, relation, sources, confidence in _ROW.findall(text):
        key = normalise_name(conda)
        names = () if relation in _NO_COUNTERPART else tuple(projects.split(", "))
        # The usual project of a variant needs no row of its own: conda `pillow` is both `pillow` and `pillow-simd`.
        known = to_pypi.get(key, (key,) if relation == "pypi_variant" else ())
        fresh = tuple(name for name in names if name not in known)
        to_pypi[key] = known + fresh
        for name in fresh:
            to_conda[name] = (*to_conda.get(name, ()), conda)
        if confidence == "low" or sources == "memory":
            doubtful.update((key, name) for name in fresh)
    return NameMap(to_pypi=to_pypi, to_conda=to_conda, doubtful=frozenset(doubtful))
