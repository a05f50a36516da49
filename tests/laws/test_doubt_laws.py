"""A row of low confidence never stands behind an error, in any table: each is made doubtful, and its errors go.

The package is copied and all rows of one section become `confidence: low` there; the cases of `fixtures/rules` that
are errors by that section are then none. Sections behind which no error stands are named with the reason.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "reprocheck" / "facts" / "tables"
CASES = ROOT / "fixtures" / "rules"

# (table, section): a case that is an error by its rows
ERRORS = {
    ("conda_builds", "grammar"): "rc404/fires/conda_forge_without_blackwell",
    ("conda_pypi_names", "rows"): "rc301/fires/contradiction",
    ("cuda_driver", "driver_branches"): "rc403/fires/older_than_the_driver",
    ("cuda_driver", "toolkits"): "rc401/fires/toolkit_of_the_environment_file",
    ("cuda_driver", "forward_compat"): "rc403/fires/older_than_the_driver",
    ("cuda_driver", "major_floors"): "rc401/fires/build_string_against_470",
    ("cudnn", "releases"): "rc406/fires/volta_and_cudnn_9_13",
    ("extensions", "pages"): "rc432/fires/page_of_wheels",
    ("extensions", "tags"): "rc432/fires/scatter_tags",
    ("extensions", "torch_pins"): "rc432/fires/xformers_asks_for_another",
    ("gpu_arch", "architectures"): "rc405/fires/volta_and_cuda_13",
    ("import_collisions", "groups"): "rc305/fires/onnxruntime",
    ("native_runtimes", "openmp"): "rc440/fires/mkl_of_conda_and_torch_on_macos",
    ("numpy_abi", "packages"): "rc306/fires/both_pinned",
    ("numpy_abi", "torch"): "rc443/fires/both_pinned",
    ("platform_builds", "packages"): "rc109/fires/platforms_of_the_lock",
    ("platform_builds", "hashes"): "rc109/fires/hash_of_one_of_two_platforms",
    ("tensorflow_cuda", "releases"): "rc414/fires/toolkit_of_another_major_for_tensorflow",
    ("torch_archs", "wheels"): "rc404/fires/volta_and_a_wheel_for_cuda_13",
    ("torch_archs", "conda_forge"): "rc404/fires/conda_forge_without_blackwell",
    ("torch_companions", "releases"): "rc430/fires/vision_of_another_torch",
    ("torch_conda", "pytorch_channel"): "rc414/fires/no_build_for_pytorch_cuda",
    ("torch_requires", "releases"): "rc433/fires/older_cudnn",
    ("torch_requires", "toolkits"): "rc433/fires/libraries_of_another_label",
    ("torch_wheels", "releases"): "rc414/fires/label_that_does_not_exist",
}
# (table, section): why no error rests on its rows
HARMLESS = {
    ("channel_mirrors", "mirrors"): "RC112 is info",
    ("conda_spellings", "spellings"): "names for the source of a lock; no rule reads it",
    ("cudnn", "gpu_support"): "a cuDNN older than the GPU is a warning",
    ("extensions", "classes"): "another CUDA major than torch's is a warning there",
    ("extensions", "libraries"): "a CUDA without a library of its own is a warning",
    ("extensions", "twins"): "a twin of another release is a warning",
    ("gpu_precision", "precisions"): "RC450 says how bad in the row, a warning at most",
    ("known_needs", "needs"): "what holds without a lock is a warning at most",
    ("native_runtimes", "blas"): "RC441 is info",
    ("native_runtimes", "prefix_writers"): "RC304 is a warning",
    ("numeric_bugs", "bugs"): "RC513 is a warning",
    ("switch_effects", "effects"): "no rule reads it; `diff` names causes by it",
    ("switches", "switches"): "what RC5xx say by it is a warning at most",
    ("torch_archs", "conda_forge_builds"): "advice for a fix",
    ("torch_archs", "pytorch_channel"): "read as the wheels are; what it lacks is PTX for the newest, a warning",
    ("torch_companions", "triton"): "RC431 is a warning",
    ("torch_conda", "pytorch_cuda"): "each row says that something exists, which takes errors away",
    ("torch_wheels", "partial"): "each row says that something exists, which takes a warning away",
}


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def errors_of(case: str, run: Runner, package: Path) -> list[str]:
    """Return the messages of the errors that a package finds in a case, by the rule whose case it is."""
    folder = CASES / case
    code, options = case[: len("rc101")].upper(), folder / "options.txt"
    words = shlex.split(options.read_text().partition("\n")[0]) if options.exists() else []
    environment = folder / "environment.yml" if folder.is_dir() else folder.with_suffix(".yml")
    files = ("-f", environment.name) if environment.exists() else ()
    found = run(
        *("audit", *files, "--lockfile", "conda-lock.yml", "--select", code, "--output-format", "json", *words),
        cwd=environment.parent,
        env={"PYTHONPATH": str(package)},
    )
    assert found.code in (0, 1), found.err
    return [one["message"] for one in json.loads(found.out)["findings"] if one["severity"] == "error"]


@pytest.mark.parametrize("section", sorted(ERRORS), ids="-".join)
def test_a_section_of_low_confidence_gives_no_error(
    section: tuple[str, str], tmp_path: Path, reprocheck: Runner
) -> None:
    case = CASES / ERRORS[section]
    shown = case / "expected.out" if case.is_dir() else case.with_suffix(".out")
    assert ": error RC" in shown.read_text(encoding="utf-8")  # what it is while nobody doubts
    copy_package(tmp_path / "reprocheck")
    make_doubtful(tmp_path / "reprocheck" / "facts" / "tables" / f"{section[0]}.yaml", section[1])
    assert errors_of(ERRORS[section], reprocheck, tmp_path) == []


def test_every_section_is_doubted_or_harmless() -> None:
    sections = {
        (table.stem, section)
        for table in TABLES.glob("*.yaml")
        for section, rows in yaml.safe_load(table.read_text(encoding="utf-8")).items()
        if isinstance(rows, list)
    }
    assert set(ERRORS) | set(HARMLESS) == sections
    assert not set(ERRORS) & set(HARMLESS)


def test_what_nobody_checked_is_of_no_high_confidence() -> None:
    bare = re.compile(r"source: \[(?:memory|mem|general)\], confidence: high")
    assert [table.name for table in TABLES.glob("*.yaml") if bare.search(table.read_text(encoding="utf-8"))] == []


def copy_package(to: Path) -> None:
    """Copy the tables; all that reads them is linked to, compiled modules included."""
    own = ROOT / "reprocheck"
    (to / "facts").mkdir(parents=True)
    for one in (*own.iterdir(), *(own / "facts").iterdir()):
        if one.name not in ("facts", "tables"):
            (to / one.relative_to(own)).symlink_to(one)
    shutil.copytree(TABLES, to / "facts" / "tables")


def make_doubtful(table: Path, section: str) -> None:
    head, found, rest = table.read_text(encoding="utf-8").partition(f"\n{section}:\n")
    end = re.search(r"^\w+:", rest, re.MULTILINE)
    rows, after = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    table.write_text(head + found + re.sub(r"confidence: (?:high|medium)", "confidence: low", rows) + after)
