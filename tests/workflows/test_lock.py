"""`reprocheck lock` as its users meet it: a process, files, exit codes, and an old lock that survives everything."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.readers.conda_lock_yml import read_lock

Runner = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
CHANNELS = ROOT / "fixtures" / "channels"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an environment file over the channels `high` and `low`."""
    write(tmp_path, "numpy <2", "torchlike")
    return tmp_path


def write(folder: Path, *dependencies: str, platforms: str = "[linux-64, osx-arm64, win-64]") -> None:
    channels = ", ".join((CHANNELS / name).as_uri() for name in ("high", "low"))
    listed = "".join(f"- {line}\n" for line in dependencies)
    text = f"channels: [{channels}]\nplatforms: {platforms}\ndependencies:\n{listed}"
    (folder / "environment.yml").write_text(text)


def test_a_first_lock_is_written_and_a_second_touches_nothing(reprocheck: Runner, project: Path) -> None:
    first = reprocheck("lock", "--cuda", "none")
    assert (first.code, first.err) == (0, "")
    assert first.out == (
        "+ numpy 1.26.4\n+ torchlike 2.5.0\nwrote conda-lock.yml: linux-64 3, osx-arm64 3, win-64 3 packages\n"
    )
    before = (project / "conda-lock.yml").stat()
    second = reprocheck("lock", "--cuda", "none")
    assert second.out == "conda-lock.yml is up to date, not touched: linux-64 3, osx-arm64 3, win-64 3 packages\n"
    after = (project / "conda-lock.yml").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_the_same_input_gives_the_same_bytes(reprocheck: Runner, project: Path) -> None:
    reprocheck("lock", env={"PYTHONHASHSEED": "1"})
    first = (project / "conda-lock.yml").read_bytes()
    (project / "conda-lock.yml").unlink()
    reprocheck("lock", env={"PYTHONHASHSEED": "2"})
    assert (project / "conda-lock.yml").read_bytes() == first


def test_changes_are_shown_and_check_and_dry_run_write_nothing(reprocheck: Runner, project: Path) -> None:
    assert reprocheck("lock", "--cuda", "none", "--check").code == 1
    assert not (project / "conda-lock.yml").exists()
    reprocheck("lock", "--cuda", "none")
    old = (project / "conda-lock.yml").read_bytes()
    write(project, "numpy")
    check = reprocheck("lock", "--cuda", "none", "--check")
    assert check.code == 1
    assert check.out == (
        "- torchlike 2.5.0 cpu_0\nconda-lock.yml is stale: linux-64 2, osx-arm64 2, win-64 2 packages; 1 removed\n"
    )
    dry = reprocheck("lock", "--cuda", "none", "--dry-run")
    assert (dry.code, dry.out) == (0, check.out.replace("conda-lock.yml is stale:", "would update conda-lock.yml:"))
    assert (project / "conda-lock.yml").read_bytes() == old
    assert reprocheck("lock", "--cuda", "none").code == 0
    assert reprocheck("lock", "--cuda", "none", "--check").code == 0


def test_an_undecided_cuda_is_said_and_recorded(reprocheck: Runner, project: Path) -> None:
    done = reprocheck("lock")
    assert done.err == (
        "note: CUDA is undecided: on a machine with an NVIDIA driver `torchlike`, `cudalike` would be locked "
        "otherwise; this lock is for machines without one. Decide with `--cuda 12.4` (the driver's version) or "
        "`--cuda none`\n"
    )
    lock = read_lock(project / "conda-lock.yml")
    assert lock.custom("reprocheck.cuda") == "undecided (none assumed)"
    assert lock.custom("reprocheck.virtual-packages.win-64") == "__archspec=1=x86_64 __win=0=0"


def test_a_decided_cuda_chooses_the_build_and_is_recorded(reprocheck: Runner, project: Path) -> None:
    assert reprocheck("lock", "--cuda", "12.4").err == ""
    lock = read_lock(project / "conda-lock.yml")
    builds = {(p.platform, p.build) for p in lock.packages if p.name == "torchlike"}
    assert builds == {("linux-64", "cuda_1"), ("osx-arm64", "cpu_0"), ("win-64", "cuda_1")}
    assert lock.custom("reprocheck.cuda") == "12.4"


