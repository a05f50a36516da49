"""How `audit` and `check` grow with the lock: whole processes, 50 to 5,000 packages on each of five platforms.

Usage: python tests/benchmarks/audit_growth.py [--rounds N] [--sizes 50,200,1000,5000] [--profile] [--keep FOLDER]

The locks are made from a seed and have the shape of real ones: a core that nearly all need, three dependencies a
package, one package in six by pip, the same core of Python, PyTorch and CUDA in every size, so that the rules have
something to look at. No digest says that they are fresh: every spec is matched, every path is walked, as for a lock
that another conda-lock wrote. Commands are run in turns; figures are medians over the rounds, CPU is user and system
time of the process. `net` is what is left without the same command, of the same round, on the smallest of all locks,
the core alone: what grows. Exponents are slopes between two sizes on double logarithmic paper, 1 is linear; `fitted` is
the slope of the least squares through all sizes. `--profile` tells where the time of 1,000 packages goes.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import hashlib
import io
import math
import os
import pstats
import random
import re
import runpy
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
SEED = 20260214
DECLARED = 40
PIP_SHARE = 6  # every sixth package is pip's
LEAST_MS = 10  # what grows by less is lost in the noise of a process
TARGET_PACKAGES, TARGET_S, TARGET_EXPONENT = 1000, 1.0, 1.15
AUDIT = ("audit", "--driver", "570.86.10", "--gpu", "sm_90", "--exit-zero")
CHECK = ("check", "--exit-zero")

# name, version, build, dependencies: what the rules know by name. Builds are those of one platform or of none.
CORE = (
    ("libgcc", "15.2.0", "h1_0", ()),
    ("libstdcxx", "15.2.0", "h1_0", (("libgcc", "15.2.0 h1_0"),)),
    ("libzlib", "1.3.1", "h1_2", (("libgcc", ">=13"),)),
    ("openssl", "3.5.0", "h1_1", (("libgcc", ">=13"),)),
    ("python_abi", "3.12", "8_cp312", ()),
    ("python", "3.12.9", "h1_1_cpython", (("libzlib", ">=1.3.1,<2.0a0"), ("openssl", ">=3.4.1,<4.0a0"))),
    ("pip", "25.0", "pyh1_0", (("python", ">=3.10,<3.13.0a0"),)),
    ("libblas", "3.9.0", "31_openblas", ()),
    ("numpy", "2.2.4", "py312h1_0", (("libblas", ">=3.9.0,<4.0a0"), ("python", ">=3.12,<3.13.0a0"))),
    ("cuda-version", "12.6", "h1_3", ()),
    ("cudnn", "9.8.0.87", "h1_1", (("cuda-version", ">=12,<13.0a0"),)),
    ("libtorch", "2.6.0", "cuda126_generic_h1_200", (("cudnn", ">=9.8.0.87,<10.0a0"), ("libblas", ">=3.9,<4.0a0"))),
    (
        "pytorch",
        "2.6.0",
        "cuda126_generic_py312_h1_200",
        (("libtorch", "2.6.0 cuda126_generic_h1_200"), ("numpy", ">=1.23,<3"), ("python", ">=3.12,<3.13.0a0")),
    ),
)
CPU_ONLY = ("cuda-version", "cudnn")  # not there are on macOS
COMMON = ("python", "libgcc", "libstdcxx", "numpy", "python_abi")
CONSTRAINTS = ("", ">={version}", ">={version},<{next}.0a0", ">={version},!={version}.99,<{next}", "{version}.*")


@dataclass(frozen=True)
class Made:
    """One invented package; `needs` are pairs of name and constraint."""

    name: str
    version: str
    manager: str
    needs: tuple[tuple[str, str], ...]


def made_packages(count: int) -> list[Made]:
    """Return `count` packages: the first `DECLARED` are declared, every other one has an earlier one that needs it."""
    rng = random.Random(SEED)
    # Every fifth of the first ones is pip's, so that pip leads into the deep as well; conda never needs pip.
    managers = ["pip" if number % PIP_SHARE == PIP_SHARE - 1 else "conda" for number in range(count)]
    versions = [f"{rng.randrange(1, 9)}.{rng.randrange(30)}.{rng.randrange(9)}" for _ in range(count)]
    needs: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    by_manager = {kind: [number for number in range(count) if managers[number] == kind] for kind in ("conda", "pip")}
    for place in range(count):
        owners = by_manager["pip"] if managers[place] == "pip" else range(place)
        owner = _earlier(rng, owners, place)
        if owner is not None and place >= DECLARED:
            needs[owner].append((f"package-{place}", _constraint(rng, versions[place])))
        for _ in range(rng.choice((0, 1, 1, 2))):  # what many share: small numbers from the end
            shared = count - 1 - int(rng.paretovariate(0.7))
            if shared > place and not (managers[place] == "conda" and managers[shared] == "pip"):
                needs[place].append((f"package-{shared}", _constraint(rng, versions[shared])))
        common = rng.sample(COMMON, rng.choice((1, 2, 2)))
        needs[place] += [(name, "") for name in common] if managers[place] == "conda" else [("numpy", "")]
    return [
        Made(f"package-{place}", versions[place], managers[place], tuple(dict(needs[place]).items()))
        for place in range(count)
    ]


def _earlier(rng: random.Random, owners: Sequence[int], place: int) -> int | None:
    before = [owner for owner in owners[: place + 1] if owner < place] if not isinstance(owners, range) else owners
    return rng.choice(before) if before else None


def _constraint(rng: random.Random, version: str) -> str:
    major = int(version.split(".")[0])
    return rng.choice(CONSTRAINTS).format(version=".".join(version.split(".")[:2]), next=major + 1)


def entry(package: Made, platform: str, build: str) -> str:
    """Return the lines of one package in a lock."""
    conda = f"https://conda.invalid/conda-forge/{platform}/{package.name}-{package.version}-{build}.conda"
    wheel = f"https://files.invalid/{package.name.replace('-', '_')}-{package.version}-py3-none-any.whl"
    url = conda if package.manager == "conda" else wheel
    needs = "".join(f"\n    {name}: {_scalar(constraint)}" for name, constraint in package.needs) or " {}"
    return (
        f"- name: {package.name}\n  version: {package.version}\n  manager: {package.manager}\n"
        f"  platform: {platform}\n  dependencies:{needs}\n  url: {url}\n  hash:\n"
        f"    md5: {hashlib.md5(url.encode()).hexdigest()}\n    sha256: {hashlib.sha256(url.encode()).hexdigest()}\n"
        "  category: main\n  optional: false\n"
    )


def _scalar(text: str) -> str:
    return text if re.fullmatch(r"\d+(?:\.\d+){2,}(?: \S+)?", text) else f"'{text}'"


def core_entries(platform: str) -> Iterator[str]:
    """Yield the core; macOS has no CUDA, and the builds of that name."""
    is_mac = platform.startswith("osx")
    for name, version, build, needs in CORE:
        if is_mac and name in CPU_ONLY:
            continue
        kept = tuple((other, c.replace("cuda126", "cpu") if is_mac else c) for other, c in needs)
        kept = tuple(need for need in kept if not (is_mac and need[0] in CPU_ONLY))
        yield entry(Made(name, version, "conda", kept), platform, build.replace("cuda126", "cpu") if is_mac else build)
    yield entry(Made("einops", "0.8.1", "pip", ()), platform, "")


def write_project(folder: Path, count: int) -> None:
    """Write an environment.yml and a lock of `count` packages on each platform, the core included."""
    packages = made_packages(max(count - len(CORE) - 1, 0))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.yml").write_text(environment(packages), encoding="utf-8")
    body = "".join(
        text
        for platform in PLATFORMS
        for text in (*core_entries(platform), *(entry(one, platform, "h2_0") for one in packages))
    )
    (folder / "conda-lock.yml").write_text(lock_head() + body, encoding="utf-8")


def environment(packages: Sequence[Made]) -> str:
    """Return the text of the environment file."""
    roots = packages[:DECLARED]
    conda = [f"  - {one.name}={one.version}\n" for one in roots if one.manager == "conda"]
    pip = ["    - einops==0.8.1\n", *(f"    - {one.name}=={one.version}\n" for one in roots if one.manager == "pip")]
    head = "name: growth\nchannels:\n  - conda-forge\nplatforms:\n"
    core = "  - python=3.12.*\n  - pytorch=2.6.*\n  - numpy=2.2.*\n  - python_abi\n  - libstdcxx\n  - pip\n"
    platforms = "".join(f"  - {name}\n" for name in PLATFORMS)
    return f"{head}{platforms}dependencies:\n{core}{''.join(conda)}  - pip:\n{''.join(pip)}"


def lock_head() -> str:
    """Return the head of a lock whose content hash is that of another conda-lock."""
    hashes = "".join(f"    {platform}: {'0' * 64}\n" for platform in PLATFORMS)
    names = "".join(f"  - {platform}\n" for platform in PLATFORMS)
    return (
        f"version: 1\nmetadata:\n  content_hash:\n{hashes}  channels:\n  - url: conda-forge\n    used_env_vars: []\n"
        f"  platforms:\n{names}  sources:\n  - environment.yml\npackage:\n"
    )


Times = tuple[float, float]


def measured(
    folders: Mapping[int, Path], rounds: int, timed: Callable[[list[str], Path], Times]
) -> dict[tuple[str, int], list[Times]]:
    """Return CPU and wall milliseconds of every round, by command and size; the first round is not counted."""
    cases = [(words, size) for size in folders for words in (AUDIT, CHECK)]
    taken: dict[tuple[str, int], list[Times]] = {(words[0], size): [] for words, size in cases}
    for number in range(rounds + 1):
        for words, size in cases:
            times = timed([sys.executable, "-m", "reprocheck", *words], folders[size])
            if number:
                taken[words[0], size].append(times)
    return taken


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the least squares through points on double logarithmic paper."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(max(y, 1e-3)) for _, y in points]
    middle_x, middle_y = statistics.mean(xs), statistics.mean(ys)
    covariance = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True))
    return covariance / sum((x - middle_x) ** 2 for x in xs)


def tell(command: str, sizes: Sequence[int], taken: Mapping[tuple[str, int], list[Times]]) -> float:
    """Print the rows of one command; return the fitted exponent of what grows."""
    start = taken[command, 0]
    net: dict[int, float] = {}
    print(f"{command:8} {'start':>8} {median(start, 0):9.0f} {median(start, 1):9.0f}")
    for size in sizes:
        times = taken[command, size]
        net[size] = statistics.median(mine - base for (mine, _), (base, _) in zip(times, start, strict=True))
        row = f"{command:8} {size:8} {median(times, 0):9.0f} {median(times, 1):9.0f} {net[size]:9.0f}"
        known = [other for other in net if net[other] >= LEAST_MS]
        exponent = slope([(other, net[other]) for other in known[-2:]]) if len(known) > 1 else None
        print(row if exponent is None else f"{row} {2**exponent:9.2f} {exponent:9.2f}")
    fitted = slope([(size, net_ms) for size, net_ms in net.items() if net_ms >= LEAST_MS])
    print(f"{command:8} fitted exponent of what grows: {fitted:.2f}")
    return fitted


def median(times: Sequence[Times], column: int) -> float:
    """Return the median of CPU (0) or wall (1) milliseconds."""
    return statistics.median(pair[column] for pair in times)


def profile(folder: Path, lines: int = 25) -> None:
    """Print what is imported, what the imports take, and where the rest of an audit's time goes."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-X", "importtime", "-c", "import reprocheck.cli.audit"]
    told = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stderr.splitlines()
    rows = [tuple(line.removeprefix("import time:").split("|")) for line in told if line[-1:] != "]"][1:]
    own = sorted(((int(self_us), name.strip()) for self_us, _, name in rows), reverse=True)
    total_ms = sum(us for us, _ in own) / 1000
    print(f"\nimports of `audit`: {len(own)} modules, {total_ms:.0f} ms; the longest by themselves:")
    print("".join(f"  {us / 1000:6.1f} ms  {name}\n" for us, name in own[:lines]))
    sys.path.insert(0, str(ROOT))
    os.chdir(folder)
    run = runpy.run_module("reprocheck.cli.app")["run"]
    profiler, stdout = cProfile.Profile(), io.StringIO()
    with Path(os.devnull).open("w", encoding="utf-8") as sink, contextlib.redirect_stdout(sink):
        profiler.runcall(run, AUDIT)
    pstats.Stats(profiler, stream=stdout).sort_stats("cumulative").print_stats(lines * 2)
    print(stdout.getvalue())


