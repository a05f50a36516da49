"""How long the pre-commit hook takes, as ratios against a bare interpreter and against importing its two libraries.

Usage: python tests/benchmarks/check_startup.py [ROUNDS]
Whole processes, taken in turns in one run: `reprocheck check` on a 60-line environment.yml with a 300-package lock,
with one of 400 KB, and with one of PyTorch, CUDA and pip on five platforms, which asks most rules and all readers,
against `python -c pass` and `python -c "import click, yaml"`. Prints the medians of CPU and wall time of each, and the
medians of the ratios within a round.
"""

from __future__ import annotations

import os
import resource
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DECLARED = 52
PACKAGES = 300
PACKAGES_400_KB = 950
PACKAGES_OF_TORCH = 60  # on each of five platforms
OTHERS = (("libgcc", "15.2.0"), ("pip", "26.0"), ("python", "3.11.9"))
ENTRY = """\
- name: {name}
  version: {version}
  manager: conda
  platform: linux-64
  dependencies:
    libgcc: '>=13'
{needs}    python: '>=3.11,<3.12.0a0'
  url: https://conda.invalid/conda-forge/linux-64/{name}-{version}-py311h{number:07x}_0.conda
  hash:
    md5: {number:032x}
    sha256: {number:064x}
  category: main
  optional: false
"""
HEAD = """\
version: 1
metadata:
  content_hash:
    linux-64: {digest:064x}
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  sources:
  - environment.yml
package:
"""


def entry(name: str, version: str, number: int, count: int) -> str:
    """Return one entry; a package needs another that is not declared, so that every one is there for a reason."""
    needs = f"    package-{number + DECLARED}: '>=1'\n" if number + DECLARED < count else ""
    return ENTRY.format(name=name, version=version, number=number, needs=needs)


def write_project(folder: Path, packages: int = PACKAGES) -> None:
    """Write a 60-line environment and a lock that meets it; it holds 55 packages at the least."""
    specs = "".join(f"  - package-{number}=1.{number}.0\n" for number in range(DECLARED))
    pip = "  - pip\n  - python=3.11.*\n  - libgcc\n"
    head = "name: bench\nchannels:\n  - conda-forge\ndependencies:\n"
    (folder / "environment.yml").write_text(head + specs + pip, encoding="utf-8")
    count = max(packages - 3, DECLARED)
    entries = [entry(f"package-{number}", f"1.{number}.0", number, count) for number in range(count)]
    entries += [entry(name, version, count, count) for name, version in OTHERS]
    lock = HEAD.format(digest=1) + "".join(entries)
    (folder / "conda-lock.yml").write_text(lock, encoding="utf-8")


def milliseconds(command: list[str], folder: Path) -> tuple[float, float]:
    """Return CPU and wall time of one process."""
    # Byte code is written as after any installation; some containers forbid it by this variable.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPATH"] = str(ROOT)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, timeout=60)
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s * 1000, wall_s * 1000


def ratio(mine: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]) -> float:
    """Return the median of the ratios of CPU time within each round."""
    return statistics.median(one / other for (one, _), (other, _) in zip(mine, others, strict=True))


def main(rounds: int) -> None:
    """Print a line for each command."""
    check = [sys.executable, "-m", "reprocheck", "check"]
    with tempfile.TemporaryDirectory() as name:
        small, large, torch = Path(name, "small"), Path(name, "large"), Path(name, "torch")
        for folder, packages in ((small, PACKAGES), (large, PACKAGES_400_KB)):
            folder.mkdir()
            write_project(folder, packages)
        runpy.run_path(str(ROOT / "tests/benchmarks/audit_growth.py"))["write_project"](torch, PACKAGES_OF_TORCH)
        cases = {
            "python -c pass": ([sys.executable, "-c", "pass"], small),
            "import click, yaml": ([sys.executable, "-c", "import click, yaml"], small),
            f"check, {PACKAGES} packages": (check, small),
            f"check, {(large / 'conda-lock.yml').stat().st_size // 1000} KB": (check, large),
            f"check, torch, {PACKAGES_OF_TORCH} x 5": (check, torch),
        }
        taken = [[milliseconds(*case) for case in cases.values()] for _ in range(rounds + 2)][2:]
    bare, libraries, *_ = columns = list(zip(*taken, strict=True))
    for told, column in zip(cases, columns, strict=True):
        cpu_ms, wall_ms = (statistics.median(times) for times in zip(*column, strict=True))
        ratios = f"{ratio(column, bare):.1f} x pass, {ratio(column, libraries):.2f} x import click, yaml"
        print(f"{told:20}  CPU {cpu_ms:4.0f} ms, wall {wall_ms:4.0f} ms, {ratios}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
