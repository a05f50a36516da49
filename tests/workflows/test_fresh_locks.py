"""A lock is fresh when it was just written, whatever it was made from; an edit of any of its sources is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.locking.local_index import LocalIndex
from tests.workflows.test_lock_again import Channel

Runner = Callable[..., Any]
_IN_LOCK = re.compile(r"^conda-lock\.yml:\d+:1:")
CHANGED = (
    "environment.yml:1:1: RC202 info: the sources changed after the lock was written; it meets all that can be judged "
    "without solving"
)
ENV = "environment.yml"


@dataclass(frozen=True, kw_only=True)
class Project:
    """Files with `CHANNEL`, `OTHER` and `INDEX` in the place of addresses, options of `lock`, and what `check` says."""

    files: dict[str, str]
    options: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Files before, and those that are written anew after the lock; what `check` says then, and its exit code."""

    files: dict[str, str]
    edited: dict[str, str]
    says: tuple[str, ...]
    code: int = 1
    options: tuple[str, ...] = field(default=())


def env(
    *conda: str, pip: tuple[str, ...] = (), head: str = "platforms: [linux-64, osx-arm64]", on: str = "CHANNEL"
) -> str:
    """Return an environment.yml; its first dependency stands in line 4."""
    lines = [head, f"channels: [{on}]", "dependencies:", *(f"- {spec}" for spec in conda)]
    if pip:
        lines += ["- pip:", *(f"  - {line}" for line in ("--index-url INDEX", *pip))]
    return "\n".join([*lines, ""])


MACHINES = 'subdirs:\n  linux-64:\n    packages:\n      __glibc: "2.28"\n      __cuda: "12.4"\n'
PYPROJECT = (
    '[tool.conda-lock]\nchannels = ["CHANNEL"]\nplatforms = ["linux-64"]\n'
    '[tool.conda-lock.dependencies]\npython = "3.11.*"\nnumpy = ">=2"\ntool = "*"\n'
)
CONFIGURATION = 'platforms = ["linux-64"]\nchannels = ["OTHER"]\n'
CUDA_BY_CHANCE = (
    "environment.yml:4:3: RC207 warning: nobody decided for which CUDA the lock is: `pytorch 2.5.1` is the CPU build"
    " `cpu_generic_py312_h4d0d5a1_0` on linux-64"
)
OTHER_CHANNEL = (
    "environment.yml:2:12: RC204 warning: the lock was solved from the channels `OTHER`, declared are `CHANNEL`"
)

PROJECTS = {
    "conda only": Project(files={ENV: env("python", "numpy")}),
    "a CUDA version": Project(files={ENV: env("pytorch")}, options=("--cuda", "12.4")),
    "no CUDA": Project(files={ENV: env("pytorch")}, options=("--cuda", "none")),
    "an undecided CUDA": Project(files={ENV: env("pytorch")}, says=(CUDA_BY_CHANCE,)),
    "a pip part": Project(files={ENV: env("python", "numpy", pip=("trainer", "plot; sys_platform == 'linux'"))}),
    "the pip part left out": Project(files={ENV: env("python", pip=("trainer",))}, options=("--no-pip",)),
    "requirements and constraints": Project(
        files={
            ENV: env("python", "numpy", pip=("-r more/pip.txt", "-c limits.txt")),
            "more/pip.txt": "trainer\n",
            "limits.txt": "tokens<0.6\n",
        }
    ),
    "pip-repositories": Project(
        files={ENV: env("python") + "- pip:\n  - plot\npip-repositories: [INDEX]\nallow-pypi-requests: false\n"}
    ),
    "several sources and categories": Project(
        files={ENV: env("python", "numpy"), "dev.yml": "category: dev\n" + env("black", pip=("plot",))},
        options=("-f", ENV, "-f", "dev.yml"),
    ),
    "selectors": Project(files={ENV: env("python", "numpy  # [linux]", "tool  # [osx]", "__linux  # [linux]")}),
    "virtual-packages.yml": Project(
        files={ENV: env("pytorch", head="platforms: [linux-64]"), "virtual-packages.yml": MACHINES}
    ),
    "another time": Project(files={ENV: env("tool")}, options=("--exclude-newer", "2023-03-01")),
    "other channels for once": Project(files={ENV: env("tool")}, options=("-c", "OTHER"), says=(OTHER_CHANNEL,)),
    "a channel of one spec": Project(files={ENV: env("python", "OTHER::tool")}),
    "a configuration": Project(
        files={
            ENV: env("tool", head="name: x"),
            "reprocheck.toml": CONFIGURATION + 'cuda = "12.4"\nexclude-newer = "2023-03-01"\n',
        }
    ),
    "pyproject.toml": Project(files={"pyproject.toml": PYPROJECT}, options=("-f", "pyproject.toml")),
    "a file of another name": Project(files={"env-gpu.yml": env("tool")}, options=("-f", "env-gpu.yml")),
    "a lock in another folder": Project(
        files={"envs/environment.yml": env("tool")},
        options=("-f", "envs/environment.yml", "--lockfile", "conda-lock.yml"),
    ),
}

