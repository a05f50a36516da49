"""Environments that rattler, pip, uv and venv really made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from uv import find_uv_bin

from reprocheck.model.prefixes import CondaRecord, Distribution, Origin, OwnedFile, Prefix
from reprocheck.readers.prefixes.installed import read_prefix

SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
VERSION = ".".join(map(str, sys.version_info[:3]))


def read(root: Path) -> Prefix:
    return read_prefix(root, "env", "linux-64")


def record_of(prefix: Prefix, name: str) -> CondaRecord:
    return next(record for record in prefix.conda if record.name == name)


def project(prefix: Prefix, name: str) -> Distribution:
    (found,) = (item for item in prefix.distributions if item.name == name)
    return found


def run(*command: str | Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "HOME": "/nonexistent"}
    environment |= {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    subprocess.run([*map(str, command)], check=True, env=environment, capture_output=True, timeout=120)


def pip(prefix: Path, *arguments: str | Path) -> None:
    run(prefix / "bin" / "python", "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", *arguments)


def uv(prefix: Path, *arguments: str | Path) -> None:
    run(
        find_uv_bin(),
        "pip",
        "install",
        "--offline",
        "--no-cache",
        "--no-deps",
        "--python",
        prefix / "bin/python",
        *arguments,
    )


@pytest.fixture
def wheels(archives: ModuleType, tmp_path: Path) -> dict[str, Path]:
    files = {"numpy/__init__.py": b"2\n"}
    return {version: archives.write_wheel(tmp_path, "numpy", version, files) for version in ("1.26.4", "2.0.0")}


def test_an_environment_of_rattlers_is_read_whole(whole_prefix: Path) -> None:
    found = read(whole_prefix)
    assert (found.path, found.kind, found.maker, found.python) == ("env", "conda", None, VERSION)
    assert found.site_packages == SITE
    assert found.faults == ()
    assert found.unfinished is None
    assert [record.name for record in found.conda] == ["einops", "first", "numpy", "pip", "python", "second"]
    assert {(item.name, item.version, item.installer, item.owner) for item in found.distributions} == {
        ("einops", "0.8.1", "conda", "conda-meta/einops-0.8.1-0.json"),
        ("numpy", "1.26.4", "conda", "conda-meta/numpy-1.26.4-py_0.json"),
        ("pip", record_of(found, "pip").version, "conda", record_of(found, "pip").record),
    }
    assert found.installed_by_pip == ()
    assert project(found, "einops").dependencies == (("numpy", "<3,>=1.20"),)
    assert project(found, "numpy").dependencies == ()


def test_every_digest_and_size_of_a_new_environment_holds(whole_prefix: Path) -> None:
    checked = 0
    for record in read(whole_prefix).conda:
        for file in record.files:
            path = whole_prefix / file.path
            assert path.is_symlink() == (file.kind == "link"), file
            if file.kind == "file":
                data = path.read_bytes()
                assert hashlib.sha256(data).hexdigest() == file.sha256
                assert file.size_bytes in (None, len(data))
                checked += 1
    assert checked > 500


def test_a_written_prefix_leaves_the_length_of_programs_alone(whole_prefix: Path) -> None:
    found = read(whole_prefix)
    (text,) = (file for file in record_of(found, "first").files if file.path == "lib/first")
    (program,) = (file for file in record_of(found, "second").files if file.path == "bin/second")
    assert text.size_bytes is None
    assert program.size_bytes == (whole_prefix / "bin/second").stat().st_size


def test_the_file_that_lost_lies_elsewhere_and_knows_its_place(whole_prefix: Path) -> None:
    found = read(whole_prefix)
    moved = [file for record in found.conda for file in record.files if file.original]
    assert moved in (
        [OwnedFile("__clobbers__/second/lib/x.txt", "file", hashlib.sha256(b"second").hexdigest(), 6, "lib/x.txt")],
        [OwnedFile("__clobbers__/first/lib/x.txt", "file", hashlib.sha256(b"first").hexdigest(), 5, "lib/x.txt")],
    )


def test_a_project_that_pip_replaced_is_pips(prefix: Path, wheels: dict[str, Path]) -> None:
    pip(prefix, wheels["2.0.0"])
    found = read(prefix)
    numpy = project(found, "numpy")
    digest = hashlib.sha256(wheels["2.0.0"].read_bytes()).hexdigest()
    origin = Origin("archive", wheels["2.0.0"].as_uri(), digest=f"sha256={digest}")
    assert (numpy.version, numpy.installer, numpy.owner, numpy.origin) == ("2.0.0", "pip", None, origin)
    code = OwnedFile(f"{SITE}/numpy/__init__.py", "file", hashlib.sha256(b"2\n").hexdigest(), 2)
    assert code in numpy.files
    assert [package.reference.manager for package, _ in found.owners[code.path]] == ["conda", "pip"]
    assert found.faults == ()


def test_a_project_that_pip_replaced_by_the_same_version_is_pips(prefix: Path, wheels: dict[str, Path]) -> None:
    pip(prefix, "--force-reinstall", wheels["1.26.4"])
    numpy = project(read(prefix), "numpy")
    assert (numpy.version, numpy.installer, numpy.owner) == ("1.26.4", "pip", None)
    assert numpy.record == f"{SITE}/numpy-1.26.4.dist-info"


def test_a_project_that_uv_replaced_by_the_same_version_is_uvs(prefix: Path, wheels: dict[str, Path]) -> None:
    uv(prefix, "--reinstall", wheels["1.26.4"])
    numpy = project(read(prefix), "numpy")
    assert (numpy.installer, numpy.owner) == ("uv", None)
    assert numpy.origin == Origin("archive", wheels["1.26.4"].as_uri())


def test_a_script_that_pip_wrote_lies_in_bin(prefix: Path, archives: ModuleType, tmp_path: Path) -> None:
    info = "tool-1.0.dist-info/entry_points.txt"
    files = {"tool.py": b"def main(): ...\n", info: b"[console_scripts]\ntool = tool:main\n"}
    pip(prefix, archives.write_wheel(tmp_path, "tool", "1.0", files))
    tool = project(read(prefix), "tool")
    (script,) = (file for file in tool.files if file.path == "bin/tool")
    assert script.sha256 == hashlib.sha256((prefix / "bin" / "tool").read_bytes()).hexdigest()


def test_a_virtual_environment_has_no_packages_of_the_python_below(
    prefix: Path, archives: ModuleType, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    run(prefix / "bin" / "python", "-m", "venv", "--without-pip", venv)
    uv(venv, archives.write_wheel(tmp_path, "tool", "1.0", {"tool.py": b""}, requires=("numpy",)))
    found = read(venv)
    assert (found.kind, found.maker, found.python, found.site_packages) == ("venv", "venv", VERSION, SITE)
    assert found.conda == ()
    assert [(item.name, item.installer, item.owner) for item in found.distributions] == [("tool", "uv", None)]
    assert found.distributions[0].dependencies == (("numpy", ""),)
    assert found.faults == ()


def test_a_virtual_environment_of_uvs_says_so(tmp_path: Path) -> None:
    run(find_uv_bin(), "venv", "--offline", "--no-cache", "--python", sys.executable, tmp_path / "venv")
    found = read(tmp_path / "venv")
    assert (found.maker, found.python, found.distributions, found.faults) == ("uv", VERSION, (), ())


def test_the_environment_that_runs_this_is_read_without_a_fault() -> None:
    found = read(Path(sys.prefix))
    assert {"pytest", "py-rattler"} <= {item.name for item in found.distributions}
    assert found.faults == ()
