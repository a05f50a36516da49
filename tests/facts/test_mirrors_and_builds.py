"""Which mirror a URL leads to, and on which platforms a package or a build exists."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reprocheck.facts.channel_mirrors import mirror_of
from reprocheck.facts.platform_builds import is_of_one_platform, platforms_of_build, platforms_of_package

TABLES = Path(__file__).resolve().parents[2] / "reprocheck" / "facts" / "tables"


def rows(table: str, section: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = yaml.safe_load((TABLES / f"{table}.yaml").read_text(encoding="utf-8"))[section]
    return found


def test_the_quick_reader_finds_every_mirror_that_yaml_finds() -> None:
    for row in rows("channel_mirrors", "mirrors"):
        assert mirror_of(f"https://mirrors.{row['label']}.invalid/anaconda/pkgs/main") == row["mirror"]


def test_the_quick_reader_finds_every_package_and_hash_that_yaml_finds() -> None:
    for row in rows("platform_builds", "packages"):
        assert platforms_of_package(str(row["package"])) == frozenset(row["platforms"])  # type: ignore[call-overload]
    for row in rows("platform_builds", "hashes"):
        for one in row["hashes"]:  # type: ignore[attr-defined]
            assert platforms_of_build("numpy", f"py39h{one}_0") == frozenset({str(row["platform"])})


def test_no_hash_stands_for_two_platforms() -> None:
    hashes = [one for row in rows("platform_builds", "hashes") for one in row["hashes"]]  # type: ignore[attr-defined]
    assert len(hashes) == len(set(hashes))


@pytest.mark.parametrize(
    "url",
    [
        "https://mirrors.invalid/anaconda/pkgs/main",  # no mirror of the table
        "https://files.tuna.invalid/papers/study.pdf",  # neither channels nor wheels
        "https://mirrors.tuna.invalid",
        "/data/anaconda",
        "tuna/anaconda",
    ],
)
def test_other_addresses_lead_to_no_mirror(url: str) -> None:
    assert mirror_of(url) is None


def test_credentials_and_ports_do_not_hide_a_mirror() -> None:
    assert mirror_of("https://me:secret@pypi.TUNA.invalid:8443/simple") == "Tsinghua University"


@pytest.mark.parametrize(
    ("name", "build", "platforms"),
    [
        ("ld_impl_linux-64", "h1181459_1", {"linux-64"}),
        ("gxx_impl_win-64", "h0000000_1", {"win-64"}),
        ("vc", "14.2_1", {"win-64"}),
        ("pip", "py310haa95532_0", {"win-64"}),
        ("tqdm", "pyhd8ed1ab_0", None),
        ("blas", "mkl", None),
        ("pytorch", "py3.8_cuda11.3_cudnn8.2.0_0", {"linux-64"}),
        ("pytorch", "py3.11_cuda12.1_cudnn8_0", None),
        ("pytorch", "py3.8_cpu_0", None),
    ],
)
def test_a_build_tells_its_platforms(name: str, build: str, platforms: set[str] | None) -> None:
    assert platforms_of_build(name, build) == platforms


@pytest.mark.parametrize(
    ("build", "expected"),
    [("py311h64a7726_0", True), ("cuda126_py312_h30b5a27_300", True), ("pyhd8ed1ab_0", False), ("py_0", False)],
)
def test_a_hash_behind_one_python_is_of_one_platform(build: str, expected: bool) -> None:
    assert is_of_one_platform(build) is expected
