"""Environments that conda-pack has moved: of what it writes anew no record tells the digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reprocheck.model.prefixes import OwnedFile, Prefix
from reprocheck.readers.prefixes.installed import read_prefix

A, B = "a" * 64, "b" * 64
SITE = "lib/python3.11/site-packages"
RECORD_DIGEST = f"sha256={'A' * 43}"

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
Record = Callable[..., str]


@pytest.fixture
def moved(tmp_path: Path, write: Write, record: Record) -> Callable[..., Prefix]:
    """Return what is read of an environment with one package of conda's and one of pip's, and these files besides."""

    def make(*besides: str) -> Prefix:
        paths = (
            {"_path": "bin/tool", "path_type": "unix_python_entry_point", "sha256": A, "size_in_bytes": 9},
            {"_path": "bin/text", "sha256": A, "sha256_in_prefix": B, "size_in_bytes": 3, "prefix_placeholder": "/p"},
            {
                "_path": "lib/x.so",
                "sha256": A,
                "sha256_in_prefix": B,
                "size_in_bytes": 7,
                "prefix_placeholder": "/p",
                "file_mode": "binary",
            },
            {"_path": "bin/plain", "path_type": "hardlink", "sha256": A, "sha256_in_prefix": A, "size_in_bytes": 5},
        )
        files = {
            "conda-meta/tool-1.0-h1_0.json": record("tool", *paths),
            f"{SITE}/lab-1.0.dist-info/METADATA": "Name: lab\nVersion: 1.0\n",
            f"{SITE}/lab-1.0.dist-info/RECORD": f"lab.py,{RECORD_DIGEST},3\n../../../bin/lab,{RECORD_DIGEST},4\n",
            **dict.fromkeys(besides, ""),
        }
        return read_prefix(write(tmp_path, files), "env", "linux-64")

    return make


@pytest.mark.parametrize("unpacker", ["bin/conda-unpack", "Scripts/conda-unpack.exe", "Scripts/conda-unpack-script.py"])
def test_of_what_conda_pack_writes_anew_only_the_length_of_programs_is_known(
    moved: Callable[..., Prefix], unpacker: str
) -> None:
    found = moved(unpacker)
    assert found.conda[0].files == (
        OwnedFile("bin/tool"),
        OwnedFile("bin/text"),
        OwnedFile("lib/x.so", "file", None, 7),
        OwnedFile("bin/plain", "file", A, 5),
    )
    digest = "0" * 64
    assert found.distributions[0].files == (OwnedFile(f"{SITE}/lab.py", "file", digest, 3), OwnedFile("bin/lab"))


def test_elsewhere_every_digest_counts(moved: Callable[..., Prefix]) -> None:
    found = moved("share/conda-unpack")
    assert [file.sha256 for file in found.conda[0].files] == [A, B, B, A]
    assert [file.sha256 for file in found.distributions[0].files] == ["0" * 64] * 2
