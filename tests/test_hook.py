"""The pre-commit hooks, run by the real pre-commit in a real git repository.

The entries of .pre-commit-hooks.yaml are taken as they stand, but run from this checkout (`language: system`), since
an installation needs a package index; with REPROCHECK_TEST_NETWORK=1 pre-commit installs the hook itself too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
CHANNEL = ROOT / "fixtures" / "channels" / "high"
CLEAN = "channels:\n  - conda-forge\ndependencies:\n  - python=3.12\n"
FAULTY = CLEAN + "  - numpy >=1.26 <2\n"  # the space makes `<2` a build string
LOCK = """\
version: 1
metadata:
  content_hash: {}
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  sources:
  - environment.yml
package:
- name: python
  version: 3.12.9
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.invalid/conda-forge/linux-64/python-3.12.9-h1_1_cpython.conda
  hash:
    sha256: '0000000000000000000000000000000000000000000000000000000000000000'
  category: main
  optional: false
"""
PIXI_LOCK = """\
version: 6
environments:
  default:
    channels:
    - url: https://conda.invalid/conda-forge/
    packages:
      linux-64:
      - conda: https://conda.invalid/conda-forge/linux-64/python-3.12.9-h1_1_cpython.conda
packages:
- conda: https://conda.invalid/conda-forge/linux-64/python-3.12.9-h1_1_cpython.conda
  sha256: '0000000000000000000000000000000000000000000000000000000000000000'
"""

Done = subprocess.CompletedProcess[str]


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a user with a fresh home, from whose git and pre-commit nothing leaks in."""
    kept = {
        name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    author = {f"GIT_{who}_{what}": "x@x.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {
        **kept,
        **author,
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PYTHONPATH": str(ROOT),
        "GIT_CONFIG_NOSYSTEM": "1",
        "RATTLER_CACHE_DIR": str(home / "rattler"),
    }


class Repository:
    """A git repository with the hooks installed, as `pre-commit install` does it."""

    def __init__(self, folder: Path, config: object) -> None:
        self.folder = folder / "repository"
        self.env = environment(folder)
        self.folder.mkdir()
        self.run("git", "init", "--quiet", "--initial-branch", "main", check=True)
        self.write(".pre-commit-config.yaml", yaml.safe_dump(config))
        words = ("install", "--hook-type", "pre-commit", "--hook-type", "pre-push")
        self.run(sys.executable, "-m", "pre_commit", *words, check=True)
        self.write("environment.yml", CLEAN)
        self.write("conda-lock.yml", LOCK)
        self.write("train.py", "")
        self.commit("first", "--no-verify")

    def run(self, *words: str, check: bool = False) -> Done:
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=check,
            timeout=600,
        )

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, message: str, *options: str) -> Done:
        self.run("git", "add", "--all", check=True)
        return self.run("git", "commit", "--message", message, *options)


def local(*names: str, **more: object) -> dict[str, object]:
    """Return a configuration that runs our hooks from this checkout."""
    hooks = []
    for name in names:
        command, *arguments = HOOKS[name]["entry"].split()
        assert command == "reprocheck"
        entry = f"{sys.executable} -m reprocheck {' '.join(arguments)}"
        hooks.append({**HOOKS[name], "language": "system", "entry": entry, **more})
    return {"repos": [{"repo": "local", "hooks": hooks}]}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    return Repository(tmp_path, local("reprocheck", "reprocheck-lock"))


def told(done: Done) -> str:
    """Return what pre-commit says of the first hook: `Passed`, `Failed` or `Skipped`."""
    found = re.search(r"^reprocheck\.+(?:\(no files to check\))?(Passed|Failed|Skipped)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return found[1]


Change = Callable[[Repository], None]


def changed(name: str, text: str) -> Change:
    return lambda repository: repository.write(name, text)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(changed("environment.yml", CLEAN + "# why\n"), id="environment"),
        pytest.param(changed("conda-lock.yml", LOCK + "# by hand\n"), id="lock"),
        pytest.param(changed("pixi.lock", PIXI_LOCK), id="pixi lock"),
    ],
)
def test_a_change_without_a_fault_is_looked_at_and_goes_through(repository: Repository, change: Change) -> None:
    change(repository)
    done = repository.commit("second")
    assert (told(done), done.returncode) == ("Passed", 0)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(changed("environment.yml", FAULTY), "environment.yml:5:5: error RC102", id="environment"),
        pytest.param(
            changed("paper/environment.yml", FAULTY), "paper/environment.yml:5:5: error RC102", id="in a subfolder"
        ),
        pytest.param(
            changed("environment-gpu.yaml", FAULTY), "environment-gpu.yaml:5:5: error RC102", id="another name"
        ),
        pytest.param(
            changed("conda-lock.yml", LOCK.replace("3.12.9", "3.11.9")), "error RC202 lock-stale", id="its lock"
        ),
        pytest.param(
            changed("paper/gpu-conda-lock.yml", LOCK.replace("dependencies: {}", "dependencies: {zlib: ''}")),
            "paper/gpu-conda-lock.yml:12:1: error RC205",
            id="a lock without its environment",
        ),
    ],
)
def test_a_change_with_a_fault_is_refused_and_named(repository: Repository, change: Change, finding: str) -> None:
    change(repository)
    done = repository.commit("second")
    assert (told(done), done.returncode) == ("Failed", 1)
    assert finding in done.stdout
    assert repository.run("git", "rev-list", "--count", "HEAD").stdout == "1\n"


