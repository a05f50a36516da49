"""`create` on a disk that takes no more: exit code 3, a prefix that is none or marked, and a run that completes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conda_archives import CondaPackage
from tests.locked_project import LockedProject

AGAIN = "run again: `create` goes on from there"
ROOT = Path(__file__).resolve().parents[2]
# In namespaces of its own, so that nobody needs to be root. When it is full, the disk gets more room, and then again.
ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size={size}k none {disk}
echo mounted
set +e
create() {{ {python} -m reprocheck create -p {disk}/env --lockfile {lock}; echo "code $?"; }}
create
(cd {disk}/env/conda-meta && echo reprocheck-*)
mount -o remount,size=64m {disk}
create
(cd {disk}/env/conda-meta && echo reprocheck-*)
"""


def packages(project: LockedProject) -> list[CondaPackage]:
    """Return six packages of 40 KB, one with the prefix in a file."""
    return [project.conda(f"p{number}", files={f"lib/p{number}.bin": os.urandom(40_000)}) for number in range(6)]


@pytest.mark.parametrize("cache", ["on the disk", "elsewhere"])
@pytest.mark.parametrize("size_kib", [4, 12, 24, 100, 200])
def test_a_full_disk_leaves_no_prefix_that_passes_for_one(tmp_path: Path, size_kib: int, cache: str) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no `unshare` to get a file system of our own with")
    disk = tmp_path / "disk"
    disk.mkdir()
    project = LockedProject(tmp_path / "project")
    script = ON_A_SMALL_DISK.format(
        size=size_kib, disk=disk, python=sys.executable, lock=project.lock(packages(project))
    )
    place = disk / "cache" if cache == "on the disk" else tmp_path / "cache"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "RATTLER_CACHE_DIR": str(place), "HOME": str(tmp_path)}
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if not done.stdout.startswith("mounted"):
        pytest.skip(f"no file system of our own: {done.stderr.strip()}")
    told = [line.partition(" ")[0] if line.startswith("completed") else line for line in done.stdout.splitlines()]
    assert told == ["mounted", "code 3", "reprocheck-unfinished", "completed", "code 0", "reprocheck-made"]
    assert [line for line in done.stderr.splitlines() if "why:" in line and "No space left on device" in line]
    assert done.stderr.splitlines()[-1] == f"  how:   make room, or make the folder writable, and {AGAIN}"