def main() -> None:
    """Read the command line, measure, print the table and whether the targets are met."""
    parser = argparse.ArgumentParser(description="How audit and check grow with the lock.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--sizes", type=lambda text: [int(word) for word in text.split(",")], default=[50, 200, 1000, 5000]
    )
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    timed = runpy.run_path(str(HERE / "check_startup.py"))["milliseconds"]
    with tempfile.TemporaryDirectory() as name:
        base = options.keep or Path(name)
        folders = {size: base / str(size) for size in (0, *options.sizes)}
        for size, folder in folders.items():
            write_project(folder, size)
            print(f"{size} packages x {len(PLATFORMS)}: {(folder / 'conda-lock.yml').stat().st_size // 1000} KB")
        taken = measured(folders, options.rounds, timed)
        titles = ("packages", "CPU ms", "wall ms", "net ms", "doubling", "exponent")
        print(f"{'command':8} {titles[0]:>8} " + " ".join(f"{title:>9}" for title in titles[1:]))
        fitted = max(tell(command, options.sizes, taken) for command in ("audit", "check"))
        if TARGET_PACKAGES in options.sizes:
            wall_s = statistics.median(wall for _, wall in taken["audit", TARGET_PACKAGES]) / 1000
            print(f"audit of {TARGET_PACKAGES} x {len(PLATFORMS)}: {wall_s:.2f} s, target {TARGET_S:.0f} s")
        print(f"growth: exponent {fitted:.2f}, target {TARGET_EXPONENT}")
        if options.profile:
            profile(folders[TARGET_PACKAGES if TARGET_PACKAGES in folders else max(folders)])


if __name__ == "__main__":
    main()