@pytest.mark.parametrize("name", ["train.py", "docs/environment.md", "uv.lock", "my-environment.yml"])
def test_other_files_are_none_of_its_business(repository: Repository, name: str) -> None:
    repository.write("environment.yml", FAULTY)
    repository.commit("a fault that is already there", "--no-verify")
    repository.write(name, "x = 1\n")
    done = repository.commit("third")
    assert (told(done), done.returncode) == ("Skipped", 0)


def test_environment_and_lock_in_one_commit_are_told_once(repository: Repository) -> None:
    repository.write("environment.yml", FAULTY)
    repository.write("conda-lock.yml", LOCK + "# by hand\n")
    done = repository.commit("second")
    assert done.stdout.count("error RC102 ") == 1


def test_all_files_of_a_clean_repository_pass(repository: Repository) -> None:
    done = repository.run(sys.executable, "-m", "pre_commit", "run", "--all-files")
    assert (told(done), done.returncode) == ("Passed", 0)
    assert "reprocheck lock" not in done.stdout


@pytest.fixture
def lockable(tmp_path: Path) -> Repository:
    """A repository whose environment can be locked from a channel of this checkout, without a network."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    arguments = ["--no-pip", "--cuda", "none", "-c", CHANNEL.as_uri(), "-p", "linux-64", "--no-progress"]
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repository = Repository(tmp_path, local("reprocheck-lock", args=arguments))
    repository.run("git", "init", "--quiet", "--bare", "../remote", check=True)
    repository.run("git", "remote", "add", "origin", "../remote", check=True)
    return repository


def locked(lockable: Repository) -> Done:
    return lockable.run(sys.executable, "-m", "pre_commit", "run", "--hook-stage", "manual", "--all-files")


def test_the_lock_hook_writes_the_lock_and_fails_once(lockable: Repository) -> None:
    lockable.write("environment.yml", "dependencies:\n  - numpy\n")
    assert lockable.commit("second").returncode == 0  # it is no hook of commits
    first = locked(lockable)
    assert (first.returncode, "files were modified by this hook" in first.stdout) == (1, True)
    assert "name: numpy\n" in (lockable.folder / "conda-lock.yml").read_text(encoding="utf-8")
    lockable.commit("third")
    assert locked(lockable).returncode == 0


def test_a_push_with_a_stale_lock_is_stopped_until_the_new_one_is_committed(lockable: Repository) -> None:
    lockable.write("environment.yml", "dependencies:\n  - numpy\n")
    lockable.commit("second")
    refused = lockable.run("git", "push", "origin", "main")
    assert refused.returncode != 0, refused.stdout
    lockable.commit("third")
    assert lockable.run("git", "push", "origin", "main").returncode == 0


def test_a_push_of_other_files_asks_no_channel(lockable: Repository) -> None:
    assert lockable.run("git", "push", "--no-verify", "origin", "main").returncode == 0
    lockable.write("train.py", "x = 1\n")
    lockable.commit("second")
    done = lockable.run("git", "push", "origin", "main")
    assert re.search(r"^reprocheck lock\.+\(no files to check\)Skipped$", done.stdout, re.MULTILINE)
    assert done.returncode == 0


@pytest.mark.network
@pytest.mark.slow
def test_pre_commit_installs_the_hook_and_runs_it(tmp_path: Path) -> None:
    if os.environ.get("REPROCHECK_TEST_NETWORK") != "1":
        pytest.skip("the installation asks a package index: set REPROCHECK_TEST_NETWORK=1 to have it")
    repository = Repository(tmp_path, {"repos": []})
    names = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "SSL_CERT_FILE", "PIP_CONFIG_FILE")
    repository.env |= {name: os.environ[name] for name in names if name in os.environ}
    repository.env.pop("PYTHONPATH")
    repository.write("environment.yml", FAULTY)
    repository.run("git", "add", "--all", check=True)
    done = repository.run(sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "reprocheck", "--all-files")
    assert told(done) == "Failed"
    assert "environment.yml:5:5: error RC102" in done.stdout


def files(name: str) -> re.Pattern[str]:
    return re.compile(HOOKS[name]["files"])


@pytest.mark.parametrize(
    "name",
    ["environment.yml", "a/environment-dev.yaml", "conda-lock.yml", "a/gpu.conda-lock.yml", "pixi.lock", "a/pixi.lock"],
)
def test_environment_files_and_locks_are_looked_at(name: str) -> None:
    assert files("reprocheck").search(name)
    assert bool(files("reprocheck-lock").search(name)) is not name.endswith("pixi.lock")


@pytest.mark.parametrize("name", ["my-pixi.lock", "pixi.lock.bak", "uv.lock", "my-environment.yml", "conda-lock.log"])
def test_other_files_are_not(name: str) -> None:
    assert not files("reprocheck").search(name)
    assert not files("reprocheck-lock").search(name)


def test_the_lock_hook_reaches_for_the_network_only_when_asked_to() -> None:
    assert HOOKS["reprocheck-lock"]["stages"] == ["pre-push", "manual"]
    assert "stages" not in HOOKS["reprocheck"]
