"""conda-lock's virtual-packages.yml."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.virtual_packages_yml import parse_virtual_packages, read_virtual_packages

WHOLE = b"""\
subdirs:
  linux-64:
    packages:
      __glibc: 2.17
      __cuda: "11.4"
      __archspec: "1 x86_64_v3"
  osx-arm64:
    packages: {__osx: "14.0"}
"""


def test_each_platform_has_its_packages_sorted() -> None:
    assert parse_virtual_packages(WHOLE, "v.yml") == {
        "linux-64": (
            VirtualPackage(name="__archspec", version="1", build="x86_64_v3"),
            VirtualPackage(name="__cuda", version="11.4"),
            VirtualPackage(name="__glibc", version="2.17"),
        ),
        "osx-arm64": (VirtualPackage(name="__osx", version="14.0"),),
    }


@pytest.mark.parametrize(
    ("data", "what", "how"),
    [
        (b"", "file of virtual packages has no `subdirs`", "name the right file"),
        (b"- a", "file of virtual packages has no `subdirs`", "name the right file"),
        (b"subdirs: [a]", "file of virtual packages has no `subdirs`", "name the right file"),
        (b"subdirs: {linux-64: {}}", "platform `linux-64` has no `packages`", "add them"),
        (b"subdirs: {linux-64: a}", "platform `linux-64` has no `packages`", "add them"),
        (b"subdirs: {linux64: {packages: {}}}", "platform `linux64` is unknown", "did you mean `linux-64`?"),
        (b"subdirs: {amiga: {packages: {}}}", "platform `amiga` is unknown", "name one of these"),
        (
            b"subdirs: {linux-64: {packages: {cuda: '12'}}}",
            "`cuda` is no virtual package",
            "write `__cuda`, or remove it",
        ),
        (
            b"subdirs: {linux-64: {packages: {__cuda: ''}}}",
            "virtual package `__cuda` has no version",
            "write the version, or remove the line",
        ),
        (
            b"subdirs: {linux-64: {packages: {__cuda: [12]}}}",
            "virtual package `__cuda` has no version",
            "write the version, or remove the line",
        ),
    ],
)
def test_a_broken_file_is_one_clear_error(data: bytes, what: str, how: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_virtual_packages(data, "v.yml")
    assert (caught.value.what, caught.value.how) == (what, how)
    assert caught.value.where.startswith("v.yml:1:")


def test_independent_faults_are_gathered() -> None:
    with pytest.raises(GatheredErrors) as caught:
        parse_virtual_packages(b"subdirs: {amiga: {}, linux-64: {packages: {a: '1', __b: ''}}}", "v.yml")
    assert len(caught.value.errors) == 4


def test_a_file_is_read_and_a_missing_one_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "virtual-packages.yml"
    with pytest.raises(InputError) as caught:
        read_virtual_packages(path)
    assert caught.value.why == "no such file or directory"
    path.write_bytes(WHOLE)
    assert sorted(read_virtual_packages(path)) == ["linux-64", "osx-arm64"]


def test_the_files_of_the_corpus_are_read(shared: Path) -> None:
    found = sorted((shared / "corpus").rglob("virtual-packages.yml"))
    assert found
    assert all(read_virtual_packages(path) for path in found)
