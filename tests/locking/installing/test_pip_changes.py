"""Of a real environment only what is not the locked archive, whole, goes and comes again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from reprocheck.locking.installing.pip_changes import pip_changes
from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip
from reprocheck.locking.installing.pip_removal import remove_distributions
from reprocheck.locking.installing.prefix_state import PrefixState, Wanted, look_into
from reprocheck.locking.installing.uv_inputs import split_local
from reprocheck.locking.pip_part.uv_program import find_uv
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import Distribution, Origin
from reprocheck.readers.prefixes.installed import read_prefix

Changes = tuple[tuple[Distribution, ...], tuple[LockedPackage, ...]]
LockPip = Callable[..., LockedPackage]
ROOT = Path(__file__).resolve().parents[3]
FOLDER = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


class Environment:
    """An environment and the lock that it is held against."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(self, *packages: LockedPackage) -> None:
        install_pip(
            PipInstallRequest(
                prefix=self.root,
                python=self.root / "bin" / "python",
                packages=packages,
                lock_folder=self.root,
                offline=True,
                timeout_s=60,
                progress=lambda _: None,
            )
        )

    def add(self, *words: str | Path) -> None:
        """Install as a user would."""
        command = [find_uv(), "pip", "install", "--quiet", "--offline", "--no-config", "--no-deps"]
        python = str(self.root / "bin" / "python")
        subprocess.run([*command, "--link-mode", "copy", "--python", python, *map(str, words)], check=True)

    def state(self) -> PrefixState:
        return look_into(self.root, read_prefix(self.root, str(self.root), "linux-64"), lambda _: None)

    def changes(self, *locked: LockedPackage) -> Changes:
        return changes(self.state(), locked, self.root)

    def repair(self, *locked: LockedPackage) -> None:
        doomed, to_install = self.changes(*locked)
        remove_distributions(self.root, read_prefix(self.root, str(self.root), "linux-64"), doomed)
        if to_install:
            self.install(*to_install)


@pytest.fixture
def environment(venv: Path) -> Environment:
    return Environment(venv)


@pytest.fixture
def locked(archives: ModuleType, tmp_path: Path, lock_pip: LockPip) -> Callable[..., LockedPackage]:
    """Make a locked package of a wheel that is written for it."""

    def make(name: str = "tool", version: str = "1.0", folder: str = "wheels", **files: str) -> LockedPackage:
        texts = files or {f"{name}/__init__.py": "", f"{name}/data.txt": folder}
        inside = {path: text.encode() for path, text in texts.items()}
        return lock_pip(name, version, archives.write_wheel(tmp_path / folder, name, version, inside))

    return make


def changes(state: PrefixState, locked: Sequence[LockedPackage], folder: Path) -> Changes:
    wanted, by_hand = split_local(locked, folder)
    names = frozenset(package.name for package in by_hand)
    return pip_changes(state, Wanted(conda=(), pip=wanted, by_hand=names, plain={}))


def told(changes: Changes) -> tuple[list[str], list[str]]:
    doomed, to_install = changes
    return [item.record.rpartition("/")[2] for item in doomed], [item.name for item in to_install]


