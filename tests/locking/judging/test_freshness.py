"""A lock is fresh by its digest or by what is locked; where it is stale, the spec, platform and version are named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.errors import UsageError
from reprocheck.locking.judging.content_hash import content_hashes
from reprocheck.locking.judging.freshness import Asked, judge_freshness
from reprocheck.locking.judging.input_digest import declared_channels, input_digest
from reprocheck.locking.platforms import virtual_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.merged_environment import merge_environments
from reprocheck.readers.conda_lock_yml import read_lock
from reprocheck.readers.environment_yml import read_environment
from reprocheck.readers.virtual_packages_yml import read_virtual_packages

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
    judged = judge_freshness(one, locked, Asked(cuda="12.4"))
    assert (judged.fresh, judged.declared_cuda, judged.problems) == (False, "12.4", ())


def test_a_foreign_lock_that_meets_every_spec_is_fresh(environment: Environments, lock: Locks) -> None:
    one = environment("numpy >=1.26,<2", "python=3.11.*", "conda-forge::numpy", "__glibc>=2", "jq  # a note [soon]")
    assert judge_freshness(one, lock()) == Freshness(fresh=True, by="satisfiability")


def test_every_unmet_spec_is_named_with_platform_and_locked_version(environment: Environments, lock: Locks) -> None:
    one = environment("numpy>=2  # [win]", "scipy  # [win]", "python=*=*_cpython", "pytorch::numpy  # [linux]")
    judged = judge_freshness(one, lock())
    assert not judged.fresh
    assert told(judged) == [
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
    judged = judge_freshness(environment("numpy"), lock(), Asked(platforms=("osx-64", "win-64")))
    assert (judged.fresh, judged.missing_platforms) == (False, ("osx-64",))
    assert judged.extra_platforms == ("linux-64",)


@pytest.mark.parametrize(
    ("head", "told_channels"),
    [
        ("channels: [conda-forge, nodefaults]", None),
        ("name: x", None),
        ("channels: [pytorch, conda-forge]", ("pytorch", "conda-forge")),
        ("channels: [https://conda.anaconda.org/conda-forge/]", None),
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


@pytest.mark.parametrize(
    ("recorded", "configured", "told"),
    [
        ("2023-06-02T00:00:00Z", "2023-06-01", None),
        ("2023-06-02T00:00:00Z", None, None),
        (None, "none", None),
        ("2023-06-02T00:00:00Z", "2023-06-02", "2023-06-03T00:00:00Z"),
        ("2023-06-02T00:00:00Z", "none", "none"),
        (None, "2023-06-01", "2023-06-02T00:00:00Z"),
    ],
)
def test_another_bound_than_that_of_the_configuration_makes_a_lock_stale(
    recorded: str | None, configured: str | None, told: str | None, environment: Environments, lock: Locks
) -> None:
    one = environment("numpy")
    custom = {"reprocheck.input_digest": digest_of(one, None)}
    custom |= {"reprocheck.exclude_newer": recorded} if recorded else {}
    judged = judge_freshness(one, lock(**custom), Asked(exclude_newer=configured))
    assert (judged.fresh, judged.declared_exclude_newer) == (told is None, told)
    assert judge_freshness(one, lock(), Asked(exclude_newer="2023-06-01")).fresh  # no lock of ours: nobody can tell


def test_a_bound_that_nobody_can_read_is_a_mistake(environment: Environments, lock: Locks) -> None:
    with pytest.raises(UsageError, match="time `yesterday` cannot be read"):
        judge_freshness(
            environment("numpy"), lock(**{"reprocheck.input_digest": "x"}), Asked(exclude_newer="yesterday")
        )


def test_other_sources_than_those_of_the_digest_are_told_although_they_are_met(
    environment: Environments, lock: Locks
) -> None:
    ours = lock(**{"reprocheck.input_digest": "of-another-day"})
    assert judge_freshness(environment("numpy", "python"), ours).changed
    assert not judge_freshness(environment("numpy", "python"), ours, Asked(every_source=False)).changed
    assert not judge_freshness(environment("numpy", "python"), lock()).changed


def test_judging_by_digest_loads_neither_rattler_nor_packaging_nor_conda_lock() -> None:
    code = (
        "import sys, reprocheck.locking.judging.freshness, reprocheck.readers.conda_lock_yml;"
        "print(sorted({'rattler', 'packaging', 'conda_lock', 'networkx', 'torch'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("cuda", ["11.4", "12.6", None])
def test_the_content_hash_of_conda_lock_proves_freshness_and_the_cuda_that_was_assumed(
    cuda: str | None, environment: Environments, lock: Locks
) -> None:
    one = environment("numpy=99", "python")  # not met: but nothing is matched where the hash is equal
    machines = {platform: virtual_packages(platform, cuda) for platform in ("linux-64", "win-64")}
    hashes = content_hashes(one, machines, ["conda-forge"], machines)
    locked = replace(lock(), content_hash=tuple((platform, str(hashes[platform])) for platform in machines))
    judged = judge_freshness(one, locked)
    assert judged == Freshness(fresh=True, by="content-hash", assumed_cuda=cuda or "none")
    # Channels named on the command line are not in the file; that they differ is told beside it.
    other = judge_freshness(environment("numpy=99", "python", head="channels: [bioconda]"), locked)
    assert (other.fresh, other.by, other.declared_channels) == (True, "content-hash", ("bioconda",))
    half = replace(locked, content_hash=locked.content_hash[:1])
    assert (judge_freshness(one, half).fresh, judge_freshness(one, half).by) == (False, "satisfiability")


def test_of_several_specs_for_a_name_a_lock_of_conda_lock_meets_the_last(
    environment: Environments, lock: Locks
) -> None:
    one = environment("numpy=2", "python", "numpy=1.26")
    assert judge_freshness(one, lock()).fresh
    ours = judge_freshness(one, lock(**{"reprocheck.input_digest": "sha256:0"}))
    assert told(ours)[0] == ("numpy=2", "linux-64", "1.26.4", "does not admit 1.26.4")


def test_what_nobody_declares_any_more_is_told_and_makes_no_lock_stale(environment: Environments, lock: Locks) -> None:
    judged = judge_freshness(environment("numpy"), lock())
    assert (judged.fresh, [(p.name, p.platform) for p in judged.unreachable]) == (
        True,
        [("python", "linux-64"), ("python", "win-64")],
    )
    assert judge_freshness(environment("numpy"), lock(), Asked(every_source=False)).unreachable == ()


def test_a_pyproject_names_projects_and_conda_may_spell_them_otherwise(
    lock: Locks, package: Callable[..., LockedPackage], environment: Environments
) -> None:
    hooks = [package("pyproject_hooks", "1.2", platform=platform) for platform in ("linux-64", "win-64")]
    [spec] = environment("pyproject-hooks>=1").conda
    meant = replace(spec, location=replace(spec.location, path="pyproject.toml"))
    file = replace(environment("numpy"), conda=(meant,))
    assert judge_freshness(file, lock(*hooks)).fresh
    assert not judge_freshness(replace(file, conda=(spec,)), lock(*hooks)).fresh


def test_no_real_lock_that_is_fresh_is_called_stale_and_real_violations_are_found(shared: Path) -> None:
    """The truth is that of the corpus: conda-lock's own verdict, and specs that the locked packages do not meet."""
    alarms, missed, unproven, silent = [], [], [], []
    for entry in json.loads((shared / "corpus" / "conda-lock" / "index.json").read_text()):
        judged = corpus_verdict(shared / "corpus" / "conda-lock" / entry["dir"], entry["lock"], entry["sources"] or [])
        if judged is None:
            continue
        if entry["truth"].startswith(("fresh", "hash differs")) and (not judged.fresh or judged.unreachable):
            alarms.append(entry["dir"])
        if entry["truth"] == "fresh" and judged.by != "content-hash":
            unproven.append(entry["dir"])
        if entry["truth_detail"].get("spec_violations") and judged.fresh:
            missed.append(entry["dir"])
        if entry["truth"] == "stale" and judged.fresh and not (judged.unreachable or judged.declared_channels):
            silent.append(entry["dir"])
    assert (alarms, missed, unproven) == ([], [], [])
    assert silent == ["pangeo-data__pangeo-docker-images__9"]  # a constraint that the locked packages still meet


def corpus_verdict(folder: Path, lock_name: str, named: list[str]) -> Freshness | None:
    """Judge by all sources merged; None where one of them is absent or no environment.yml."""
    sources = [folder / source for source in named]
    if not sources or not all(source.is_file() and source.suffix in (".yml", ".yaml") for source in sources):
        return None
    machines = tuple(read_virtual_packages(path) for path in sorted(folder.rglob("virtual-packages.yml")))
    merged = merge_environments([read_environment(source) for source in sources])
    return judge_freshness(merged, read_lock(folder / lock_name), Asked(machines=machines))


def test_an_equal_digest_proves_nothing_for_a_lock_that_lost_a_package(environment: Environments, lock: Locks) -> None:
    declared = environment("numpy", "python", "scipy  # [osx]", "__cuda")
    kept = lock(**{"reprocheck.cuda": "none", "reprocheck.input_digest": digest_of(declared, "none")})
    assert judge_freshness(declared, kept).by == "input-digest"
    cut = replace(kept, packages=tuple(one for one in kept.packages if (one.name, one.platform) != ("numpy", "win-64")))
    freshness = judge_freshness(declared, cut)
    assert (freshness.fresh, told(freshness)) == (False, [("numpy", "win-64", None, "is not locked")])
