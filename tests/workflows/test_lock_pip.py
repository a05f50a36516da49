"""conda and pip in one lock: resolved together, against a channel and an index in folders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.model.locks import LockedPackage
from reprocheck.readers.conda_lock_yml import read_lock
from tests.locking.local_index import LocalIndex
from tests.workflows.test_lock_again import Channel

Runner = Callable[..., Any]


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    """A channel with a Python, two versions of `numpy`, and `torchlike` in it."""
    made = Channel(tmp_path / "channel")
    made.add("python", "3.11.9")
    made.add("numpy", "1.26.4", "python >=3.11,<3.12")
    made.add("numpy", "2.1.0", "python >=3.11,<3.12")
    made.add("pytorch", "2.5.1", "python >=3.11,<3.12")
    return made


@pytest.fixture
def index(tmp_path: Path) -> LocalIndex:
    """An index whose `trainer` needs torch, numpy and `tokens`; its torch would bring in `nvidia-cublas`."""
    made = LocalIndex(tmp_path / "index")
    made.add("trainer", "1.0", "torch>=2.0", "numpy>=1.26", "tokens")
    made.add("tokens", "0.5")
    made.add("torch", "2.6.0", "nvidia-cublas")
    made.add("nvidia-cublas", "12.4")
    made.add("numpy", "2.2.0")
    return made


def write(folder: Path, channel: Channel, index: LocalIndex, conda: list[str], pip: list[str], **head: str) -> None:
    lines = [f"--index-url {index.url}", *pip]
    text = "".join(f"{key}: {value}\n" for key, value in head.items())
    text += f"channels: [{channel.uri}]\nplatforms: [linux-64, osx-arm64]\ndependencies:\n"
    text += "".join(f"- {line}\n" for line in conda) + "- pip:\n" + "".join(f"  - {line}\n" for line in lines)
    (folder / "environment.yml").write_text(text)


def pip_part(folder: Path, platform: str = "linux-64") -> dict[str, LockedPackage]:
    return {package.name: package for package in read_lock(folder / "conda-lock.yml").on(platform, "pip")}


def test_what_conda_provides_is_not_taken_from_the_index(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python", "pytorch", "numpy"], ["trainer"])
    done = reprocheck("lock", "--cuda", "none")
    assert done.code == 0
    assert done.err.splitlines() == [
        f"note: `{name}` comes from a local folder: other machines cannot fetch it  [linux-64, osx-arm64]"
        for name in ("tokens 0.5", "trainer 1.0")
    ]
    assert done.out.splitlines()[-1] == "wrote conda-lock.yml: linux-64 5, osx-arm64 5 packages"
    found = pip_part(tmp_path)
    assert sorted(found) == ["tokens", "trainer"]
    assert all(package.sha256 and package.url.startswith("file://") for package in found.values())
    assert [name for name, _ in found["trainer"].dependencies] == ["numpy", "tokens", "torch"]
    lock = read_lock(tmp_path / "conda-lock.yml")
    assert (lock.custom("reprocheck.tool.uv") or "").startswith("0.")


@pytest.mark.parametrize("said_by", ["option", "configuration"])
def test_names_of_the_user_tell_what_conda_provides(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex, said_by: str
) -> None:
    channel.add("corp-torch", "2.5.1", "python >=3.11,<3.12")
    write(tmp_path, channel, index, ["python", "corp-torch", "numpy"], ["trainer"])
    (tmp_path / "names.yml").write_text("corp-torch: torch\n")
    if said_by == "configuration":
        (tmp_path / "reprocheck.toml").write_text('name-map = "names.yml"\n')
    options = ("--name-map", "names.yml") if said_by == "option" else ()
    assert reprocheck("lock", "--cuda", "none", *options).code == 0
    assert sorted(pip_part(tmp_path)) == ["tokens", "trainer"]


def test_without_its_name_a_package_of_the_user_s_own_hides_nothing(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    channel.add("corp-torch", "2.5.1", "python >=3.11,<3.12")
    write(tmp_path, channel, index, ["python", "corp-torch", "numpy"], ["trainer"])
    assert reprocheck("lock", "--cuda", "none").code == 0
    assert sorted(pip_part(tmp_path)) == ["nvidia-cublas", "tokens", "torch", "trainer"]


def test_the_check_finds_such_a_lock_fresh_and_a_new_requirement_stale(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python", "pytorch", "numpy"], ["trainer"])
    reprocheck("lock", "--cuda", "none")
    fresh = reprocheck("check", "--select", "RC202,RC203,RC205", "--output-format", "concise")
    assert (fresh.code, fresh.out.splitlines()[0]) == (0, "no findings")
    write(tmp_path, channel, index, ["python", "pytorch", "numpy"], ["trainer", "tokens>=0.6"])
    stale = reprocheck("check", "--select", "RC202", "--output-format", "concise")
    assert stale.code == 1
    assert "`tokens>=0.6` does not admit 0.5 on linux-64, osx-arm64" in stale.out


def test_a_wish_of_the_pip_part_goes_back_into_the_conda_solve(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    index.add("trainer", "2.0", "numpy<2")
    write(tmp_path, channel, index, ["python", "numpy"], ["trainer==2.0"])
    assert reprocheck("lock", "--cuda", "none").code == 0
    conda = {
        package.name: package.version for package in read_lock(tmp_path / "conda-lock.yml").on("linux-64", "conda")
    }
    assert conda["numpy"] == "1.26.4"
    assert sorted(pip_part(tmp_path)) == ["trainer"]


def test_a_clash_that_conda_cannot_resolve_names_what_conda_provides(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    index.add("trainer", "2.0", "numpy>=3")
    write(tmp_path, channel, index, ["python", "numpy"], ["trainer==2.0"])
    done = reprocheck("lock", "--cuda", "none")
    assert done.code == 2
    assert done.err.splitlines() == [
        "error: no solution for linux-64, osx-arm64: `trainer 2.0` needs `numpy>=3`, provided by conda `numpy 2.1.0`",
        "  where: environment.yml:8:5",
        "  why:   no conda solution has a `numpy` that meets `>=3`",
        "  how:   loosen the requirement or the conda spec, or take both from one side",
    ]
    assert not (tmp_path / "conda-lock.yml").exists()


def test_a_clash_names_the_conda_specs_that_do_not_give_in(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    channel.add("greedy", "1.0", "numpy >=2")
    write(tmp_path, channel, index, ["python", "numpy", "greedy"], ["numpy<2"])
    assert reprocheck("lock", "--cuda", "none").err.splitlines() == [
        "error: no solution for linux-64, osx-arm64: pip is asked for `numpy<2`, provided by conda `numpy 2.1.0`",
        "  where: environment.yml:9:5, environment.yml:6:3",
        "  why:   no conda solution has a `numpy` that meets `<2` beside `greedy`",
        "  how:   loosen the requirement or the conda spec, or take both from one side",
    ]


def test_what_cannot_be_met_on_several_platforms_is_told_once(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python"], ["tokens==9"])
    done = reprocheck("lock", "--cuda", "none", "-v")
    assert done.err.splitlines() == [
        "error: no pip solution for linux-64, osx-arm64",
        "  where: environment.yml:7:5",
        "  why:   there is no version of tokens==9 and you require tokens==9",
        "  how:   loosen it, or leave it out where it cannot be met",
        "",
        "linux-64: Because there is no version of tokens==9 and you require tokens==9, we can conclude that your "
        "requirements are unsatisfiable.",
        "osx-arm64: Because there is no version of tokens==9 and you require tokens==9, we can conclude that your "
        "requirements are unsatisfiable.",
    ]


def test_an_unknown_project_is_told_with_its_line(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python"], ["trainers"])
    done = reprocheck("lock", "--cuda", "none")
    assert done.code == 2
    assert done.err.splitlines()[:2] == [
        "error: project `trainers` does not exist",
        "  where: environment.yml:7:5",
    ]
    assert done.err.count("error:") == 1


def test_pip_packages_stay_and_move_as_conda_packages_do(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python", "pytorch", "numpy"], ["trainer"])
    reprocheck("lock", "--cuda", "none")
    index.add("tokens", "0.6")
    index.add("trainer", "1.1", "tokens")
    assert reprocheck("lock", "--cuda", "none", "--check").code == 0
    moved = reprocheck("lock", "-P", "tokens")
    assert "~ tokens (pip) 0.5 -> 0.6\n" in moved.out
    assert {name: package.version for name, package in pip_part(tmp_path).items()} == {
        "tokens": "0.6",
        "trainer": "1.0",
    }
    reprocheck("lock", "-U")
    assert pip_part(tmp_path)["trainer"].version == "1.1"


def test_markers_selectors_requirements_files_and_constraints_count(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    for name in ("maconly", "linuxonly", "listed"):
        index.add(name, "1.0")
        index.add(name, "2.0")
    (tmp_path / "requirements.txt").write_text("listed  # of a file\n")
    (tmp_path / "constraints.txt").write_text("listed<2\n")
    lines = [
        "'maconly; sys_platform == \"darwin\"'",
        "linuxonly  # [linux]",
        "-r requirements.txt",
        "-c constraints.txt",
    ]
    write(tmp_path, channel, index, ["python"], lines)
    done = reprocheck("lock", "--cuda", "none")
    assert done.code == 0, done.err
    linux, mac = pip_part(tmp_path), pip_part(tmp_path, "osx-arm64")
    assert {name: package.version for name, package in linux.items()} == {"linuxonly": "2.0", "listed": "1.0"}
    assert {name: package.version for name, package in mac.items()} == {"maconly": "2.0", "listed": "1.0"}


def test_an_option_that_a_lock_cannot_follow_is_refused(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python"], ["--pre", "tokens"])
    done = reprocheck("lock")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: pip option `--pre` cannot be locked")


def test_the_same_sources_give_the_same_bytes_anywhere(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    locks = []
    for seed, zone, language, folder in [("1", "Asia/Tokyo", "C", "a"), ("77", "UTC", "de_DE.UTF-8", "b/c")]:
        place = tmp_path / folder
        place.mkdir(parents=True)
        write(place, channel, index, ["python", "pytorch", "numpy"], ["trainer"])
        settings = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        assert reprocheck("lock", "--cuda", "none", cwd=place, env=settings).code == 0
        locks.append((place / "conda-lock.yml").read_bytes())
    assert locks[0] == locks[1]


def test_the_explicit_file_names_the_pip_part_as_conda_lock_does(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python", "pytorch", "numpy"], ["trainer"])
    reprocheck("lock", "--cuda", "none", "--explicit")
    options = ("--kind", "explicit", "--filename-template", "theirs-{platform}")
    rendered = subprocess.run(
        [sys.executable, "-m", "conda_lock", "render", *options, "conda-lock.yml"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert rendered.returncode == 0, rendered.stderr
    for platform in ("linux-64", "osx-arm64"):
        ours = (tmp_path / f"conda-{platform}.lock").read_bytes()
        assert ours == (tmp_path / f"theirs-{platform}").read_bytes()
        assert b"# pip trainer @ file://" in ours


def test_a_missing_requirements_file_stops_a_lock_only_where_its_lines_are_asked_for(
    reprocheck: Runner, tmp_path: Path, channel: Channel, index: LocalIndex
) -> None:
    write(tmp_path, channel, index, ["python"], ["-r absent.txt"])
    done = reprocheck("lock", "--cuda", "none")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: cannot read the requirements file")
    assert reprocheck("lock", "--cuda", "none", "--no-pip").code == 0
