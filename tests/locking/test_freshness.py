"""A lock is fresh by its digest or by what is locked; where it is stale, the spec, platform and version are named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.locking.freshness import judge_freshness
from reprocheck.locking.input_digest import declared_channels, input_digest
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import read_lock
from reprocheck.readers.environment_yml import read_environment

Environments = Callable[..., EnvironmentFile]
Locks = Callable[..., Lock]


@pytest.fixture
def lock(package: Callable[..., LockedPackage]) -> Locks:
    """Make a lock of numpy 1.26.4 and python 3.11 on two platforms, with more packages if given."""

    def make(*more: LockedPackage, **custom: str) -> Lock:
        usual = [
            package(name, version, platform=platform, build="py_0")
            for platform in ("linux-64", "win-64")
            for name, version in (("numpy", "1.26.4"), ("python", "3.11.9"))
        ]
        return Lock(
            path="conda-lock.yml",
            platforms=("linux-64", "win-64"),
            channels=("conda-forge",),
            content_hash=(),
            sources=("environment.yml",),
            custom_metadata=tuple(sorted((key.replace("_", "-"), value) for key, value in custom.items())),
            packages=(*usual, *more),
        )

    return make


def told(freshness: Freshness) -> list[tuple[str, str, str | None, str]]:
    return [(p.spec.text, p.platform, p.locked_version, p.reason) for p in freshness.problems]


def digest_of(environment: EnvironmentFile, cuda: str | None) -> str:
    return input_digest(environment, ("linux-64", "win-64"), declared_channels(environment), cuda)


@pytest.mark.parametrize(
    ("recorded", "decided"), [("12.4", "12.4"), ("none", "none"), ("undecided (none assumed)", None)]
)
def test_an_equal_digest_proves_freshness(
    recorded: str, decided: str | None, environment: Environments, lock: Locks
) -> None:
    one = environment("numpy=99")  # not met: but nothing is matched where the digest is equal
    fresh = judge_freshness(
        one, lock(**{"reprocheck.cuda": recorded, "reprocheck.input_digest": digest_of(one, decided)})
    )
    assert fresh == Freshness(fresh=True, by="input-digest")


def test_another_cuda_decision_in_the_configuration_makes_a_lock_stale(environment: Environments, lock: Locks) -> None:
    one = environment("numpy")
    locked = lock(**{"reprocheck.cuda": "none", "reprocheck.input_digest": digest_of(one, "none")})
    judged = judge_freshness(one, locked, cuda="12.4")
    assert (judged.fresh, judged.declared_cuda, judged.problems) == (False, "12.4", ())


def test_a_foreign_lock_that_meets_every_spec_is_fresh(environment: Environments, lock: Locks) -> None:
    one = environment("numpy >=1.26,<2", "python=3.11.*", "conda-forge::numpy", "__glibc>=2", "jq  # a note [soon]")
    assert judge_freshness(one, lock()) == Freshness(fresh=True, by="satisfiability")


def test_every_unmet_spec_is_named_with_platform_and_locked_version(environment: Environments, lock: Locks) -> None:
    one = environment("numpy>=2", "scipy  # [win]", "python=*=*_cpython", "pytorch::numpy  # [linux]")
    judged = judge_freshness(one, lock())
    assert not judged.fresh
    assert told(judged) == [
        ("numpy>=2", "linux-64", "1.26.4", "does not admit 1.26.4"),
        ("python=*=*_cpython", "linux-64", "3.11.9", "does not admit 3.11.9 py_0"),
        ("pytorch::numpy", "linux-64", "1.26.4", "asks for another channel than conda-forge"),
        ("numpy>=2", "win-64", "1.26.4", "does not admit 1.26.4"),
        ("scipy", "win-64", None, "is not locked"),
        ("python=*=*_cpython", "win-64", "3.11.9", "does not admit 3.11.9 py_0"),
    ]


def test_defaults_in_a_spec_is_met_by_any_of_its_channels(
    environment: Environments, lock: Locks, package: Callable[..., LockedPackage]
) -> None:
    url = "https://repo.anaconda.com/pkgs/main/linux-64/jq-1.0-0.conda"
    jq = package("jq", url=url, channel="pkgs/main")
    assert judge_freshness(environment("defaults::jq  # [linux]"), lock(jq)).fresh


def test_a_declared_platform_that_is_not_locked_is_stale(environment: Environments, lock: Locks) -> None:
    one = environment("numpy", head="platforms: [linux-64, osx-arm64]")
    assert judge_freshness(one, lock()).missing_platforms == ("osx-arm64",)
    judged = judge_freshness(environment("numpy"), lock(), platforms=("osx-64", "win-64"))
    assert (judged.fresh, judged.missing_platforms) == (False, ("osx-64",))


@pytest.mark.parametrize(
    ("head", "told_channels"),
    [
        ("channels: [conda-forge, nodefaults]", None),
        ("name: x", None),
        ("channels: [pytorch, conda-forge]", ("pytorch", "conda-forge")),
    ],
)
def test_other_channels_are_told_and_make_no_lock_stale(
    head: str, told_channels: tuple[str, ...] | None, environment: Environments, lock: Locks
) -> None:
    judged = judge_freshness(environment("numpy", head=head), lock())
    assert (judged.fresh, judged.declared_channels) == (True, told_channels)


def test_what_cannot_be_read_is_not_judged(environment: Environments, lock: Locks) -> None:
    judged = judge_freshness(environment("python >=3.11 <3.12", "pip: ['-e .', --pre]"), lock())
    assert judged.fresh
    assert [spec.text for spec in judged.unjudged] == ["python >=3.11 <3.12", "-e ."]


def test_judging_by_digest_loads_neither_rattler_nor_packaging_nor_conda_lock() -> None:
    code = (
        "import sys, reprocheck.locking.freshness, reprocheck.readers.conda_lock_yml;"
        "print(sorted({'rattler', 'packaging', 'conda_lock', 'networkx', 'torch'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_no_real_lock_that_is_fresh_is_called_stale_and_real_violations_are_found(shared: Path) -> None:
    """The truth is that of the corpus: conda-lock's own verdict, and specs that the locked packages do not meet."""
    alarms, missed = [], []
    for entry in json.loads((shared / "corpus" / "conda-lock" / "index.json").read_text()):
        verdict = corpus_verdict(shared / "corpus" / "conda-lock" / entry["dir"], entry["lock"], entry["files"])
        if entry["truth"].startswith(("fresh", "hash differs")) and verdict is False:
            alarms.append(entry["dir"])
        if entry["truth_detail"].get("spec_violations") and verdict is not False:
            missed.append(entry["dir"])
    assert (alarms, missed) == ([], [])


def corpus_verdict(folder: Path, lock_name: str, files: list[str]) -> bool | None:
    """Judge by the lock's sources, or by all environment files beside it where those moved."""
    lock = read_lock(folder / lock_name)
    beside = [folder / name for name in files if name.endswith((".yml", ".yaml")) and "lock" not in Path(name).name]
    sources = [(folder / lock_name).parent / source for source in lock.sources]
    found = [source for source in sources if source.suffix in (".yml", ".yaml") and source.exists()] or beside
    return all(judge_freshness(read_environment(source), lock).fresh for source in found) if found else None


def test_an_equal_digest_proves_nothing_for_a_lock_that_lost_a_package(environment: Environments, lock: Locks) -> None:
    declared = environment("numpy", "python", "scipy  # [osx]", "__cuda")
    kept = lock(**{"reprocheck.cuda": "none", "reprocheck.input_digest": digest_of(declared, "none")})
    assert judge_freshness(declared, kept).by == "input-digest"
    cut = replace(kept, packages=tuple(one for one in kept.packages if (one.name, one.platform) != ("numpy", "win-64")))
    freshness = judge_freshness(declared, cut)
    assert (freshness.fresh, told(freshness)) == (False, [("numpy", "win-64", None, "is not locked")])
