"""The whole story of an installed environment: lock, create, audit; damage of every kind, found by name; repaired.

All real: `.conda` archives and wheels made on the fly, a channel that rattler indexed, the Python that runs this, and
pip itself doing the damage that pip does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import conda_archives as archives
from tests.conftest import Outcome, clean_environment

pytestmark = pytest.mark.slow

# What the story is about; where its packages come from (folders of this machine, without pins) is not.
FAMILIES = ("--select", "RC3,RC4,RC6")

Told = tuple[str, str]  # code and severity


class World(NamedTuple):
    """A folder with environment.yml and a lock, the environment made from it, and wheels to do damage with."""

    folder: Path
    env: Path
    site: Path
    wheels: Path

    def run(self, *words: str | Path) -> Outcome:
        """Run the command line with caches of its own."""
        caches = {"RATTLER_CACHE_DIR": f"{self.folder}/cache", "UV_CACHE_DIR": f"{self.folder}/uv"}
        variables = {**clean_environment(), **caches, "HOME": str(self.folder), "JUPYTER_PATH": ""}
        command = [sys.executable, "-m", "reprocheck", *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, check=False, timeout=240)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def audit(self, *words: str) -> list[dict[str, Any]]:
        """Return the findings of a whole audit."""
        done = self.run("audit", "--prefix", self.env, *FAMILIES, "--output-format", "json", *words)
        assert done.code in (0, 1), done.err
        findings: list[dict[str, Any]] = json.loads(done.out)["findings"]
        return findings

    def pip(self, *words: str | Path) -> None:
        """Run the environment's own pip, offline."""
        program = self.env / "bin" / "python"
        command = [str(program), "-m", "pip", *map(str, words), "--no-index", "--disable-pip-version-check", "-q"]
        variables = {**clean_environment(), "PYTHONPATH": "", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
        subprocess.run(command, check=True, env=variables, cwd=self.folder, capture_output=True)


def make_world(folder: Path) -> World:
    python, pip = archives.running_python(), archives.running_pip()
    short = ".".join(python.version.split(".")[:2])
    site = f"lib/python{short}/site-packages"
    channel = folder / "channel"
    kernel = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
    packages = [
        python,
        pip,
        archives.CondaPackage(
            name="numpy",
            version="1.26.4",
            build="py_0",
            depends=("python",),
            files={
                **archives.python_project(
                    "numpy", "1.26.4", {"numpy/__init__.py": b"version = 1\n", "numpy/core.so": b"\x7fELF one"}, site
                ),
                "lib/libmath.so": b"\x7fELF math",
            },
        ),
        archives.CondaPackage(
            name="einops",
            version="0.8.1",
            noarch=True,
            depends=("python",),
            files=archives.python_project(
                "einops", "0.8.1", {"einops/__init__.py": b"one = 1\n", "einops/layers.py": b"two = 2\n"}
            ),
        ),
        archives.CondaPackage(
            name="ipykernel",
            version="6.29.5",
            build="py_0",
            depends=("python",),
            files={"share/jupyter/kernels/python3/kernel.json": json.dumps(kernel).encode()},
        ),
        archives.CondaPackage(name="libgomp", version="13.2.0", files={"lib/libgomp.so.1": b"\x7fELF gomp"}),
        archives.CondaPackage(name="clash", files={"lib/libgomp.so.1": b"\x7fELF clash"}),
    ]
    for package in packages:
        archives.write_conda(channel, package)
    archives.index_channel(channel)
    index = folder / "index"
    for name, version, needs in (("trainer", "1.0", ("numpy>=1.26",)), ("tokens", "0.5", ())):
        wheel = archives.write_wheel(index / name, name, version, {f"{name}/__init__.py": b"x = 1\n"}, needs)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (index / name / "index.html").write_text(f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>')
    (folder / "environment.yml").write_text(
        f"name: paper\nchannels: [{channel.as_uri()}]\nplatforms: [{archives.this_platform()}]\ndependencies:\n"
        f"- python={short}\n- pip\n- numpy=1.26\n- einops=0.8\n- ipykernel\n- libgomp\n- pip:\n"
        f"  - --index-url {index.as_uri()}\n  - trainer==1.0\n  - tokens==0.5\n"
    )
    return World(folder, folder / "env", folder / "env" / site, folder / "wheels")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The environment as `create` made it; copied for nobody, each test puts it right again by `create`."""
    world = make_world(tmp_path_factory.mktemp("story"))
    locked = world.run("lock", "--cuda", "none")
    assert locked.code == 0, locked.err
    created = world.run("create", "-p", world.env)
    assert created.code == 0, created.err
    return world


@pytest.fixture
def world(made: World) -> Iterator[World]:
    """The environment, clean before each damage; `create` repairs it behind each, and the audit is clean again."""
    assert made.audit() == []
    yield made
    repaired = made.run("create", "-p", made.env)
    assert repaired.code == 0, repaired.err
    assert made.audit() == []


def told(findings: list[dict[str, Any]]) -> list[Told]:
    return [(finding["code"], finding["severity"]) for finding in findings]


def named(finding: dict[str, Any]) -> set[str]:
    return {f"{package['manager']} {package['name']} {package['version']}" for package in finding["packages"]}


def test_the_environment_is_what_the_lock_says(world: World) -> None:
    program = world.env / "bin" / "python"
    script = "import sys, numpy, einops, trainer, tokens; print(sys.prefix)"
    done = subprocess.run([program, "-c", script], capture_output=True, check=True, env=clean_environment(), text=True)
    assert done.stdout.strip() == str(world.env)
    whole = world.run("audit", "--prefix", world.env, *FAMILIES)
    assert (whole.code, whole.out.splitlines()[0]) == (0, "no findings")


def test_a_missing_file_is_named_with_its_owner(world: World) -> None:
    (world.site / "einops" / "layers.py").unlink()
    [found] = world.audit()
    assert (found["code"], found["severity"], named(found)) == ("RC601", "error", {"conda einops 0.8.1"})
    assert found["location"]["path"].endswith("einops/layers.py")
    assert told(world.audit("--fast")) == [("RC601", "error")]


def test_a_changed_byte_is_named_with_its_owner(world: World) -> None:
    path = world.env / "lib" / "libmath.so"
    with path.open("r+b") as stream:  # in place: a hard link into the package cache would change there too
        stream.seek(2)
        stream.write(b"X")
    [found] = world.audit()
    assert (found["code"], found["severity"], named(found)) == ("RC602", "error", {"conda numpy 1.26.4"})
    assert found["location"]["path"].endswith("lib/libmath.so")
    assert world.audit("--fast") == []  # the size is the same


def test_pip_over_conda_is_named_with_both_owners_and_whose_bytes_lie_there(world: World) -> None:
    wheel = archives.write_wheel(world.wheels, "numpy", "2.0.0", {"numpy/__init__.py": b"version = 2\n"})
    world.pip("install", "--no-deps", wheel)
    [found] = world.audit()
    assert (found["code"], found["severity"]) == ("RC604", "error")
    assert named(found) == {"conda numpy 1.26.4", "pip numpy 2.0.0"}
    assert "numpy/__init__.py" in json.dumps(found)


def test_two_distributions_that_own_a_file_are_named(world: World) -> None:
    for name, data in (("first", b"1\n"), ("second", b"2\n")):
        wheel = archives.write_wheel(world.wheels, name, "1.0", {"common/tool.py": data, f"{name}.py": b""})
        world.pip("install", "--no-deps", wheel)
    found = world.audit()
    assert sorted(finding["code"] for finding in found) == ["RC603", "RC605", "RC605"]
    [clobbered] = [finding for finding in found if finding["code"] == "RC603"]
    assert named(clobbered) == {"pip first 1.0", "pip second 1.0"}
    assert clobbered["location"]["path"].endswith("common/tool.py")


ADDING = """
import asyncio, os, sys, rattler
async def add(channel, prefix):
    names = ["python", "pip", "numpy", "einops", "ipykernel", "libgomp", "clash"]
    platforms = [str(rattler.Subdir.current()), "noarch"]
    records = await rattler.solve([rattler.Channel(channel)], names, platforms=platforms)
    await rattler.install(records, prefix, cache_dir=os.environ["RATTLER_CACHE_DIR"], show_progress=False)
asyncio.run(add(*sys.argv[1:]))
os._exit(0)
"""


def test_two_conda_packages_that_own_a_file_are_named_and_whose_bytes_lie_there(world: World) -> None:
    variables = {**clean_environment(), "RATTLER_CACHE_DIR": f"{world.folder}/cache"}
    channel = (world.folder / "channel").as_uri()
    subprocess.run([sys.executable, "-c", ADDING, channel, str(world.env)], env=variables, check=True)
    found = world.audit()
    assert sorted(finding["code"] for finding in found) == ["RC603", "RC605"]
    [clobbered] = [finding for finding in found if finding["code"] == "RC603"]
    assert named(clobbered) == {"conda clash 1.0", "conda libgomp 13.2.0"}
    assert clobbered["location"]["path"].endswith("lib/libgomp.so.1")
    [extra] = [finding for finding in found if finding["code"] == "RC605"]
    assert named(extra) == {"conda clash 1.0"}


def test_a_pip_package_of_another_version_is_drift(world: World) -> None:
    wheel = archives.write_wheel(world.wheels, "tokens", "0.6", {"tokens/__init__.py": b"new\n"})
    world.pip("install", "--no-deps", wheel)
    [found] = world.audit()
    assert (found["code"], found["severity"]) == ("RC605", "error")
    assert "pip tokens 0.6" in named(found)


def test_a_conda_package_that_is_gone_is_drift(world: World) -> None:
    [record] = (world.env / "conda-meta").glob("libgomp-*.json")
    record.unlink()
    (world.env / "lib" / "libgomp.so.1").unlink()
    [found] = world.audit()
    assert (found["code"], found["severity"], found["packages"][0]["name"]) == ("RC605", "error", "libgomp")


def test_an_editable_install_is_named(world: World) -> None:
    project = world.folder / "my-project"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    (project / "mine.py").write_text("x = 1\n")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "1.0"\n'
    )
    (project / "backend.py").write_text(BACKEND)
    world.pip("install", "--no-deps", "--no-build-isolation", "-e", project)
    [found] = world.audit()
    assert (found["code"], found["severity"], named(found)) == ("RC606", "warning", {"pip mine 1.0"})


def test_metadata_that_lies_there_twice_is_named(world: World) -> None:
    old = world.site / "tokens-0.4.dist-info"
    shutil.copytree(world.site / "tokens-0.5.dist-info", old)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: tokens\nVersion: 0.4\n")
    found = world.audit()
    assert told([finding for finding in found if finding["code"] == "RC608"]) == [("RC608", "warning")]
    assert {name for finding in found for name in named(finding)} <= {"pip tokens 0.4", "pip tokens 0.5"}


def test_a_kernel_that_starts_another_python_is_named(world: World) -> None:
    path = world.env / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    other = {"argv": ["/usr/bin/env-of-somebody/python", "-m", "ipykernel_launcher"], "display_name": "Python 3"}
    path.unlink()
    path.write_text(json.dumps({**other, "language": "python"}))
    [found] = world.audit()
    assert found["code"] == "RC607"
    assert found["location"]["path"].endswith("kernels/python3/kernel.json")


def test_a_second_copy_of_a_runtime_is_named(world: World) -> None:
    folder = world.site / "fast.libs"
    folder.mkdir()
    (folder / "libgomp.so.1").write_bytes(b"\x7fELF another gomp")
    found = world.audit()
    assert {finding["code"] for finding in found} == {"RC609"}
    shutil.rmtree(folder)  # nobody's file: `create` takes away only what somebody lists


def test_a_venv_on_top_is_an_environment_of_its_own(world: World) -> None:
    venv = world.folder / "venv"
    subprocess.run([world.env / "bin" / "python", "-m", "venv", "--without-pip", venv], check=True)
    wheel = archives.write_wheel(world.wheels, "numpy", "2.0.0", {"numpy/__init__.py": b"version = 2\n"})
    world.pip("--python", venv / "bin" / "python", "install", "--no-deps", wheel)
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    done = world.run("audit", "--prefix", venv, "--select", "RC6", "--lockfile", elsewhere / "none.yml")
    assert done.code == 0, done.out
    (venv / "lib").joinpath(world.site.parent.name, "site-packages", "numpy", "__init__.py").write_text("broken")
    damaged = world.run("audit", "--prefix", venv, "--select", "RC6", "--lockfile", elsewhere / "none.yml")
    assert damaged.code == 1
    assert "RC602" in damaged.out
    shutil.rmtree(venv)


# A build backend of one file (PEP 517 and PEP 660), so that an editable install needs nothing from an index.
BACKEND = """
import base64, hashlib, os, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    here = os.path.dirname(os.path.abspath(__file__))
    files = {
        "__editable__.mine-1.0.pth": here + "\\n",
        "mine-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n",
        "mine-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    rows = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(text.encode())}\\n")
    files["mine-1.0.dist-info/RECORD"] = "".join(rows) + "mine-1.0.dist-info/RECORD,,\\n"
    name = "mine-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return build_editable(wheel_directory)
"""
