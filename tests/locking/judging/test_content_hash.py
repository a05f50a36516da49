"""The content hash is conda-lock's own, whatever is written; and it proves from which sources a lock was made."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from conda_lock.content_hash import backwards_compatible_content_hashes, compute_content_hashes
from conda_lock.models.channel import Channel
from conda_lock.src_parser import make_lock_spec
from conda_lock.virtual_package import default_virtual_package_repodata, virtual_package_repo_from_specification

from reprocheck.locking.judging.content_hash import DEFAULT_CUDA, assumed_machine, content_hashes
from reprocheck.locking.platforms import PLATFORMS, virtual_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.merged_environment import merge_environments
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.environment_yml import read_environment
from reprocheck.readers.requirements_txt import expand_requirements

Write = Callable[..., list[Path]]

PLAIN = """\
channels: [conda-forge, nodefaults]
dependencies:
- python=3.11
- numpy >=1.26,<2.0a0
- pywin32=306  # only there [win]
- conda-forge::scipy=1.11.*=py311*
- pytorch==2.5.1
- NumBa[version='>=0.59|0.58.*', build=py*]
- jq=1.6|1.7*
- numpy=1.26
"""
PIP = """\
channels: [https://conda.invalid/t/$TOKEN/lab, conda-forge]
category: dev
pip-repositories: [https://$USER:$PASS@index.invalid/simple]
dependencies:
- pip=25
- python
- pip:
  - Requests [socks, Security] >=2.0 , <3
  - torch==2.6.0+cu126; sys_platform == 'linux'
  - pyobjc; platform_system == "Darwin" and python_version >= '3.9'
  - einops (>=0.6, <1)
  - colorama ; (os_name != 'posix')
  - tools @ git+https://git.invalid/lab/tools.git@v1#subdirectory=py
  - git+ssh://git@git.invalid/lab/more.git@4f5a1c9
  - wheel @ https://files.invalid/wheel-1.0-py3-none-any.whl#sha256=ab
  - hashed==1.0 --hash=sha256:cd
  - -e ./here
  - only-there  # [osx]
"""
MORE_PIP = PIP.replace("https://conda.invalid/t/$TOKEN/lab, ", "")
BASE = "channels: [conda-forge]\ndependencies: [python=3.10, numpy, pip]\n"
SELECTED_PIP = "dependencies:\n- pip=24\n- pip:\n  - only-there  # [osx]\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(*texts: str) -> list[Path]:
        paths = [tmp_path / f"{number}.yml" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return paths

    return make


def ours(paths: list[Path], cuda: str | None) -> dict[str, str | None]:
    environment = merge_environments([read_environment(path) for path in paths])
    channels = [channel.address for channel in environment.channels if channel.address != "nodefaults"]
    return content_hashes(environment, PLATFORMS, channels, {p: virtual_packages(p, cuda) for p in PLATFORMS})


def theirs(paths: list[Path], cuda: str) -> dict[str, str]:
    names = paths[0].with_name("names.json")
    names.write_text("{}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # conda-lock warns of markers that it does not look at
        specification = make_lock_spec(src_files=paths, platform_overrides=list(PLATFORMS), mapping_url=names.as_uri())
    return dict(compute_content_hashes(specification, default_virtual_package_repodata(cuda)))


@pytest.mark.parametrize(
    "texts", [(PLAIN,), (PIP,), (SELECTED_PIP,), (BASE, PLAIN), (MORE_PIP, BASE), (BASE, MORE_PIP, PLAIN)]
)
@pytest.mark.parametrize("cuda", ["11.4", "12.4", ""])
def test_the_hash_is_conda_locks_own_on_every_platform(texts: tuple[str, ...], cuda: str, write: Write) -> None:
    paths = write(*texts)
    assert ours(paths, cuda or None) == theirs(paths, cuda)


def test_conda_lock_accepts_what_a_virtual_packages_file_asks_for(write: Write, tmp_path: Path) -> None:
    paths = write(PLAIN)
    (tmp_path / "machine.yml").write_text('subdirs: {osx-64: {packages: {__osx: "12.3", __archspec: "1 x86_64"}}}')
    machine = [
        VirtualPackage(name="__osx", version="12.3"),
        VirtualPackage(name="__archspec", version="1", build="x86_64"),
    ]
    mine = content_hashes(read_environment(paths[0]), ["osx-64"], ["conda-forge"], {"osx-64": machine})
    names = tmp_path / "names.json"
    names.write_text("{}")
    specification = make_lock_spec(src_files=paths, platform_overrides=["osx-64"], mapping_url=names.as_uri())
    repository = virtual_package_repo_from_specification(tmp_path / "machine.yml")
    assert mine["osx-64"] in backwards_compatible_content_hashes(specification, repository, "osx-64")


@pytest.mark.parametrize(
    "channel",
    [
        "conda-forge",
        "https://conda.invalid/t/$TOKEN/lab",
        "https://$USER:${PASS}@Conda.invalid:8080/lab",
        "https://conda.invalid/$LAB/stable",
        "./channel",
    ],
)
def test_a_channel_is_spelled_as_conda_lock_spells_it(channel: str, write: Write) -> None:
    environment = read_environment(write(BASE)[0])
    machine = {"linux-64": virtual_packages("linux-64", None)}
    spelled = Channel.from_string(channel).url
    assert content_hashes(environment, ["linux-64"], [channel], machine) == content_hashes(
        environment, ["linux-64"], [spelled], machine
    )


@pytest.mark.parametrize(
    "text",
    [
        "dependencies: [python, numpy@]\n",
        "dependencies: [python, numpy==]\n",
        "dependencies:\n- python >=3.11 <3.12\n",
        "dependencies:\n- numpy[nonsense=1]\n",
        "dependencies:\n- https://conda.invalid/lab::numpy\n",
        "dependencies: [python,\n  numpy, scipy]  # [linux]\n",
        "dependencies:\n- pip:\n  - ./tools\n",
        "dependencies:\n- pip:\n  - -r requirements.txt\n",
        "dependencies:\n- pip:\n  - tools @ file:///here/tools\n",
        "dependencies:\n- pip:\n  - tools; python_version in '3.8 3.9'\n",
        "dependencies:\n- pip:\n  - tools; (sys_platform == 'linux') and (os_name == 'posix')\n",
        "dependencies:\n- pip:\n  - tools>=1,>=1.0\n",
        "dependencies:\n- pip:\n  - tools>=1rc1,>=1.0\n",
        "dependencies:\n- pip:\n  - tools; sys_platform >= 'linux'\n",
        "dependencies:\n- pip:\n  - tools; os_name == 'nt'; os_name == 'posix'\n",
        "dependencies:\n- pip:\n  - git+https://a@b@git.invalid/lab/tools.git@v1\n",
        "dependencies:\n- pip:\n  - tools==not/a/version\n",
        "dependencies:\n- python\n- pip:  # [linux]\n  - tools\n",
        "dependencies:\n- python\n- pip:\n",
    ],
)
def test_what_is_not_plain_is_not_guessed(text: str, write: Write) -> None:
    environment = read_environment(write(text)[0])
    assert content_hashes(environment, ["linux-64"], [], {"linux-64": virtual_packages("linux-64", None)}) == {
        "linux-64": None
    }


def test_credentials_in_the_open_are_not_guessed(write: Write) -> None:
    environment = read_environment(write(BASE)[0])
    machine = {"linux-64": virtual_packages("linux-64", None)}
    for channel in ("https://me:hunter2@conda.invalid/lab", "https://conda.invalid/t/tk-123/lab"):
        assert content_hashes(environment, ["linux-64"], [channel], machine) == {"linux-64": None}


@pytest.mark.parametrize("cuda", [DEFAULT_CUDA, "12.9", None])
def test_the_machine_that_was_assumed_is_found(cuda: str | None, write: Write) -> None:
    paths = write(PLAIN)
    stored = theirs(paths, cuda or "")
    machine = assumed_machine(read_environment(paths[0]), stored, ["conda-forge"])
    assert machine is not None
    assert {package.version for package in machine if package.name == "__cuda"} == ({cuda} if cuda else set())
    assert assumed_machine(read_environment(paths[0]), stored, ["other"]) is None
    assert assumed_machine(read_environment(paths[0]), {**stored, "win-64": "0"}, ["conda-forge"]) is None


def test_a_machine_from_a_file_is_tried_and_an_odd_platform_has_no_other(write: Write) -> None:
    environment: EnvironmentFile = read_environment(write(BASE)[0])
    machines = {"linux-s390x": [VirtualPackage(name="__linux", version="4.4")]}
    stored = content_hashes(environment, ["linux-s390x"], ["conda-forge"], machines)
    digest = {"linux-s390x": str(stored["linux-s390x"])}
    assert assumed_machine(environment, digest, ["conda-forge"], [machines]) == machines["linux-s390x"]
    assert assumed_machine(environment, digest, ["conda-forge"]) is None
    assert assumed_machine(environment, {}, ["conda-forge"]) is None


def test_sources_that_are_no_environment_yml_are_not_judged(write: Write) -> None:
    path = write(BASE)[0].rename(write(BASE)[0].with_name("pyproject.toml"))
    assert assumed_machine(read_environment(path), {"linux-64": "0"}, ["conda-forge"]) is None


def test_lines_of_a_requirements_file_are_not_judged(write: Write, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("six\n")
    named = read_environment(write("dependencies:\n- pip: [-r more.txt]\n")[0])
    expanded = expand_requirements(named, tmp_path)
    assert [line.text for line in expanded.pip] == ["six"]
    assert assumed_machine(expanded, {"linux-64": "0"}, []) is None


def test_no_library_is_loaded_for_it() -> None:
    code = (
        "import sys, reprocheck.locking.judging.content_hash;"
        "print(sorted({'rattler', 'packaging', 'conda_lock', 'yaml'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_every_real_environment_has_conda_locks_hash(shared: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "corpus_content_hash.py"), str(shared)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    counts = done.stdout.splitlines()[-1]
    assert (done.returncode, "equal" in counts, "different" in counts) == (0, True, False), counts