def test_an_environment_that_is_the_lock_needs_nothing(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    packages = [locked("one"), locked("two")]
    environment.install(*packages)
    assert told(environment.changes(*packages)) == ([], [])


def test_an_empty_environment_needs_all(environment: Environment, locked: Callable[..., LockedPackage]) -> None:
    assert told(environment.changes(locked("one"), locked("two"))) == ([], ["one", "two"])


def test_what_the_lock_does_not_have_goes_also_pip(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    tool = locked()
    environment.install(tool, locked("pip", "24.0"), locked("extra"))
    assert told(environment.changes(tool)) == (["extra-1.0.dist-info", "pip-24.0.dist-info"], [])


def test_another_version_goes_and_the_locked_one_comes(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    environment.install(locked(version="0.9"))
    assert told(environment.changes(locked())) == (["tool-0.9.dist-info"], ["tool"])


def test_one_version_in_two_spellings_is_one(environment: Environment, locked: Callable[..., LockedPackage]) -> None:
    environment.install(tool := locked(version="1.0b1"))
    metadata = environment.root / FOLDER / "tool-1.0b1.dist-info" / "METADATA"
    state = environment.state()
    (item,) = state.prefix.distributions
    other = replace(state, prefix=replace(state.prefix, distributions=(replace(item, version="1.0-beta1"),)))
    assert metadata.is_file()
    assert told(changes(other, [tool], environment.root)) == ([], [])
    odd = replace(state, prefix=replace(state.prefix, distributions=(replace(item, version="not a version"),)))
    assert told(changes(odd, [tool], environment.root)) == (["tool-1.0b1.dist-info"], ["tool"])


def test_another_archive_of_the_same_version_goes(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    environment.install(locked(folder="first"))
    second = locked(folder="second")
    assert told(environment.changes(second)) == (["tool-1.0.dist-info"], ["tool"])
    environment.repair(second)
    assert (environment.root / FOLDER / "tool" / "data.txt").read_text() == "second"
    assert told(environment.changes(second)) == ([], [])


def test_what_nothing_proves_to_be_from_the_locked_archive_is_installed_once(
    environment: Environment, locked: Callable[..., LockedPackage], tmp_path: Path
) -> None:
    tool = locked()
    environment.add("--find-links", tmp_path / "wheels", "--no-index", "tool")
    assert told(environment.changes(tool)) == (["tool-1.0.dist-info"], ["tool"])
    environment.repair(tool)
    assert told(environment.changes(tool)) == ([], [])


def test_what_was_installed_from_an_address_goes_unless_the_address_tells_the_locked_hash(
    environment: Environment, locked: Callable[..., LockedPackage], tmp_path: Path
) -> None:
    tool = locked()
    environment.add(tmp_path / "wheels" / "tool-1.0-py3-none-any.whl")
    assert told(environment.changes(tool)) == (["tool-1.0.dist-info"], ["tool"])
    state = environment.state()
    (item,) = state.prefix.distributions
    same = replace(item, origin=Origin("archive", tool.url, digest=f"sha256={tool.sha256}"))
    other = replace(state, prefix=replace(state.prefix, distributions=(same,)))
    assert told(changes(other, [tool], tmp_path)) == ([], [])


def test_a_repository_at_another_commit_goes(
    environment: Environment, locked: Callable[..., LockedPackage], lock_pip: LockPip, tmp_path: Path
) -> None:
    environment.install(locked())
    state = environment.state()
    (item,) = state.prefix.distributions
    for commit, expected in (("a", []), ("b", ["tool-1.0.dist-info"])):
        here = replace(item, origin=Origin("vcs", "https://git.invalid/tool", commit=commit * 40))
        other = replace(state, prefix=replace(state.prefix, distributions=(here,)))
        package = lock_pip("tool", "1.0", f"git+https://git.invalid/tool@{'a' * 40}")
        assert told(changes(other, [package], tmp_path))[0] == expected


def test_a_project_that_is_installed_twice_goes_whole(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    environment.install(tool := locked())
    site = environment.root / FOLDER
    (site / "tool-0.9.dist-info").mkdir()
    (site / "tool-0.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 0.9\n")
    assert told(environment.changes(tool)) == (["tool-0.9.dist-info", "tool-1.0.dist-info"], ["tool"])
    environment.repair(tool)
    assert told(environment.changes(tool)) == ([], [])


@pytest.mark.parametrize(
    ("damage", "comes"),
    [
        (lambda site: (site / "tool" / "data.txt").unlink(), True),
        (lambda site: (site / "tool" / "data.txt").write_text("X" * 6), True),
        (lambda site: (site / "tool-1.0.dist-info" / "INSTALLER").unlink(), True),
        (lambda site: (site / "tool-1.0.dist-info" / "RECORD").unlink(), True),
        (lambda site: (site / "tool-1.0.dist-info" / "METADATA").unlink(), True),
        (lambda site: (site / "tool-1.0.dist-info" / "provenance_url.json").unlink(), True),
        (lambda site: (site / "tool-1.0.dist-info" / "RECORD").write_text("tool/data.txt,,\n"), True),
        (lambda site: (site / "tool" / "mine.txt").write_text("mine"), False),
    ],
)
def test_what_is_not_whole_is_repaired_and_then_needs_nothing(
    environment: Environment, locked: Callable[..., LockedPackage], damage: Callable[[Path], object], comes: bool
) -> None:
    environment.install(tool := locked())
    damage(environment.root / FOLDER)
    assert told(environment.changes(tool))[1] == (["tool"] if comes else [])
    environment.repair(tool)
    assert told(environment.changes(tool)) == ([], [])
    assert (environment.root / FOLDER / "tool" / "data.txt").read_text() == "wheels"


def test_two_packages_of_one_lock_that_bring_one_path_do_not_replace_each_other_for_ever(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    one = locked("one", **{"one.py": "", "both.txt": "1"})
    two = locked("two", **{"two.py": "", "both.txt": "22"})
    environment.install(one, two)
    assert told(environment.changes(one, two)) == ([], [])
    (environment.root / FOLDER / "both.txt").write_text("neither")
    environment.repair(one, two)
    assert told(environment.changes(one, two)) == ([], [])


def test_what_another_one_wrote_over_comes_again_when_that_goes(
    environment: Environment, locked: Callable[..., LockedPackage]
) -> None:
    environment.install(one := locked("one", **{"one.py": "", "both.txt": "1"}))
    environment.install(locked("two", **{"two.py": "", "both.txt": "22"}))
    environment.repair(one)
    assert (environment.root / FOLDER / "both.txt").read_text() == "1"
    assert [item.name for item in environment.state().prefix.distributions] == ["one"]


def test_a_folder_of_the_project_stays_as_it_is(
    environment: Environment, locked: Callable[..., LockedPackage], lock_pip: LockPip
) -> None:
    environment.install(locked("mine"))
    (environment.root / FOLDER / "mine" / "data.txt").write_text("mine")
    folder = lock_pip("mine", "2.0", ".")
    assert told(environment.changes(folder)) == ([], [])


def test_what_conda_has_is_left_to_conda(
    conda_prefix: Path, tmp_path: Path, locked: Callable[..., LockedPackage]
) -> None:
    environment = Environment(conda_prefix)
    assert told(environment.changes()) == ([], [])
    assert told(environment.changes(locked("shared"))) == ([], [])
    assert told(environment.changes(locked("shared", "2.0"))) == ([], ["shared"])


def test_what_pip_wrote_over_conda_goes(
    conda_prefix: Path, tmp_path: Path, locked: Callable[..., LockedPackage]
) -> None:
    environment = Environment(conda_prefix)
    locked("shared", "1.0", **{"shared/__init__.py": "VALUE = 'pip'\n"})
    environment.add("--reinstall", tmp_path / "wheels" / "shared-1.0-py3-none-any.whl")
    assert told(environment.changes()) == (["shared-1.0.dist-info"], [])


KILLED = """
import sys
from pathlib import Path
from reprocheck.locking.installing.pip_installer import PipInstallRequest, install_pip
from reprocheck.model.locks import LockedPackage
prefix, url, digest = Path(sys.argv[1]), *sys.argv[2:]
locked = LockedPackage(
    name="tool", version="1.0", manager="pip", platform="linux-64", dependencies=(), url=url, md5=None,
    sha256=digest, category="main", optional=False, build=None, channel=None, line=0,
)
install_pip(PipInstallRequest(
    prefix=prefix, python=prefix / "bin" / "python", packages=(locked,), lock_folder=prefix,
    offline=True, timeout_s=60, progress=lambda text: print(text, flush=True),
))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends uv with us")
@pytest.mark.parametrize("delay_s", [0.0, 0.06, 0.1, 0.15, 0.2, 0.3])
def test_an_installation_that_is_killed_is_seen_and_completed_without_a_trace(
    environment: Environment, locked: Callable[..., LockedPackage], delay_s: float
) -> None:
    info = {"tool-1.0.dist-info/entry_points.txt": "[console_scripts]\nrun-tool = tool:x\n"}
    tool = locked(**{f"tool/m{number}.py": "x = 1\n" * 100 for number in range(600)}, **info)
    arguments = [str(environment.root), tool.url, str(tool.sha256)]
    command = [sys.executable, "-c", KILLED, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"installing pip: 1 package\n"
        time.sleep(delay_s)
        process.kill()
    if told(environment.changes(tool)) != ([], []):
        environment.repair(tool)
    assert told(environment.changes(tool)) == ([], [])
    assert len(list((environment.root / FOLDER / "tool").iterdir())) == 600
    assert (environment.root / "bin" / "run-tool").is_file()
    listed = {file.path for item in environment.state().prefix.distributions for file in item.files}
    there = {path.relative_to(environment.root).as_posix() for path in (environment.root / FOLDER).rglob("*")}
    assert {path for path in there if "tool" in path and (environment.root / path).is_file()} <= listed
