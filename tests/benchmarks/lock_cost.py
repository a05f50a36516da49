"""What `reprocheck lock` and `reprocheck check` cost: CPU, wall time and memory of whole processes.

Usage: python tests/benchmarks/lock_cost.py [--rounds N] [--sizes 10000,30000,100000,300000] [--locked 50,500,5000]
                                            [--channels FOLDER] [--output FILE]

* `bare`: a script that does nothing but ask py-rattler for the same three platforms at once, with the same specs
  and machines. `lock` is the command as people run it, without an old lock; `lock --cuda none` leaves out the two
  further solves that find out whether CUDA matters; `relock` has a lock that is up to date.
* Runs are taken in turns; each ratio is the median of the rounds' ratios, each figure the median of its column.
  CPU is user and system time of the process and its children, memory its largest resident size.
* `file` reads the channel from this disk. Warm: its pages are in the page cache. Cold: they were dropped from it
  (`posix_fadvise`, Linux); interpreter and libraries stay, so that this is the data's share of a cold start.
* `http` reads it from a server on this machine. Cold: the cache folder is empty, everything is downloaded and
  parsed. Warm: the cache holds it, the server is asked whether it is still true.
* The real records are those of ../shared/channels, where there are any; the generated channel is that of
  fixtures/full_scale_channel.py, `--channels` keeps it from one run to the next.
* conda-lock with a solver is measured where conda_lock and one of micromamba, mamba and conda are installed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import runpy
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GENERATOR = ROOT / "fixtures" / "full_scale_channel.py"
REAL_CHANNEL = ROOT.parent / "shared" / "channels" / "conda-forge"
PLATFORMS = ("linux-64", "osx-arm64", "win-64")
SPECS = ("python 3.11.*", "numpy", "scipy", "pandas", "scikit-learn", "matplotlib-base", "pytorch")
LONGEST_S = 900
# conda-lock's default machines, which are ours.
BARE = """
import asyncio, os, sys
import rattler
from rattler.package import BuildString

MACHINES = {
    "linux-64": "__unix=0=0 __linux=5.10=0 __glibc=2.28=0 __archspec=1=x86_64",
    "osx-arm64": "__unix=0=0 __osx=11.0=0 __archspec=1=m1",
    "win-64": "__win=0=0 __archspec=1=x86_64",
}

def machine(text):
    parts = [word.split("=") for word in text.split()]
    return [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString(build))
        for name, version, build in parts
    ]

async def solve_all(channel, specs):
    gateway = rattler.Gateway(cache_dir=os.path.join(os.environ["RATTLER_CACHE_DIR"], "repodata"))
    return await asyncio.gather(*(
        rattler.solve([rattler.Channel(channel)], specs, gateway=gateway, platforms=[name, "noarch"],
                      virtual_packages=machine(text))
        for name, text in MACHINES.items()
    ))

answers = asyncio.run(solve_all(sys.argv[1], sys.argv[2:]))
print(*(len(records) for records in answers), flush=True)
os._exit(0)  # py-rattler 0.28 may crash when the interpreter ends
"""
# The standard library's own server takes five connections at a time; a sixth waits for a second.
SERVER = """
import functools, http.server, sys

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
with Server(("127.0.0.1", 0), handler) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    wall_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True)
class Row:
    """The medians of one command in one case; `cpu_ratio` and `wall_ratio` are against the case's first command."""

    case: str
    command: str
    wall_ms: float
    cpu_ms: float
    peak_mib: float
    cpu_ratio: float
    wall_ratio: float


@dataclass(frozen=True)
class Command:
    """A process to measure, and what is to be done before each of its runs."""

    name: str
    words: Sequence[str]
    before: Callable[[], object] = lambda: None


def measure(command: Command, folder: Path, cache: Path) -> Cost:
    """Run one process to its end; raises where it fails, for a failure is quick and would look good."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {"PYTHONPATH": str(ROOT), "RATTLER_CACHE_DIR": str(cache), "PYTHONWARNINGS": "ignore"}
    command.before()
    with (folder / "stderr.txt").open("wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(command.words, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command.name} ended with {process.returncode}:\n{(folder / 'stderr.txt').read_text()}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def compare(case: str, commands: Sequence[Command], folder: Path, rounds: int) -> list[Row]:
    """Run the commands in turns, once for nothing and then `rounds` times; return and print their rows."""
    cache = folder / "cache"
    turns = [[measure(command, folder, cache) for command in commands] for _ in range(rounds + 1)][1:]
    rows = []
    for place, command in enumerate(commands):
        costs = [turn[place] for turn in turns]
        row = Row(
            case,
            command.name,
            wall_ms=1000 * statistics.median(cost.wall_s for cost in costs),
            cpu_ms=1000 * statistics.median(cost.cpu_s for cost in costs),
            peak_mib=statistics.median(cost.peak_mib for cost in costs),
            cpu_ratio=statistics.median(turn[place].cpu_s / turn[0].cpu_s for turn in turns),
            wall_ratio=statistics.median(turn[place].wall_s / turn[0].wall_s for turn in turns),
        )
        rows.append(row)
        show(row)
    return rows


def show(row: Row) -> None:
    """Print one row of the table."""
    figures = f"{row.wall_ms:9.0f} {row.cpu_ms:9.0f} {row.peak_mib:9.0f} {row.cpu_ratio:9.2f} {row.wall_ratio:9.2f}"
    print(f"{row.case:34} {row.command:26} {figures}", flush=True)


def lock_commands(channel: str, folder: Path, prepare: Callable[[], object]) -> list[Command]:
    """Write the environment; return the bare solve and the locks to hold against it."""
    dependencies = "".join(f"- {spec}\n" for spec in SPECS)
    head = f"channels: [{channel}]\nplatforms: [{', '.join(PLATFORMS)}]\ndependencies:\n"
    (folder / "environment.yml").write_text(head + dependencies, encoding="utf-8")
    lock = [sys.executable, "-m", "reprocheck", "lock"]

    def forget() -> None:
        (folder / "conda-lock.yml").unlink(missing_ok=True)
        prepare()

    return [
        Command("bare", [sys.executable, "-c", BARE, channel, *SPECS], prepare),
        Command("lock", lock, forget),
        Command("relock, unchanged", lock, prepare),
        Command("lock --cuda none", [*lock, "--cuda", "none"], forget),
        *conda_lock_commands(forget),
    ]


def conda_lock_commands(before: Callable[[], object]) -> list[Command]:
    """Return conda-lock's own lock where it has a solver."""
    solver = next(filter(None, map(shutil.which, ("micromamba", "mamba", "conda"))), None)
    if solver is None or importlib.util.find_spec("conda_lock") is None:
        return []
    words = [sys.executable, "-m", "conda_lock", "lock", "-f", "environment.yml", "--lockfile", "conda-lock.yml"]
    platforms = [word for name in PLATFORMS for word in ("-p", name)]
    return [Command(f"conda-lock, {Path(solver).name}", [*words, *platforms, "--conda", solver], before)]


