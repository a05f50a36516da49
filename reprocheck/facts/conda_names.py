"""The conda package that people install for a PyPI project.

The other direction of the name map and a choice besides: of `numpy-base` and `numpy` it is `numpy`, of `pytorch` and
`pytorch-gpu` it is `pytorch`. For the tables of a pyproject.toml, whose names are PyPI's; never on the path of `check`.
Source: the tables `conda_pypi_names.yaml` and `conda_spellings.yaml`; the two short lists: parselmouth @345e9bfb, which
conda-forge packages of the project's own name hold the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from reprocheck.facts.name_map import read_rows
from reprocheck.facts.tables import rows_of
from reprocheck.model.project_names import normalise_name

# Relations after which the conda package goes by another name than the project; the others stand beside it.
_UNDER_ANOTHER_NAME = ("rename", "variant", "bundle", "pypi_variant")
# A second name is in use, and the plain one is what people install.
_OWN_NAME_AS_WELL = (
    "apache-airflow avro camb cupy cyipopt datapackage devtools dspy freesasa fsspec gmsh infomap magics marisa-trie "
    "nvmath-python primesieve pypardiso python-igraph river sagemaker sentencepiece tableschema tabulator tantivy "
    "torch-scatter triton uritemplate voyager xbitinfo xrootd zxing-cpp opencv-python-headless psycopg2-binary "
    "pyqtwebengine scikit-learn-intelex"
)
# Only the parts are packages, under names of their own.
_PARTS_ONLY = "eppy planktonclas pyscamp ray ribs sagemaker-pytorch-training sourmash"


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaNameMap:
    """Conda names by normalised PyPI project, where they differ."""

    names: Mapping[str, str]

    def conda_name(self, project: str) -> str:
        """Return the conda name of a PyPI project; a dot in the written name stays, as conda keeps it."""
        plain = "-".join(filter(None, project.lower().replace("_", "-").split("-")))
        return self.names.get(normalise_name(project), plain)


@lru_cache(maxsize=1)
def load_conda_names() -> CondaNameMap:
    """Read the packaged table; the first fitting row of a project counts."""
    names: dict[str, str] = {}
    parts_only = set(_PARTS_ONLY.split())
    own_name = set(_OWN_NAME_AS_WELL.split())
    for conda, projects, relation in read_rows():
        for project in map(normalise_name, projects):
            if project == normalise_name(conda):
                own_name.add(project)
            elif relation in _UNDER_ANOTHER_NAME or project in parts_only:
                names.setdefault(project, conda)
    kept = {project: conda for project, conda in names.items() if project not in own_name}
    return CondaNameMap(names={**_spelled_otherwise(), **kept})


def _spelled_otherwise() -> dict[str, str]:
    """Return the conda names that keep an underscore, by project."""
    return {normalise_name(conda): conda for row in rows_of("conda_spellings", "spellings") for conda in row["conda"]}