def test_cuda_that_makes_no_difference_needs_no_decision(reprocheck: Runner, project: Path) -> None:
    write(project, "numpy")
    assert reprocheck("lock").err == ""
    assert read_lock(project / "conda-lock.yml").custom("reprocheck.cuda") == "irrelevant (no package depends on it)"


def test_explicit_files_stand_beside_the_lock_and_are_not_rewritten(reprocheck: Runner, project: Path) -> None:
    first = reprocheck("lock", "--cuda", "none", "--explicit")
    assert first.out.splitlines()[-3:] == [f"wrote conda-{name}.lock" for name in ("linux-64", "osx-arm64", "win-64")]
    lines = (project / "conda-linux-64.lock").read_text().splitlines()
    assert lines[3] == "@EXPLICIT"
    names = [line.rsplit("/", 1)[1].split("#")[0] for line in lines[4:]]
    assert names == ["python-3.12.4-h3124_0_cpython.conda", "numpy-1.26.4-py_0.conda", "torchlike-2.5.0-cpu_0.conda"]
    (project / "conda-win-64.lock").unlink()
    again = reprocheck("lock", "--cuda", "none", "--explicit")
    assert again.out.splitlines()[1:] == ["wrote conda-win-64.lock"]


def test_a_pip_section_is_left_out_aloud_when_asked(reprocheck: Runner, project: Path) -> None:
    write(project, "numpy", "pip: [torch==2.4.1]", platforms="[linux-64]")
    done = reprocheck("lock", "--no-pip")
    assert (done.code, done.err) == (0, "note: left out of the lock, as `--no-pip` asks: torch==2.4.1\n")
    assert read_lock(project / "conda-lock.yml").custom("reprocheck.pip-left-out") == "torch==2.4.1"


def test_no_solution_names_the_specs_that_clash_on_every_platform(reprocheck: Runner, project: Path) -> None:
    write(project, "python", "tidy", "greedy", platforms="[linux-64, win-64]")
    done = reprocheck("lock")
    assert done.code == 2
    assert done.err.splitlines() == [
        "error: no solution for linux-64, win-64",
        "  where: environment.yml:5:3, environment.yml:6:3",
        "  why:   no builds meet `tidy`, `greedy` together",
        "  how:   loosen one of them",
        "  more:  run again with `-v`",
    ]
    assert not (project / "conda-lock.yml").exists()


def test_the_solvers_tree_is_shown_when_asked_for(reprocheck: Runner, project: Path) -> None:
    write(project, "tidy", "greedy", platforms="[linux-64]")
    assert "└─" not in reprocheck("lock").err
    assert "└─" in reprocheck("lock", "-v").err


def test_an_unreachable_channel_is_exit_3_and_the_old_lock_stays(reprocheck: Runner, project: Path) -> None:
    reprocheck("lock", "--cuda", "none")
    old = (project / "conda-lock.yml").read_bytes()
    done = reprocheck("lock", "--offline", "-c", "https://me:hush@reprocheck.invalid/org")
    assert done.code == 3
    assert done.err.startswith("error: channel `https://reprocheck.invalid/org` is out of reach\n")
    assert "hush" not in done.err
    assert "Traceback" not in done.err
    assert (project / "conda-lock.yml").read_bytes() == old


def test_a_folder_that_cannot_be_written_is_exit_3(reprocheck: Runner, project: Path) -> None:
    done = reprocheck("lock", "--cuda", "none", "--lockfile", "absent/conda-lock.yml")
    assert done.code == 3
    assert done.err.startswith("error: cannot write `absent/conda-lock.yml`\n")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write into read-only folders")
def test_a_read_only_folder_is_exit_3_and_the_old_lock_stays(reprocheck: Runner, project: Path) -> None:
    reprocheck("lock", "--cuda", "none")
    old = (project / "conda-lock.yml").read_bytes()
    write(project, "numpy")
    project.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        done = reprocheck("lock", "--cuda", "none")
    finally:
        project.chmod(stat.S_IRWXU)
    assert done.code == 3
    assert (project / "conda-lock.yml").read_bytes() == old