def drop_pages(channel: Path) -> None:
    """Let the kernel forget the repodata of a channel; a no-op where it takes no such advice."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in channel.glob("*/repodata.json"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # what was never written out cannot be dropped
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine by a process of its own; yield its address."""
    words = [sys.executable, "-c", SERVER, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def lock_rows(name: str, channel: Path, rounds: int) -> Iterator[Row]:
    """Measure one channel: from the disk warm and cold, over HTTP warm and cold."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        yield from compare(f"{name}, file, warm", lock_commands(channel.as_uri(), folder, lambda: None), folder, rounds)
        cold = lock_commands(channel.as_uri(), folder, lambda: drop_pages(channel))
        yield from compare(f"{name}, file, cold", cold[:2], folder, rounds)
        with served(channel) as address:
            warm = lock_commands(address, folder, lambda: None)
            yield from compare(f"{name}, http, warm", warm[:2], folder, rounds)
            empty = lock_commands(address, folder, lambda: shutil.rmtree(folder / "cache", ignore_errors=True))
            yield from compare(f"{name}, http, cold", empty[:2], folder, rounds)


def check_rows(sizes: Sequence[int], rounds: int) -> Iterator[Row]:
    """Measure the freshness check of locks of these many packages against an empty interpreter."""
    write_project = runpy.run_path(str(HERE / "check_startup.py"))["write_project"]
    bare = Command("python -c pass", [sys.executable, "-c", "pass"])
    check = Command("check", [sys.executable, "-m", "reprocheck", "check"])
    for size in sizes:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            write_project(folder, size)
            kilobytes = (folder / "conda-lock.yml").stat().st_size / 1000
            yield from compare(f"{size} packages locked, {kilobytes:.0f} KB", [bare, check], folder, rounds)


def generated(folder: Path, records: int) -> Path:
    """Return a generated channel with this many records in each subdir; made by another process, for its memory."""
    channel = folder / str(records)
    if not (channel / "noarch" / "repodata.json").exists():
        print(f"generating 4 times {records} records ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, GENERATOR, channel, "--records", str(records)], check=True)
    return channel


def all_rows(options: argparse.Namespace, channels: Path) -> Iterator[Row]:
    """Measure everything that the options ask for."""
    if REAL_CHANNEL.is_dir():
        yield from lock_rows("real records", REAL_CHANNEL, options.rounds)
    else:
        print("real records: skipped, there is no ../shared/channels beside the repository")
    for records in options.sizes:
        yield from lock_rows(f"{records} records", generated(channels, records), options.rounds)
    yield from check_rows(options.locked, max(options.rounds, 7))


def numbers(text: str) -> list[int]:
    """Read numbers that are separated by commas."""
    return [int(word) for word in text.split(",") if word]


def main() -> None:
    """Read the command line, measure, print the table and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description="Measure what lock and check cost.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=numbers, default=[10_000, 30_000, 100_000, 300_000])
    parser.add_argument("--locked", type=numbers, default=[50, 500, 950, 5_000])
    parser.add_argument("--channels", type=Path)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    print(f"{'case':34} {'command':26} {'wall ms':>9} {'CPU ms':>9} {'peak MiB':>9} {'CPU ratio':>9} {'wall r.':>9}")
    with tempfile.TemporaryDirectory() as folder:
        rows = list(all_rows(options, options.channels or Path(folder)))
    if not conda_lock_commands(lambda: None):
        print("conda-lock with a solver: not here (it takes conda_lock and one of micromamba, mamba and conda)")
    if options.output:
        about = {"python": platform.python_version(), "system": sys.platform, "cpus": os.cpu_count()}
        document = {"about": about, "rounds": options.rounds, "rows": [asdict(row) for row in rows]}
        options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