NUMPY_LESS = "RC202 error: the lock is stale: `numpy<2` does not admit 2.1.0 on linux-64, osx-arm64"
TOOL_LEFT = "RC203 warning: nothing that is declared needs `tool 2`, locked on linux-64"
WITH_FILES = env("python", "numpy", pip=("-r pip.txt", "-c limits.txt"))
ONE = "platforms: [linux-64]"

EDITS = {
    "a conda spec": Edit(
        files={ENV: env("python", "numpy")},
        edited={ENV: env("python", "numpy<2")},
        says=(f"environment.yml:5:3: {NUMPY_LESS}",),
    ),
    "a conda spec that is still met": Edit(
        files={ENV: env("numpy")}, edited={ENV: env("numpy>=1")}, says=(CHANGED,), code=0
    ),
    "a conda spec added": Edit(
        files={ENV: env("python")},
        edited={ENV: env("python", "tool")},
        says=("environment.yml:5:3: RC202 error: the lock is stale: `tool` is not locked on linux-64, osx-arm64",),
    ),
    "a conda spec removed": Edit(
        files={ENV: env("python", "tool", head=ONE)},
        edited={ENV: env("python", head=ONE)},
        says=(f"conda-lock.yml: {TOOL_LEFT}",),
    ),
    "a pip line": Edit(
        files={ENV: env("python", pip=("plot",))},
        edited={ENV: env("python", pip=("plot<2",))},
        says=(
            "environment.yml:7:5: RC202 error: the lock is stale: `plot<2` does not admit 2.0 on linux-64, osx-arm64",
        ),
    ),
    "a pip line removed": Edit(
        files={ENV: env("python", pip=("plot", "tokens"), head=ONE)},
        edited={ENV: env("python", pip=("plot",), head=ONE)},
        says=("conda-lock.yml: RC203 warning: nothing that is declared needs `tokens 0.6`, locked on linux-64",),
    ),
    "an extra, of which no lock tells": Edit(
        files={ENV: env("python", pip=("plot",))},
        edited={ENV: env("python", pip=("plot[svg]",))},
        says=(CHANGED,),
        code=0,
    ),
    "a requirements file": Edit(
        files={ENV: WITH_FILES, "pip.txt": "plot\n", "limits.txt": "tokens<1\n"},
        edited={"pip.txt": "\nplot<2\n"},
        says=("pip.txt:2:1: RC202 error: the lock is stale: `plot<2` does not admit 2.0 on linux-64, osx-arm64",),
    ),
    "a requirements file that is gone": Edit(
        files={ENV: env("python", pip=("-r pip.txt",)), "pip.txt": "plot\n"},
        edited={ENV: env("python", pip=("-r gone.txt",))},
        says=(CHANGED, "environment.yml:7:5: RC106 info: the file of `-r gone.txt` cannot be read"),
        code=0,
    ),
    "a constraints file": Edit(
        files={ENV: WITH_FILES, "pip.txt": "trainer\n", "limits.txt": "tokens<1\n"},
        edited={"limits.txt": "tokens<0.6\n"},
        says=(
            "limits.txt:1:1: RC202 error: the lock is stale: `tokens<0.6` does not admit 0.6 on linux-64, osx-arm64",
        ),
    ),
    "another file": Edit(
        files={ENV: env("python"), "dev.yml": env("numpy")},
        edited={"dev.yml": env("numpy<2")},
        options=("-f", ENV, "-f", "dev.yml"),
        says=(f"dev.yml:4:3: {NUMPY_LESS}",),
    ),
    "a platform added": Edit(
        files={ENV: env("tool", head=ONE)},
        edited={ENV: env("tool")},
        says=("environment.yml:1:23: RC202 error: the lock is stale: it holds nothing for osx-arm64",),
    ),
    "a platform removed": Edit(
        files={ENV: env("tool")},
        edited={ENV: env("tool", head=ONE)},
        says=("environment.yml:1:13: RC204 warning: the lock holds packages for `osx-arm64`, which nobody declares",),
    ),
    "the order of channels": Edit(
        files={ENV: env("tool", on="CHANNEL, OTHER")},
        edited={ENV: env("tool", on="OTHER, CHANNEL")},
        says=(
            "environment.yml:2:12: RC204 warning: the lock was solved from the channels `CHANNEL`, `OTHER`, declared"
            " are `OTHER`, `CHANNEL`",
        ),
    ),
    "pip-repositories": Edit(
        files={ENV: env("python") + "- pip:\n  - plot\npip-repositories: [INDEX]\nallow-pypi-requests: false\n"},
        edited={ENV: env("python") + "- pip:\n  - plot\npip-repositories: [https://pip.invalid]\n"},
        says=(CHANGED,),
        code=0,
    ),
    "a dependency of pyproject.toml": Edit(
        files={"pyproject.toml": PYPROJECT},
        edited={"pyproject.toml": PYPROJECT.replace(">=2", "<2")},
        options=("-f", "pyproject.toml"),
        says=("pyproject.toml:6:1: RC202 error: the lock is stale: `numpy <2` does not admit 2.1.0 on linux-64",),
    ),
    "a dependency taken out of pyproject.toml": Edit(
        files={"pyproject.toml": PYPROJECT},
        edited={"pyproject.toml": PYPROJECT.replace('tool = "*"\n', "")},
        options=("-f", "pyproject.toml"),
        says=(f"conda-lock.yml: {TOOL_LEFT}",),
    ),
    "the CUDA of the configuration": Edit(
        files={ENV: env("tool"), "reprocheck.toml": "cuda = '12.4'\n"},
        edited={"reprocheck.toml": "cuda = '12.6'\n"},
        says=(
            "environment.yml:1:1: RC202 error: the lock is stale: the configuration says CUDA `12.6`, the lock was made"
            " for `12.4`",
        ),
    ),
    "the time of the configuration": Edit(
        files={ENV: env("tool")},
        edited={"reprocheck.toml": "exclude-newer = '2024-03-01'\n"},
        says=(
            "environment.yml:1:1: RC202 error: the lock is stale: the configuration says `exclude-newer`"
            " `2024-03-02T00:00:00Z`, the lock was made for `none`",
        ),
    ),
    "the platforms of the configuration": Edit(
        files={ENV: env("tool", head="name: x"), "reprocheck.toml": 'platforms = ["linux-64"]\n'},
        edited={"reprocheck.toml": 'platforms = ["linux-64", "win-64"]\n'},
        says=("environment.yml:1:1: RC202 error: the lock is stale: it holds nothing for win-64",),
    ),
    "virtual-packages.yml": Edit(
        files={ENV: env("tool", head=ONE), "virtual-packages.yml": MACHINES},
        edited={"virtual-packages.yml": MACHINES.replace("2.28", "2.35")},
        says=(CHANGED,),
        code=0,
    ),
}


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the addresses of two channels and a package index, by the words that stand for them."""
    folder = tmp_path_factory.mktemp("published")
    channel, other, index = Channel(folder / "channel"), Channel(folder / "other"), LocalIndex(folder / "index")
    for made in (channel, other):
        made.add("tool", "1", day=0)
    channel.add("tool", "2", day=100)
    for name, version in (("python", "3.11.9"), ("pip", "24.0"), ("black", "24.1"), ("numpy", "1.26.4")):
        channel.add(name, version)
    channel.records["pytorch-2.5.1-cpu_generic_py312_h4d0d5a1_0.conda"] = pytorch("cpu_generic_py312_h4d0d5a1_0")
    channel.records["pytorch-2.5.1-cuda126_generic_py312_h4d0d5a1_1.conda"] = pytorch(
        "cuda126_generic_py312_h4d0d5a1_1", "__cuda"
    )
    channel.add("numpy", "2.1.0", "python")
    index.add("trainer", "1.0", "tokens")
    for name, version in (("tokens", "0.5"), ("tokens", "0.6"), ("plot", "1.0"), ("plot", "2.0")):
        index.add(name, version)
    return {"CHANNEL": channel.uri, "OTHER": other.uri, "INDEX": index.url}


def pytorch(build: str, *depends: str) -> dict[str, object]:
    return {
        "name": "pytorch",
        "version": "2.5.1",
        "build": build,
        "build_number": len(depends),
        "depends": [*depends],
        "md5": "0" * 32,
        "sha256": "0" * 64,
        "subdir": "noarch",
    }


def filled(text: str, addresses: dict[str, str]) -> str:
    for word, address in addresses.items():
        text = text.replace(word, address)
    return text


def write(folder: Path, files: dict[str, str], addresses: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(filled(text, addresses))


def check(reprocheck: Runner, addresses: dict[str, str]) -> tuple[int, list[str]]:
    """Return exit code and findings; that channel and index lie in folders here is no finding."""
    done = reprocheck("check", "--ignore", "RC108,RC206", "--output-format", "concise")
    found = [_IN_LOCK.sub("conda-lock.yml:", line) for line in done.out.splitlines() if ": RC" in line]
    for word, address in addresses.items():
        found = [line.replace(address, word) for line in found]
    assert done.err == ""
    return done.code, found


@pytest.mark.parametrize("name", PROJECTS)
def test_a_lock_that_was_just_written_is_fresh(
    name: str, reprocheck: Runner, tmp_path: Path, addresses: dict[str, str]
) -> None:
    project = PROJECTS[name]
    write(tmp_path, project.files, addresses)
    locked = reprocheck("lock", *(filled(option, addresses) for option in project.options))
    assert locked.code == 0, locked.err
    assert check(reprocheck, addresses) == (bool(project.says), list(project.says))


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_what_a_lock_was_made_from_is_told(
    name: str, reprocheck: Runner, tmp_path: Path, addresses: dict[str, str]
) -> None:
    edit = EDITS[name]
    write(tmp_path, edit.files, addresses)
    locked = reprocheck("lock", *edit.options)
    assert locked.code == 0, locked.err
    write(tmp_path, edit.edited, addresses)
    assert check(reprocheck, addresses) == (edit.code, list(edit.says))


def test_the_fix_locks_everything_that_the_lock_was_made_from(
    reprocheck: Runner, tmp_path: Path, addresses: dict[str, str]
) -> None:
    write(tmp_path, {ENV: env("python"), "my dev.yml": env("numpy", pip=("plot",))}, addresses)
    reprocheck("lock", "-f", ENV, "-f", "my dev.yml", "--lockfile", "all.conda-lock.yml", "--no-pip")
    write(tmp_path, {"my dev.yml": env("numpy<2", pip=("plot",))}, addresses)
    done = reprocheck("check", "--lockfile", "all.conda-lock.yml", "--select", "RC202")
    assert done.out.splitlines()[3] == (
        "  fix: reprocheck lock -f environment.yml -f 'my dev.yml' --lockfile all.conda-lock.yml --no-pip"
    )
