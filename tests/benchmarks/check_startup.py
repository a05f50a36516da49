"""How long the pre-commit hook takes, as a ratio against importing its two libraries.

Usage: python tests/benchmarks/check_startup.py [ROUNDS]
Whole processes, taken in turns in one run: `reprocheck check` on a 60-line environment.yml with a 300-package
lock, against `python -c "import click, yaml"`. Prints the medians and their ratio.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DECLARED = 52
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


def write_project(folder: Path, packages: int = 300) -> None:
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


def seconds(command: list[str], folder: Path) -> float:
    """Return the wall time of one process."""
    # Byte code is written as after any installation; some containers forbid it by this variable.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPATH"] = str(ROOT)
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, timeout=60)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    """Print both medians in milliseconds and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        check = [sys.executable, "-m", "reprocheck", "check"]
        base = [sys.executable, "-c", "import click, yaml"]
        pairs = [(seconds(check, folder), seconds(base, folder)) for _ in range(rounds + 2)][2:]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / other for mine, other in pairs)
    print(f"reprocheck check: {ours * 1000:.0f} ms, import click and yaml: {theirs * 1000:.0f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
