"""Laws of the rules that hold an installed environment against its lock, its origins, its kernels and its libraries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Finding, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.prefixes import UNKNOWN_VERSION, CondaRecord, Distribution, Fault, NativeLibrary, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.conda_lock_yml import read_lock
from reprocheck.rules import (
    rc605_drift_from_lock,
    rc606_unpinned_direct_url,
    rc607_jupyter_kernel_elsewhere,
    rc609_native_runtime_copies,
)
from reprocheck.rules.direct_origins import file_name, hashed_by_lock, is_local
from reprocheck.rules.extra_packages import by_asked_for
from reprocheck.rules.facts import Facts
from reprocheck.rules.package_drift import are_one_release, of_distribution, of_record
from tests.rules.conftest import NOT_ASKED, short_lock

MakeFacts = Callable[..., Facts]

LOCK = short_lock(
    "\n".join(
        (
            "- conda linux-64 numpy 2.2.4 py311_0, from https://conda.invalid/forge/linux-64/numpy-2.2.4-py311_0.conda",
            "- conda linux-64 scipy 1.15.2 py311_0, needs numpy >=1.23",
            "- conda linux-64 Jinja2 3.1.5 pyhd8ed1ab_0",
            "- pip linux-64 PyYAML 6.0.2",
            "- pip linux-64 ruamel.yaml 0.18.10",
            "- pip linux-64 study 0.1, from ./study",
            "- conda osx-arm64 numpy 2.2.4 py311_0",
        )
    )
)


def record(package: LockedPackage) -> CondaRecord:
    return CondaRecord(
        name=package.name.lower(),
        version=package.version or "1.0",
        build=package.build or "0",
        channel=package.channel or "",
        subdir=package.platform,
        url=package.url,
        md5=package.md5,
        sha256=package.sha256,
        dependencies=package.dependencies,
        requested=(),
        files=(),
        record=f"conda-meta/{package.name}-{package.version}-{package.build}.json",
    )


def distribution(package: LockedPackage) -> Distribution:
    return Distribution(
        name=normalise_name(package.name),
        version=package.version or "1.0",
        installer="uv",
        origin=None,
        owner=None,
        dependencies=(),
        files=(),
        record=f"lib/python3.11/site-packages/{package.name}-{package.version}.dist-info",
    )


def installed(packages: Sequence[LockedPackage], platform: str = "linux-64") -> Prefix:
    """Return the environment that an installer makes of some packages, each name once."""
    conda = {package.name.lower(): record(package) for package in packages if package.manager == "conda"}
    pip = {normalise_name(package.name): distribution(package) for package in packages if package.manager == "pip"}
    return Prefix(
        path="env",
        kind="conda",
        maker="reprocheck",
        platform=platform,
        python="3.11.7",
        site_packages="lib/python3.11/site-packages",
        conda=tuple(conda.values()),
        distributions=tuple(pip.values()),
    )


def facts_of(lock: Lock, prefix: Prefix) -> Facts:
    return Facts(
        environment=NOT_ASKED,
        lock=lock,
        lock_path=lock.path,
        freshness=NOT_ASKED,
        machine=NOT_ASKED,
        names=load_name_map(),
        prefix=prefix,
    )


def drifts(lock: Lock, prefix: Prefix) -> list[Finding]:
    found = rc605_drift_from_lock.check(facts_of(lock, prefix))
    return sorted(found, key=lambda finding: finding.sort_key)


def messages(lock: Lock, prefix: Prefix) -> list[str]:
    return [finding.message for finding in drifts(lock, prefix)]


def big_lock(count: int) -> Lock:
    lines = (
        f"- {('conda', 'pip')[i % 2]} linux-64 package{i} 1.{i}{' h0_0' if i % 2 == 0 else ''}" for i in range(count)
    )
    return short_lock("\n".join(lines))


def test_an_environment_of_the_lock_s_own_packages_never_drifts() -> None:
    assert drifts(LOCK, installed(LOCK.on("linux-64"))) == []


def test_real_locks_installed_as_they_say_do_not_drift(shared: Path) -> None:
    locks = [read_lock(path) for path in sorted((shared / "corpus").rglob("conda-lock.yml"))[::5]]
    assert locks
    for lock in locks:
        for platform in lock.platforms:
            assert drifts(lock, installed(lock.on(platform), platform)) == [], (lock.path, platform)


@pytest.mark.parametrize("package", LOCK.on("linux-64"), ids=lambda package: package.name)
def test_whatever_is_dropped_is_told_and_nothing_else(package: LockedPackage) -> None:
    rest = [other for other in LOCK.on("linux-64") if other is not package]
    (finding,) = drifts(LOCK, installed(rest))
    name = f"`{package.name} {package.version}`"
    assert finding.message == f"{package.manager}'s {name} of the lock is not installed"
    assert finding.severity is Severity.ERROR
    assert finding.location == LOCK.location_of(package)


@pytest.mark.parametrize("package", LOCK.on("linux-64"), ids=lambda package: package.name)
def test_whatever_lies_there_beside_the_lock_is_told_as_a_warning(package: LockedPackage) -> None:
    locked = replace(LOCK, packages=tuple(other for other in LOCK.packages if other is not package))
    (finding,) = drifts(locked, installed(LOCK.on("linux-64")))
    assert finding.message.endswith("` is installed, but not in the lock")
    assert finding.severity is Severity.WARNING


def extra(**needs: Sequence[str]) -> dict[str, list[str]]:
    """Return which of the packages with these needs is told with which, where none of them is locked but `locked`."""
    packages = [
        replace(distribution(replace(LOCK.packages[3], name=name)), dependencies=tuple((need, "") for need in of))
        for name, of in needs.items()
    ]
    prefix = replace(installed(()), distributions=tuple(packages))
    told = by_asked_for([package for package in packages if package.name != "locked"], prefix)
    return {package.name: [one.name for one in brought] for package, brought in told}


def test_what_only_extra_packages_need_is_told_with_the_first_of_them() -> None:
    assert extra(a=[], b=[]) == {"a": [], "b": []}
    assert extra(a=["b"], b=["c"], c=[], z=["c"]) == {"a": ["b", "c"], "z": []}
    assert extra(c=["b"], b=["gone"]) == {"c": ["b"]}
    assert extra(a=["b"], b=[], locked=["b"]) == {"a": [], "b": []}
    assert extra(a=["a"]) == {"a": []}


def test_of_extra_packages_that_need_each_other_the_first_was_asked_for() -> None:
    assert extra(a=["b"], b=["a", "c"], c=[]) == {"a": ["b", "c"]}
    assert extra(a=["b"], b=["a"], z=["b"]) == {"z": ["b", "a"]}


def test_a_long_chain_of_extra_packages_is_one_finding_and_takes_no_long_time() -> None:
    needs = {f"p{number}": [f"p{number + 1}", "p1"] for number in range(3000)}
    start = time.perf_counter()
    assert len(extra(**needs)["p0"]) == 2999
    assert time.perf_counter() - start < 5


def test_the_order_of_records_and_entries_never_matters() -> None:
    changed = [replace(item, version=f"9.{item.version}") if item.line % 2 else item for item in LOCK.on("linux-64")]
    prefix, dice = installed(changed), random.Random(5)
    wanted = messages(LOCK, prefix)
    assert len(wanted) == 3
    for _ in range(10):
        packages = dice.sample(LOCK.packages, len(LOCK.packages))
        conda = dice.sample(prefix.conda, len(prefix.conda))
        pip = dice.sample(prefix.distributions, len(prefix.distributions))
        shuffled = replace(prefix, conda=tuple(conda), distributions=tuple(pip))
        assert messages(replace(LOCK, packages=tuple(packages)), shuffled) == wanted


def test_two_thousand_packages_are_compared_in_the_time_of_two_thousand() -> None:
    def seconds(count: int) -> float:
        lock = big_lock(count)
        prefix = installed([replace(item, version="2.0") if item.line % 3 == 0 else item for item in lock.packages])
        facts = facts_of(lock, prefix)
        start = time.perf_counter()
        assert len(list(rc605_drift_from_lock.check(facts))) == count // 3
        return time.perf_counter() - start

    seconds(50)  # imports and tables
    assert min(seconds(2000) for _ in range(3)) < 25 * min(seconds(200) for _ in range(3)) + 0.05


def test_at_most_half_is_told_package_by_package_and_more_in_one_sentence() -> None:
    lock = big_lock(30)
    half = [replace(item, version="9.9") if item.line <= 15 else item for item in lock.packages]
    assert len(drifts(lock, installed(half))) == 15
    most = [replace(item, version="9.9") if item.line <= 16 else item for item in lock.packages]
    assert messages(lock, installed(most)) == ["`env` is not an environment of this lock: 16 of 30 packages differ"]


def test_few_packages_are_named_even_where_all_of_them_differ() -> None:
    lock = big_lock(9)
    prefix = installed([replace(item, version="9.9") for item in lock.packages])
    assert len(drifts(lock, prefix)) == 9


def test_the_same_bytes_from_elsewhere_are_no_drift_and_other_bytes_are() -> None:
    locked = LOCK.packages[0]
    url = "https://mirror.invalid/copy/linux-64/numpy-2.2.4-py311_0.conda"
    here = replace(record(locked), url=url, channel="copy")
    assert of_record(locked, here) is None
    assert of_record(replace(locked, sha256=None), replace(here, sha256=None)) is None  # the MD5 is the same
    other = of_record(locked, replace(here, sha256="ab" * 32))
    assert other is not None
    assert (other.kind, other.said) == (
        "archive",
        "is installed from another archive of the same name: sha256 `abababababab` instead of `000000000000`,"
        " from `copy` instead of `forge`",
    )
    unknown = of_record(locked, replace(here, sha256=None, md5=None))
    assert unknown is not None
    assert (unknown.kind, unknown.said) == ("channel", "is installed from `copy`, the lock takes it from `forge`")
    silent = replace(here, sha256=None, md5=None, url="", channel="")
    assert of_record(locked, silent) is None


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("1.0", "1.0.0", True),
        ("1.0.post1", "1.0-1", True),
        ("1.0.0-rc1", "1.0rc1", True),
        ("2024.07.04", "2024.7.4", True),
        ("2.6.0+cu124", "2.6.0", False),
        ("2.6.0+cu124", "2.6.0+CU124", True),
        ("2004d", "2004d.0", True),
        ("2004d", "2004e", False),
        ("1.0", "1.1", False),
    ],
)
def test_versions_of_pip_are_compared_after_pep_440(one: str, other: str, equal: bool) -> None:
    assert are_one_release(one, other) is equal


def test_a_project_without_a_known_version_does_not_drift() -> None:
    locked = next(package for package in LOCK.packages if package.name == "PyYAML")
    item = replace(distribution(locked), version=UNKNOWN_VERSION)
    assert of_distribution(locked, item) is None


def test_a_record_that_cannot_be_read_is_not_called_missing() -> None:
    rest = [item for item in LOCK.on("linux-64") if item.name not in ("scipy", "PyYAML")]
    faults = (
        Fault("conda-meta/scipy-1.15.2-py311_0.json", "is no JSON"),
        Fault("lib/python3.11/site-packages/PyYAML-6.0.2.dist-info/METADATA", "cannot be read"),
        Fault("share/jupyter/kernels/x/kernel.json", "is no JSON"),
    )
    assert drifts(LOCK, replace(installed(rest), faults=faults)) == []


def test_an_interrupted_create_is_told_alone_and_without_a_lock_too() -> None:
    prefix = replace(installed(LOCK.on("linux-64")[:2]), unfinished="`create` was interrupted")
    (finding,) = drifts(LOCK, prefix)
    assert finding.message == "`env` is no whole environment: `create` was interrupted"
    assert finding.fix == "run `reprocheck create -p env`, which goes on where it was interrupted"
    without = replace(facts_of(LOCK, replace(prefix, lock="locks/gpu.yml")), lock=NOT_ASKED)
    (alone,) = rc605_drift_from_lock.check(without)
    assert alone.fix == (
        "run `reprocheck create -p env --lockfile locks/gpu.yml`, which goes on where it was interrupted"
    )


def test_the_fix_is_that_of_the_tool_that_made_the_environment() -> None:
    prefix = installed(LOCK.on("linux-64")[1:])
    fixes = {maker: drifts(LOCK, replace(prefix, maker=maker))[0].fix for maker in ("reprocheck", "conda", "pixi")}
    assert fixes == {
        "reprocheck": "run `reprocheck create -p env`, which installs what the lock holds",
        "conda": "run `reprocheck create -p env --force`, which installs what the lock holds",
        "pixi": "run `pixi install`, which installs what the lock holds",
    }


def test_without_a_prefix_or_a_lock_nothing_is_said() -> None:
    rules = (
        rc605_drift_from_lock,
        rc606_unpinned_direct_url,
        rc607_jupyter_kernel_elsewhere,
        rc609_native_runtime_copies,
    )
    facts = facts_of(LOCK, installed(()))
    assert [finding for rule in rules for finding in rule.check(replace(facts, prefix=NOT_ASKED))] == []
    assert list(rc605_drift_from_lock.check(replace(facts, lock=NOT_ASKED))) == []
    assert hashed_by_lock(replace(facts, prefix=NOT_ASKED)) == frozenset()


def test_credentials_and_homes_are_never_shown(make_facts: MakeFacts) -> None:
    lock = short_lock(
        "- conda linux-64 numpy 2.2.4 py311_0, from https://me:hunter2@h.invalid/a/t/hunter2/linux-64/numpy-2.2.4-py311_0.conda\n"
        "- pip linux-64 rich 13.9.4, from https://me:hunter2@h.invalid/rich-13.9.4.tar.gz?token=hunter2\n"
        "- pip linux-64 clip 1.0, from git+https://me:hunter2@h.invalid/clip@0123456789012345678901234567890123456789"
    )
    facts = make_facts(
        prefix="- conda linux-64 numpy 2.2.4 py311_0, channel main, hashed =?\n"
        "- pip linux-64 rich 13.9.5, by pip, direct archive https://me:hunter2@h.invalid/rich.whl?token=hunter2\n"
        "- pip linux-64 clip 1.0, by pip, direct vcs https://me:hunter2@h.invalid/clip abc\n"
        "- pip linux-64 tool 1.0, by pip, direct archive https://me:hunter2@h.invalid/tool.whl?token=hunter2\n"
        "- pip linux-64 mine 1.0, by pip, direct editable file:///home/meyer/secret/mine\n"
        "- kernel user mine /home/meyer/.local/share/jupyter/kernels/mine/kernel.json starts other /home/meyer/python\n"
        "- kernel user other /srv/jupyter/kernels/other/kernel.json starts missing /Users/meyer/x/python"
    )
    for whole in (replace(facts, lock=lock), facts):
        rules = (rc605_drift_from_lock, rc606_unpinned_direct_url, rc607_jupyter_kernel_elsewhere)
        told = repr([list(rule.check(whole)) for rule in rules])
        assert "hunter2" not in told
        assert "meyer" not in told
    assert len(list(rc605_drift_from_lock.check(replace(facts, lock=lock)))) == 3


def test_addresses_of_one_machine_are_known_by_their_scheme() -> None:
    assert [is_local(address) for address in ("file:///x", "git+file:///x", "./x", "https://h.invalid/x")] == [
        True,
        True,
        True,
        False,
    ]
    assert file_name("file:///C:%5CUsers%5Cme%5Cwheels%5Cx-1.0.whl#sha256=ab") == "x-1.0.whl"


def test_many_copies_are_named_in_part_and_the_order_never_matters() -> None:
    copies = [
        NativeLibrary("libnccl", "libnccl.so.2", f"lib/{i}/libnccl.so.2", f"lib/{i}/libnccl.so.2", f"{i:064}", ())
        for i in range(8)
    ]
    dice, prefix = random.Random(5), installed(())
    told = set()
    for _ in range(5):
        shuffled = replace(prefix, libraries=tuple(dice.sample(copies, len(copies))))
        told.add(tuple(rc609_native_runtime_copies.check(facts_of(LOCK, shuffled))))
    ((finding,),) = told
    assert finding.message.startswith("`libnccl.so.2` lies here in 8 files with different bytes: `lib/0/libnccl.so.2`")
    assert finding.message.endswith("` (no package lists it, sha256 `000000000000`) and 3 more")
