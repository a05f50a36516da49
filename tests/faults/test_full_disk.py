"""A disk that takes no more: exit code 3, the old files as they were, nothing left over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from reprocheck.readers.conda_lock_yml import read_lock

ROOT = Path(__file__).resolve().parents[2]
# A process may not write a file beyond this size: the kernel's own refusal, in the middle of the bytes.
LIMITED = """
import resource, sys
from reprocheck.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""
# In namespaces of its own, so that nobody needs to be root: a file system of a few pages, and the command in it.
ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size={size} none {disk}
cp {project}/* {disk}
cd {disk}
echo mounted
set +e
{python} -m reprocheck lock --cuda none {options} >{out}/out 2>{out}/err
echo $? >{out}/code
cp -r {disk} {out}/after
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("limit_bytes", [0, 1, 512, 2000, 3500])
def test_a_write_that_the_kernel_cuts_off_leaves_the_old_lock(project: Any, limit_bytes: int) -> None:
    before = project.files
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit_bytes), "lock", "--cuda", "none"],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, project.files) == (3, before)
    assert done.stderr == (
        "error: cannot write `conda-lock.yml`\n"
        "  where: .\n"
        "  why:   file too large\n"
        "  how:   choose a folder that exists, is writable and has room; the old file is untouched\n"
    )


def small_disk(project: Any, out: Path, size: str, options: str = "") -> Path:
    """Run the command on a small disk and return where its traces are; skips where nobody lets us have one."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no `unshare` to get a file system of our own with")
    if os.sysconf("SC_PAGESIZE") != 4096:
        pytest.skip("the sizes are meant for pages of 4 KiB")
    disk = out / "disk"
    disk.mkdir(parents=True)
    script = ON_A_SMALL_DISK.format(
        size=size, disk=disk, project=project.folder, out=out, python=sys.executable, options=options
    )
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": tempfile.gettempdir()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if not done.stdout.startswith("mounted"):
        pytest.skip(f"no file system of our own: {done.stderr.strip()}")
    return out


@pytest.mark.parametrize("turn", range(5))
def test_a_full_file_system_leaves_the_old_lock(project: Any, tmp_path: Path, turn: int) -> None:
    # The lock has two pages, the environment one, and there are no more.
    out = small_disk(project, tmp_path / "out", "12k")
    assert ((out / "code").read_text(), (out / "err").read_text().splitlines()[2]) == (
        "3\n",
        "  why:   no space left on device",
    )
    after = {path.name: path.read_bytes() for path in (out / "after").iterdir()}
    assert after == {**project.files, "environment.yml": (project.folder / "environment.yml").read_bytes()}


def test_a_file_system_that_is_full_after_the_lock_keeps_what_was_written_and_nothing_else(
    project: Any, tmp_path: Path
) -> None:
    # One page more, which the new lock takes beside the old one; then there is room for two explicit files of three.
    out = small_disk(project, tmp_path / "out", "16k", "--explicit")
    assert ((out / "code").read_text(), (out / "err").read_text().splitlines()[0]) == (
        "3\n",
        "error: cannot write `conda-win-64.lock`",
    )
    names = ["conda-linux-64.lock", "conda-lock.yml", "conda-osx-arm64.lock", "environment.yml"]
    assert sorted(os.listdir(out / "after")) == names
    assert {package.name for package in read_lock(out / "after" / "conda-lock.yml").packages} == {"numpy", "python"}


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "command", [("check",), ("export", "env", "-p", "linux-64"), ("diff", "conda-lock.yml", "conda-lock.yml")]
)
def test_a_report_that_finds_no_room_is_undecided_and_the_device_stays(project: Any, command: tuple[str, ...]) -> None:
    before = project.files
    done = project.run(*command, "-o", "/dev/full", cwd=project.folder)
    assert (done.code, done.err.splitlines()[0]) == (3, "error: cannot write `/dev/full`")
    assert done.err.splitlines()[2] == "  why:   no space left on device"
    assert Path("/dev/full").is_char_device()
    assert project.files == before
