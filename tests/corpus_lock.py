"""Lock real environment files against real records, and compare every result with a direct py-rattler solve.

Run by hand: `python tests/corpus_lock.py [SHARED] [PART-OF-A-NAME] [PLATFORM]`. A file is locked for the platforms
that it names, else for PLATFORM, else for the three that `lock` takes. Conda parts only; channels are replaced by the
static channels of SHARED where those have them, and left out (and said so) where they have not. Prints one
line a file and a summary; exits with 1 when some lock differs from the direct solve, conda-lock cannot read it, or
`conda-lock render` writes other explicit files than `--explicit` did.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import rattler
from conda_lock.conda_lock import do_render
from conda_lock.lockfile import parse_conda_lock_file

from reprocheck.errors import GatheredErrors, ReprocheckError
from reprocheck.locking.exports.explicit_file import explicit_name
from reprocheck.locking.platforms import virtual_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import DEFAULT_PLATFORMS, LockRequest
from reprocheck.readers.environment_yml import read_environment
from reprocheck.workflows.lock import lock_environment

MOST_ROUNDS = 5  # of loosening what the data cannot meet
LONGEST_LOOSENED = 40  # specs; an export with hundreds of build pins would never come to an end

Identity = tuple[str, str, str]
_ALIASES = {"main": "defaults", "anaconda": "defaults", "nvidia/label/cuda-11.8.0": "nvidia/label/cuda-11.8.0"}


def channels_of(environment: EnvironmentFile, shared: Path) -> tuple[list[str], list[str]]:
    """Return the static channels that stand for the declared ones, and those that nothing stands for."""
    found: dict[str, None] = {}
    lacking: list[str] = []
    named = [channel.name for channel in environment.channels] + [spec.channel or "" for spec in environment.conda]
    for name in dict.fromkeys(named):
        plain = re.sub(r"^https?://[^/]+/(?:anaconda/)?(?:cloud/|pkgs/)?", "", name).strip("/")
        if plain in ("nodefaults", ""):
            continue
        folder = shared / "channels" / _ALIASES.get(plain, plain)
        if (folder / "noarch" / "repodata.json").exists():
            found[folder.as_uri()] = None
        else:
            lacking.append(name)
    if not environment.channels:
        found[(shared / "channels" / "defaults").as_uri()] = None
    return list(found), lacking


def directly_solved(environment: EnvironmentFile, channels: list[str], platform: str) -> set[Identity]:
    """Return what py-rattler answers when asked without any of our code in between."""
    specs = []
    for spec in environment.conda:
        text = spec.text
        for channel in channels:
            text = re.sub(rf"^{re.escape(channel.split('/channels/')[-1])}::", f"{channel}::", text)
        specs.append(rattler.MatchSpec(text, strict=False))
    machine = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(package.name),
            rattler.Version(package.version),
            rattler.package.BuildString(package.build),
        )
        for package in virtual_packages(platform, None)
    ]
    records = asyncio.run(
        rattler.solve(
            [rattler.Channel(channel) for channel in channels],
            specs,
            platforms=[platform, "noarch"],
            virtual_packages=machine,
        )
    )
    return {(record.name.normalized, str(record.version), str(record.build)) for record in records}


def lock_one(path: Path, shared: Path, folder: Path, otherwise: tuple[str, ...]) -> str:
    """Lock one file and return the outcome in words, `equal` or `partly equal` first where all is well."""
    left_out: list[str] = []
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    rounds = MOST_ROUNDS if len(read_environment(copy, path.name).conda) <= LONGEST_LOOSENED else 0
    for patience in range(rounds, -1, -1):
        try:
            outcome = lock_copy(copy, shared, folder / "conda-lock.yml", otherwise)
        except ReprocheckError as error:
            absent = absent_lines(error)
            if not absent or not patience:
                raise
            left_out += loosen(copy, absent)
        else:
            break
    if outcome.startswith("equal") and left_out:
        return f"partly {outcome} (loosened: {', '.join(left_out)})"
    return outcome


def absent_lines(error: ReprocheckError) -> set[int]:
    """Return the lines of the specs that the data cannot meet by itself on some platform."""
    errors = error.errors if isinstance(error, GatheredErrors) else (error,)
    absent = [one for one in errors if re.match(r"package `.*` does not exist for", one.what)]
    unmet = [one for one in errors if one.what.startswith("no solution") and one.why.startswith("no build meets")]
    return {int(one.where.split(":")[1]) for one in (*absent, *unmet)}


def loosen(copy: Path, unmet: set[int]) -> list[str]:
    """Take the versions off the specs in these lines, or the specs off the file; return what stood there."""
    lines = copy.read_text(encoding="utf-8-sig").split("\n")
    gone = []
    for number in sorted(unmet):
        spec = lines[number - 1].split("#")[0].strip(" -\r\"'")
        bare = re.match(r"(?:\S+::)?([\w.\-]+)", spec)
        kept = bare is not None and bare[0] != spec
        lines[number - 1] = re.sub(r"- .*", f"- {bare[1]}", lines[number - 1]) if bare and kept else ""
        gone.append(spec)
    copy.write_text("\n".join(lines))
    return gone


def lock_copy(path: Path, shared: Path, lock_path: Path, otherwise: tuple[str, ...]) -> str:
    """Lock one file as it stands and compare the lock with the direct solve."""
    environment = read_environment(path, path.name)
    channels, lacking = channels_of(environment, shared)
    note = f" (without {', '.join(lacking)})" if lacking else ""
    if not channels:
        return f"no channel of its own: {', '.join(lacking)}"
    lock_path.unlink(missing_ok=True)
    platforms = tuple(platform.name for platform in environment.platforms) or otherwise
    outcome = lock_environment(
        LockRequest(
            environment_paths=(path,),
            lock_path=lock_path,
            channels=tuple(channels),
            platforms=platforms,
            without_pip=True,
            explicit=True,
        )
    )
    if not outcome.lock.packages:
        return "no conda dependency at all"
    parsed = parse_conda_lock_file(lock_path)
    if len(parsed.package) != len(outcome.lock.packages):
        return "DIFFERS: conda-lock reads another number of packages"
    if fault := rendered_otherwise(lock_path, platforms):
        return f"DIFFERS: {fault}"
    for platform in platforms:
        ours = {(package.name, package.version, package.build or "") for package in outcome.lock.on(platform)}
        direct = directly_solved(environment, channels, platform)
        if ours != direct:
            return f"DIFFERS on {platform}: {sorted(ours ^ direct)[:4]}{note}"
    counts = "/".join(str(len(outcome.lock.on(platform))) for platform in platforms)
    return f"equal {counts}{note}"


def rendered_otherwise(lock_path: Path, platforms: tuple[str, ...]) -> str:
    """Return where `conda-lock render` and our explicit files are not the same bytes, empty where they are."""
    theirs = lock_path.parent / "rendered"
    theirs.mkdir(exist_ok=True)
    do_render(
        parse_conda_lock_file(lock_path),
        kinds=["explicit"],
        filename_template=str(theirs / "conda-{platform}.lock"),
    )
    for platform in platforms:
        name = explicit_name(platform)
        if (theirs / name).read_bytes() != (lock_path.parent / name).read_bytes():
            return f"conda-lock renders another {name}"
    return ""


def reason_of(error: ReprocheckError) -> str:
    """Return what is wrong first, why, and how many such faults there are."""
    errors = error.errors if isinstance(error, GatheredErrors) else (error,)
    more = f" (+{len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0].what}: {errors[0].why}{more}"


def kind_of(outcome: str) -> str:
    """Return the heading under which the summary counts an outcome."""
    for pattern, kind in (
        (r"^equal", "locked whole, equal to the direct solve"),
        (r"^partly equal", "locked after specs that the data cannot meet were loosened, equal to the direct solve"),
        (r"^no conda", "no conda dependency at all (an empty lock, equal)"),
        (r"^DIFFERS", "DIFFERS"),
        (r"^package ", "a package is not in the data for some platform"),
        (r"^no solution", "unsatisfiable on some platform"),
        (r"^no channel", "no channel of its own in the data"),
        (r"^(?:spec|comment|key) ", "a spec that conda would misread"),
    ):
        if re.search(pattern, outcome):
            return kind
    return "broken file"


def main(arguments: list[str]) -> int:
    """Lock every file of the corpus and print the table."""
    shared = Path(arguments[0] if arguments else Path(__file__).resolve().parents[2] / "shared").resolve()
    part = arguments[1] if len(arguments) > 1 else ""
    otherwise = tuple(arguments[2:]) or DEFAULT_PLATFORMS
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((shared / "corpus" / "env").glob("*.y*ml")):
            if part not in path.name:
                continue
            try:
                outcome = lock_one(path, shared, Path(folder), otherwise)
            except ReprocheckError as error:
                outcome = reason_of(error)
            kinds[kind_of(outcome)] += 1
            print(f"{path.name}: {outcome}", flush=True)
    for kind, count in kinds.most_common():
        print(f"{count:4} {kind}")
    return 1 if kinds["DIFFERS"] else 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # py-rattler 0.28 may crash while the interpreter shuts down
