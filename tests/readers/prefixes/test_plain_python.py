"""A Python that stands by itself, as in container images and pyenv's folders, is audited as a venv is."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.model.prefixes import Prefix
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.readers.prefixes.plain_python import plain_python

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
METADATA = "site-packages/tool-1.0.dist-info/METADATA"
HEAD = "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n"


def library(folder: str) -> dict[str, str]:
    return {f"{folder}/os.py": "", f"{folder}/{METADATA}": HEAD}


def read(root: Path) -> Prefix:
    return read_prefix(root, "env", "linux-64")


@pytest.mark.parametrize(
    ("program", "folder", "version"),
    [
        ("python3.12", "lib/python3.12", "3.12"),
        ("python3.13t", "lib/python3.13t", "3.13"),
        ("pypy3.10", "lib/pypy3.10", "3.10"),
    ],
)
def test_a_program_with_its_library_and_packages_is_one(
    tmp_path: Path, write: Write, program: str, folder: str, version: str
) -> None:
    write(tmp_path, {f"bin/{program}": "", **library(folder)})
    (tmp_path / "bin" / "python3").symlink_to(program)
    found = read(tmp_path)
    assert (found.kind, found.maker, found.python, found.is_alone) == ("venv", "python", version, True)
    assert (found.site_packages, found.conda) == (f"{folder}/site-packages", ())
    assert [item.record for item in found.distributions] == [f"{folder}/site-packages/tool-1.0.dist-info"]


def test_a_program_that_is_no_link_is_that_of_the_only_library(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"bin/python3": "", **library("lib/python3.12"), "lib/python3.11/dist-packages/x": ""})
    assert plain_python(tmp_path) == "3.12"
    write(tmp_path, library("lib/python3.13"))
    assert plain_python(tmp_path) is None  # which of the two it starts is not known


def test_of_several_libraries_the_one_that_python3_starts_counts(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"bin/python3.12": "", **library("lib/python3.11"), **library("lib/python3.12")})
    (tmp_path / "bin" / "python3").symlink_to("python3.12")
    found = read(tmp_path)
    assert (found.python, found.site_packages) == ("3.12", "lib/python3.12/site-packages")
    assert len(found.distributions) == 1


def test_on_windows_the_shared_library_tells_the_version(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"python.exe": "", **library("Lib")})
    assert plain_python(tmp_path) is None
    write(tmp_path, {"python3.dll": "", "python312.dll": ""})
    assert plain_python(tmp_path) == "3.12"


@pytest.mark.parametrize(
    "missing", ["bin/python3", "lib/python3.12/os.py", f"lib/python3.12/{METADATA}"], ids=["program", "library", "site"]
)
def test_what_lacks_a_part_is_none(tmp_path: Path, write: Write, missing: str) -> None:
    files = {"bin/python3": "", **library("lib/python3.12")}
    write(tmp_path, {path: data for path, data in files.items() if path != missing})
    assert plain_python(tmp_path) is None


def test_a_program_of_another_folder_makes_none(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"else/bin/python3.11": "", **{f"env/{path}": "" for path in library("lib/python3.12")}})
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "env" / "bin" / "python3").symlink_to(tmp_path / "else" / "bin" / "python3.11")
    assert plain_python(tmp_path / "env") is None


def test_debians_own_python_is_refused(tmp_path: Path, write: Write) -> None:
    write(
        tmp_path, {"bin/python3.11": "", "lib/python3.11/os.py": "", "lib/python3/dist-packages/yaml/__init__.py": ""}
    )
    (tmp_path / "bin" / "python3").symlink_to("python3.11")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.lines() == [
        "error: no environment at `env`",
        "  where: env",
        "  why:   the packages of its Python (`lib/python3/dist-packages`) belong to apt",
        "  how:   name a virtual environment",
    ]


def test_its_python_leads_to_its_folder(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"bin/python3": "", **library("lib/python3.12")})
    with pytest.raises(InputError) as caught:
        read(tmp_path / "bin" / "python3")
    assert caught.value.how == f"name the folder around it, `{tmp_path.as_posix()}`"


def test_the_python_that_runs_this_is_read_as_it_says_itself() -> None:
    base = Path(sys.base_prefix)
    version = plain_python(base)
    if version is None:
        pytest.skip("the Python that runs this is conda's or the operating system's")
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    said = subprocess.run([base / "bin" / "python3", "-c", ask], capture_output=True, text=True, check=True)
    assert version == said.stdout.strip()
    assert (
        read(base).site_packages
        == Path(sysconfig.get_path("purelib", vars={"base": "/b"})).relative_to("/b").as_posix()
    )