def test_a_file_that_is_no_lock_is_never_replaced(reprocheck: Runner, project: Path) -> None:
    text = (project / "environment.yml").read_bytes()
    done = reprocheck("lock", "--lockfile", "environment.yml")
    assert done.code == 2
    assert done.err.startswith("error: file is no conda-lock file")
    assert (project / "environment.yml").read_bytes() == text


def test_a_lock_with_conflict_markers_is_written_anew(reprocheck: Runner, project: Path) -> None:
    reprocheck("lock", "--cuda", "none")
    good = (project / "conda-lock.yml").read_bytes()
    (project / "conda-lock.yml").write_bytes(good + b"<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    assert reprocheck("lock", "--cuda", "none").code == 0
    assert (project / "conda-lock.yml").read_bytes() == good


@pytest.mark.parametrize(
    ("arguments", "first_line"),
    [
        (("-p", "linux64"), "error: platform `linux64` is unknown"),
        (("--cuda", "new"), "error: CUDA decision `new` is neither a version nor `none`"),
        (("-f", "absent.yml"), "error: cannot read the environment file"),
        (("--timeout", "0"), "error: invalid value for '--timeout': 0 is not in the range x>=1"),
    ],
)
def test_input_that_cannot_be_locked_is_exit_2(
    arguments: tuple[str, ...], first_line: str, reprocheck: Runner, project: Path
) -> None:
    done = reprocheck("lock", *arguments)
    assert (done.code, done.err.splitlines()[0]) == (2, first_line)


def test_a_decision_that_was_recorded_is_kept_until_another_is_taken(reprocheck: Runner, project: Path) -> None:
    reprocheck("lock", "--cuda", "12.4")
    before = (project / "conda-lock.yml").read_bytes()
    again = reprocheck("lock")
    assert again.err == "note: CUDA `12.4`, as conda-lock.yml records it; `--cuda` decides anew\n"
    assert (project / "conda-lock.yml").read_bytes() == before
    assert reprocheck("lock", "--cuda", "none").err == ""
    assert read_lock(project / "conda-lock.yml").custom("reprocheck.cuda") == "none"


def test_a_decision_in_the_lock_that_nobody_can_read_is_not_kept(reprocheck: Runner, project: Path) -> None:
    reprocheck("lock", "--cuda", "12.4")
    path = project / "conda-lock.yml"
    path.write_text(path.read_text().replace("reprocheck.cuda: '12.4'", "reprocheck.cuda: soon"))
    assert reprocheck("lock").err.startswith("note: CUDA is undecided")


def test_a_broken_lock_is_not_replaced_and_the_advice_is_not_to_lock_again(reprocheck: Runner, project: Path) -> None:
    (project / "conda-lock.yml").write_bytes(b"")
    done = reprocheck("lock")
    assert done.code == 2
    assert "  how:   move it away, then `reprocheck lock` writes a new one" in done.err
    assert (project / "conda-lock.yml").read_bytes() == b""


def test_an_empty_cuda_is_no_decision_but_an_error(reprocheck: Runner, project: Path) -> None:
    assert reprocheck("lock", "--cuda", "").code == 2
    assert not (project / "conda-lock.yml").exists()


def test_relocking_keeps_the_platforms_of_the_lock(reprocheck: Runner, project: Path) -> None:
    environment = project / "environment.yml"
    environment.write_text(environment.read_text().replace("platforms: [linux-64, osx-arm64, win-64]\n", ""))
    reprocheck("lock", "--cuda", "none", "-p", "linux-64")
    again = reprocheck("lock", "--cuda", "none")
    assert again.err == "note: platforms linux-64, as conda-lock.yml has them; `-p` chooses anew\n"
    assert read_lock(project / "conda-lock.yml").platforms == ("linux-64",)
    reprocheck("lock", "--cuda", "none", "-p", "win-64")
    assert read_lock(project / "conda-lock.yml").platforms == ("win-64",)
