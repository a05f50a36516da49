"""How fast an installed environment is inspected, against `sha256sum` over the same files.

Usage: python tests/benchmarks/inspection_speed.py [--rounds N] [--packages N] [--files N] [--long N] [--keep FOLDER]

The environment is written from a seed, without a network: conda's records, Python's metadata, and files whose sizes are
those of real environments (a log-normal distribution with a median of 4 KB, cut at 4 MB; a few of 50 MB). A virtual
environment with PyTorch has a median of 3 KB, nine in ten under 32 KB, and a mean of 42 KB. Measured in turns, pages
warm: `full` is the inspection that reads every byte, `fast` the other one, `records` reading the records; `sha256sum`
is `xargs -0 sha256sum` over the list of the same files; `audit --fast` is a whole process. Ratios are speeds within a
round, 1 is as fast as sha256sum; the first round is not counted.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = 20260214
SITE = "lib/python3.12/site-packages"
MEDIAN_BYTES, SPREAD, MOST_BYTES, LONG_BYTES = 4096, 1.9, 4 * 10**6, 50 * 10**6
TARGET_RATIO, TARGET_FAST_S = 0.7, 1.5


@dataclass(frozen=True)
class Written:
    """One file of the environment."""

    path: str
    sha256: str
    size_bytes: int


def write_environment(root: Path, options: argparse.Namespace) -> list[Written]:
    """Write packages, their files and records; every so many packages has a long file."""
    rng = random.Random(SEED)
    long_each = max(options.packages // max(options.long, 1), 1)
    everything: list[Written] = []
    for number in range(options.packages):
        long = [LONG_BYTES] * (number % long_each == 0 and number // long_each < options.long)
        sizes = [min(int(rng.lognormvariate(math.log(MEDIAN_BYTES), SPREAD)), MOST_BYTES) for _ in range(options.files)]
        sizes = [*long, *sizes][: options.files - 3]  # METADATA, INSTALLER and RECORD are files as well
        files = [written(root, path_of(number, place), rng.randbytes(size)) for place, size in enumerate(sizes)]
        files += write_metadata(root, f"package_{number}", files)
        write_record(root, f"package-{number}", files)
        everything += files
    write_record(root, "python", [], "3.12.9")
    return everything


def path_of(package: int, place: int) -> str:
    """Return where a file lies: in one of a few folders of its package."""
    folder = f"{SITE}/package_{package}"
    return f"{folder}/module_{place}.py" if place < 40 else f"{folder}/part_{place // 20}/module_{place}.py"


def written(root: Path, path: str, content: bytes) -> Written:
    """Write one file."""
    whole = root / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_bytes(content)
    return Written(path, hashlib.sha256(content).hexdigest(), len(content))


def write_metadata(root: Path, name: str, files: Sequence[Written]) -> list[Written]:
    """Write what Python's installers leave."""
    folder = f"{SITE}/{name}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: package-{number} >=1.0\n" for number in range(3))
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}\n" + "A long description.\n" * 100
    made = [written(root, f"{folder}/METADATA", text.encode()), written(root, f"{folder}/INSTALLER", b"conda\n")]
    rows = "".join(
        f"{file.path.removeprefix(f'{SITE}/')},sha256={record_digest(file.sha256)},{file.size_bytes}\n"
        for file in (*files, *made)
    )
    return [*made, written(root, f"{folder}/RECORD", f"{rows}{name}-1.0.dist-info/RECORD,,\n".encode())]


