"""The packaged tables keep their shape: every row complete, every source resolved, every doubt marked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from reprocheck.facts.tables import optional_text, rows_of, text

TABLES = Path(__file__).resolve().parents[2] / "reprocheck" / "facts" / "tables"
CONFIDENCES = {"high", "medium", "low"}
KEYS = {
    ("conda_builds", "grammar"): {"id", "regex", "examples"},
    ("conda_pypi_names", "rows"): {"conda", "pypi", "relation"},
    ("cuda_driver", "toolkits"): {"cuda", "release", "linux", "windows"},
    ("cuda_driver", "major_floors"): {"major", "linux", "windows"},
    ("cuda_driver", "driver_branches"): {"branch", "max_cuda"},
    ("cuda_driver", "forward_compat"): {"compat", "supported", "own"},
    ("cudnn", "releases"): {"first", "cuda", "min_cc"},
    ("cudnn", "gpu_support"): {"cc", "first"},
    ("torch_archs", "wheels"): {"first", "last", "platforms", "cuda", "sm", "ptx"},
    ("torch_archs", "pytorch_channel"): {"first", "last", "platforms", "cuda", "sm", "ptx"},
    ("torch_archs", "conda_forge"): {"cuda", "platforms", "variant", "sm", "ptx"},
    ("torch_archs", "conda_forge_builds"): {"first", "last", "platforms", "cuda"},
    ("gpu_precision", "precisions"): {"precision", "native_from", "severity", "otherwise", "instead"},
    ("gpu_arch", "architectures"): {
        "cc",
        "arch",
        "products",
        "workstation",
        "consumer",
        "first_cuda",
        "last_cuda",
        "last_driver_branch",
    },
    ("import_collisions", "groups"): {"import_name", "distributions", "severity", "clean_from"},
    ("known_needs", "needs"): {"conda", "needs"},
    ("native_runtimes", "prefix_writers"): {"pip", "conda", "library"},
    ("native_runtimes", "openmp"): {"provider", "manager", "platforms", "library"},
    ("native_runtimes", "blas"): {"provider", "manager", "platforms", "library"},
    ("torch_conda", "pytorch_channel"): {"torch", "cuda"},
    ("torch_conda", "pytorch_cuda"): {"version"},
    ("torch_requires", "toolkits"): {"toolkit", "libraries"},
    ("torch_requires", "releases"): {"torch", "toolkit", "own", "left_out"},
    ("conda_spellings", "spellings"): {"begins", "conda"},
    ("platform_builds", "packages"): {"package", "platforms"},
    ("platform_builds", "hashes"): {"platform", "hashes"},
    ("channel_mirrors", "mirrors"): {"label", "mirror"},
    ("extensions", "classes"): {"package", "first", "last", "cuda"},
    ("extensions", "libraries"): {"package", "version", "cuda"},
    ("extensions", "pages"): {"id", "packages", "regex"},
    ("extensions", "tags"): {"id", "packages", "regex", "cuda_is_major"},
    ("extensions", "torch_pins"): {"package", "version", "torch"},
    ("extensions", "twins"): {"package", "twin"},
    ("numeric_bugs", "bugs"): {"id", "kind", "when", "what", "effect", "fix", "reference"},
    ("numpy_abi", "packages"): {"package", "first", "since", "bounded"},
    ("numpy_abi", "torch"): {"platform", "first"},
    ("switches", "switches"): {
        *("switch", "kind", "what", "effect", "families", "default", "variables", "code", "part_of", "values"),
    },
    ("tensorflow_cuda", "releases"): {"release", "cuda"},
    ("switch_effects", "effects"): {"switch", "settings", "families", "operations", "dtypes", "changes"},
    ("torch_companions", "releases"): {"torch", "torchvision", "torchaudio", "torchtext", "python"},
    ("torch_companions", "triton"): {"torch", "triton"},
    ("torch_wheels", "partial"): {"cuda", "first", "last"},
    ("torch_wheels", "releases"): {"torch", "cuda_builds", "pypi_default_cuda"},
}
SECTIONS = sorted(KEYS)


def document(table: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((TABLES / f"{table}.yaml").read_text(encoding="utf-8"))
    return loaded


def test_every_table_and_section_is_known_here() -> None:
    sections = {
        (path.stem, section)
        for path in TABLES.glob("*.yaml")
        for section, rows in document(path.stem).items()
        if isinstance(rows, list)
    }
    assert sections == set(KEYS)


@pytest.mark.parametrize(("table", "section"), SECTIONS)
def test_rows_have_their_keys_a_known_source_and_a_confidence(table: str, section: str) -> None:
    sources = set(document(table)["sources"])
    for row in document(table)[section]:
        assert set(row) - {"note"} == KEYS[table, section] | {"source", "confidence"}, row
        assert row["confidence"] in CONFIDENCES, row
        assert row["source"], row
        assert set(row["source"]) <= sources, row


@pytest.mark.parametrize("table", sorted({table for table, _ in SECTIONS}))
def test_every_source_is_used(table: str) -> None:
    loaded = document(table)
    used = {
        source for section in loaded.values() if isinstance(section, list) for r in section for source in r["source"]
    }
    assert used == set(loaded["sources"])


@pytest.mark.parametrize("table", sorted({table for table, _ in SECTIONS}))
def test_a_table_names_its_schema_and_its_date(table: str) -> None:
    loaded = document(table)
    assert loaded["schema"] == f"reprocheck/{table.replace('_', '-')}/1"
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", loaded["retrieved"])


def test_relations_of_names_are_the_explained_ones() -> None:
    loaded = document("conda_pypi_names")
    assert {row["relation"] for row in loaded["rows"]} <= set(loaded["relations"])


def test_rows_are_read_as_text_and_null_as_none() -> None:
    newest = rows_of("cuda_driver", "toolkits")[0]
    assert text(newest, "cuda") == "13.5"
    assert optional_text(newest, "linux") is None
    assert text(newest, "source") == "pypi_rt"