def record_digest(sha256: str) -> str:
    """Return a digest as RECORD writes it."""
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def write_record(root: Path, name: str, files: Sequence[Written], version: str = "1.0") -> None:
    """Write conda's record of a package."""
    paths = [
        {
            "_path": file.path,
            "path_type": "hardlink",
            "sha256": file.sha256,
            "sha256_in_prefix": file.sha256,
            "size_in_bytes": file.size_bytes,
        }
        for file in files
    ]
    file_name = f"{name}-{version}-0"
    record = {
        "name": name,
        "version": version,
        "build": "0",
        "build_number": 0,
        "channel": "https://conda.invalid/conda-forge",
        "subdir": "linux-64",
        "fn": f"{file_name}.conda",
        "url": f"https://conda.invalid/conda-forge/linux-64/{file_name}.conda",
        "depends": [] if name == "python" else ["python >=3.12,<3.13.0a0"],
        "files": [file.path for file in files],
        "paths_data": {"paths_version": 1, "paths": paths},
    }
    (root / "conda-meta").mkdir(parents=True, exist_ok=True)
    (root / "conda-meta" / f"{file_name}.json").write_text(json.dumps(record, indent=2), encoding="utf-8")


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measures(root: Path, files: Sequence[Written], scratch: Path) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    sys.path.insert(0, str(ROOT))
    from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect
    from reprocheck.readers.prefixes.installed import read_prefix

    def records() -> object:
        return read_prefix(root, str(root), "linux-64").owners

    prefix = read_prefix(root, str(root), "linux-64")
    assert len(prefix.owners) == len(files)

    def look(fast: bool) -> None:
        found = inspect(root, prefix, InspectionRequest(fast, scratch / "journal", lambda _: None))
        assert (found.found, found.checked, found.hashed) == ({}, len(files), 0 if fast else len(files))

    listed = b"\0".join(os.fsencode(root / file.path) for file in files)
    audit = [sys.executable, "-m", "reprocheck", "audit", "--fast", "--exit-zero", "--prefix", str(root)]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPATH"] = str(ROOT)
    return {
        "full": lambda: look(False),
        "sha256sum": lambda: subprocess.run(
            ["xargs", "-0", "sha256sum"], input=listed, stdout=subprocess.DEVNULL, check=True
        ),
        "fast": lambda: look(True),
        "records": records,
        "audit --fast": lambda: subprocess.run(audit, env=environ, cwd=scratch, capture_output=True, check=True),
    }


def measure(root: Path, files: Sequence[Written], scratch: Path, rounds: int) -> None:
    """Measure in turns; print a line for each round, and the medians."""
    works = measures(root, files, scratch)
    print(" ".join(f"{name:>12}" for name in (*works, "ratio")))
    rows: list[list[float]] = []
    for number in range(rounds + 1):
        times = [seconds(work) for work in works.values()]
        row = [*times, times[1] / times[0]]
        if number:
            rows.append(row)
            show(row)
    medians = [statistics.median(column) for column in zip(*rows, strict=True)]
    print("medians:")
    show(medians)
    print(f"full against sha256sum: {medians[-1]:.2f} of its speed, target {TARGET_RATIO}")
    print(f"audit --fast, whole process: {medians[-2]:.2f} s, target {TARGET_FAST_S} s")


def show(row: Sequence[float]) -> None:
    """Print one line of the table: seconds, then the ratio."""
    print(" ".join([*(f"{figure:10.3f} s" for figure in row[:-1]), f"{row[-1]:12.2f}"]), flush=True)


def main() -> None:
    """Read the command line, write the environment, measure."""
    parser = argparse.ArgumentParser(description="How fast an installed environment is inspected.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--packages", type=int, default=300)
    parser.add_argument("--files", type=int, default=100, help="of each package")
    parser.add_argument("--long", type=int, default=8, help="how many files of 50 MB")
    parser.add_argument("--keep", type=Path, help="write the environment here, and let it stay")
    options = parser.parse_args()
    if shutil.which("sha256sum") is None:
        parser.error("there is no sha256sum to compare with")
    with tempfile.TemporaryDirectory() as name:
        root = (options.keep or Path(name, "environment")).absolute()
        files = write_environment(root, options)
        sizes = sorted(file.size_bytes for file in files)
        mean, median = statistics.mean(sizes), statistics.median(sizes)
        print(f"{len(files):,} files of {options.packages} packages, {sum(sizes) / 1e9:.2f} GB in all")
        print(f"size: median {median / 1e3:.1f} KB, mean {mean / 1e3:.1f} KB, longest {sizes[-1] / 1e6:.0f} MB")
        measure(root, files, Path(name), options.rounds)


if __name__ == "__main__":
    main()
