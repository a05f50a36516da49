"""Two locks are told apart package by package, once for all platforms where the change is the same."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reprocheck.locking.differences.lock_differences import lock_differences
from reprocheck.model.differences import Difference, HeadDifference
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import read_lock
from tests.locking.made_locks import made_lock

Packages = Callable[..., LockedPackage]
HOST = "https://conda.anaconda.org"
lock = functools.partial(made_lock, platforms=("linux-64", "win-64"), sources=("environment.yml",))


def differ(old: Lock, new: Lock, *, same_format: bool = True) -> Difference:
    return lock_differences(old, new, same_format=same_format)


def told(difference: Difference) -> list[tuple[object, ...]]:
    return [(p.change, p.name, p.old, p.new, p.platforms, p.details) for p in difference.packages]


def test_a_lock_does_not_differ_from_itself(package: Packages) -> None:
    same = lock(package("a"), package("p", manager="pip", build=None), content_hash=(("linux-64", "x"),))
    assert differ(same, same).is_empty


def test_versions_are_told_with_their_direction_once_for_all_platforms(package: Packages) -> None:
    old = lock(package("a"), package("a", platform="win-64"), package("b", "2"), package("c", "1-x_y"))
    new = lock(package("a", "2"), package("a", "2", platform="win-64", build="7"), package("b", "1"), package("c", "2"))
    assert told(differ(old, new)) == [
        ("upgraded", "a", "1.0", "2", ("linux-64", "win-64"), ()),
        ("downgraded", "b", "2", "1", ("linux-64",), ()),
        ("changed", "c", "1-x_y", "2", ("linux-64",), ()),
    ]


def test_the_same_version_in_another_spelling_is_a_change(package: Packages) -> None:
    assert told(differ(lock(package("a", "1")), lock(package("a", "1.0"))))[0][0] == "changed"


def test_what_came_and_what_went_is_told(package: Packages) -> None:
    found = differ(lock(package("gone", platform="win-64")), lock(package("new", manager="pip", build=None)))
    assert told(found) == [
        ("removed", "gone", "1.0", None, ("win-64",), ()),
        ("added", "new", None, "1.0", ("linux-64",), ()),
    ]
    assert found.packages[0].states[0].new is None
    assert found.packages[1].states[0].old is None


def test_a_rebuild_names_the_builds_of_every_platform_unless_they_are_alike(package: Packages) -> None:
    old = lock(package("a", build="1"), package("a", build="2", platform="win-64"), package("b", build="1"))
    new = lock(package("a", build="3"), package("a", build="4", platform="win-64"), package("b", build="2"))
    assert told(differ(old, new)) == [
        ("rebuilt", "a", "1.0", "1.0", ("linux-64", "win-64"), ("build 1 -> 3 on linux-64", "build 2 -> 4 on win-64")),
        ("rebuilt", "b", "1.0", "1.0", ("linux-64",), ("build 1 -> 2",)),
    ]


def test_a_build_that_turns_from_cuda_to_cpu_is_told_beside_a_new_version(package: Packages) -> None:
    old = lock(package("torch", "2.5", build="cuda126_py311_0"), package("numpy", "1", build="py311h0_0"))
    new = lock(package("torch", "2.6", build="cpu_py311_0"), package("numpy", "2", build="py311h1_0"))
    assert [(p.name, p.details) for p in differ(old, new).packages] == [
        ("numpy", ()),
        ("torch", ("build cuda126_py311_0 -> cpu_py311_0",)),
    ]


def test_another_file_under_the_same_url_is_told_with_both_hashes(package: Packages) -> None:
    old, new = package("a", sha256="1" * 64), package("a", sha256="2" * 64, dependencies=(("b", ""),))
    details = differ(lock(old), lock(new)).packages[0].details
    assert differ(lock(old), lock(new)).packages[0].change == "rehashed"
    assert details == (f"sha256 {'1' * 64} -> {'2' * 64}, both for {new.url}", "now needs b")


def test_a_hash_that_only_one_side_knows_is_no_difference(package: Packages) -> None:
    assert differ(lock(package("a", sha256=None)), lock(package("a"))).is_empty


def test_the_same_file_with_other_dependencies_is_a_repodata_patch(package: Packages) -> None:
    old = lock(package("tk", dependencies=(("libzlib", ">=1.2,<1.3"), ("x", ""))))
    new = lock(package("tk", dependencies=(("x", ""), ("libzlib", ">=1.2,<2"))))
    assert told(differ(old, new)) == [
        (
            "patched",
            "tk",
            "1.0",
            "1.0",
            ("linux-64",),
            ("no longer needs libzlib >=1.2,<1.3", "now needs libzlib >=1.2,<2"),
        )
    ]
    assert differ(old, new, same_format=False).is_empty


def test_the_order_of_dependencies_is_no_difference(package: Packages) -> None:
    one = package("a", dependencies=(("b", ""), ("c", "")))
    assert differ(lock(one), lock(replace(one, dependencies=(("c", ""), ("b", ""))))).is_empty


def test_another_channel_for_the_same_build_is_told_without_credentials(package: Packages) -> None:
    old = package("a", url=f"{HOST}/nvidia/linux-64/a-1.0-0.conda", channel="nvidia")
    new = package("a", url="https://me:secret@host.invalid/t/token/own/linux-64/a-1.0-0.conda", channel="own")
    found = differ(lock(old), lock(new))
    assert told(found)[0][0] == "moved"
    assert found.packages[0].details == (
        "channel nvidia -> own",
        f"from {HOST}/nvidia/linux-64/a-1.0-0.conda",
        "to   https://host.invalid/t/<token>/own/linux-64/a-1.0-0.conda",
    )
    assert "secret" not in repr(found)


def test_other_credentials_at_the_same_place_are_told_without_them(package: Packages) -> None:
    plain = f"{HOST}/own/linux-64/a-1.0-0.conda"
    found = differ(lock(package("a", url=plain)), lock(package("a", url=plain.replace("://", "://me:secret@"))))
    assert found.packages[0].details == (f"other credentials or another query at {plain}",)


def test_a_dependency_and_a_source_behind_a_url_are_told_without_credentials(package: Packages) -> None:
    secret = "https://me:secret@host.invalid/b.whl"
    old = lock(package("a"), sources=("environment.yml",))
    new = lock(package("a", dependencies=(("b", f"@ {secret}"),)), sources=(secret,))
    assert "secret" not in repr(differ(old, new))


def test_another_category_is_told_and_several_entries_count_as_one(package: Packages) -> None:
    old = lock(package("a", category="dev"))
    new = lock(package("a", category="dev"), package("a", category="docs"))
    assert told(differ(old, new)) == [
        ("recategorised", "a", "1.0", "1.0", ("linux-64",), ("category dev -> dev, docs",))
    ]
    assert differ(old, new, same_format=False).is_empty


def test_pip_names_are_compared_after_pep_503(package: Packages) -> None:
    old = lock(package("PyYAML", manager="pip", build=None, url="u"))
    assert differ(old, lock(package("pyyaml", manager="pip", build=None, url="u"))).is_empty


def test_packages_are_compared_on_the_platforms_that_both_have(package: Packages) -> None:
    old = lock(package("a"), platforms=("linux-64",))
    new = lock(package("a"), package("b", platform="win-64"), package("c", platform="win-64"))
    found = differ(old, new)
    assert (found.packages, found.platforms, found.notes) == ((), ("linux-64",), ())
    assert found.head == (HeadDifference(what="platform win-64", old=None, new="2 packages"),)
    back = differ(new, old)
    assert back.head == (HeadDifference(what="platform win-64", old="2 packages", new=None),)


def test_locks_without_a_common_platform_say_so(package: Packages) -> None:
    found = differ(lock(platforms=("linux-64",)), lock(platforms=("osx-arm64",)))
    assert found.notes == ("the locks have no platform in common, so that no package was compared",)


def test_what_the_head_says_is_told_but_not_which_tools_wrote_it() -> None:
    old = lock(
        channels=("conda-forge", "https://me:secret@host.invalid/own"),
        content_hash=(("linux-64", "a" * 64), ("win-64", "b" * 64)),
        custom_metadata=(
            ("reprocheck.cuda", "none"),
            ("reprocheck.input-digest", "sha256:" + "1" * 64),
            ("reprocheck.tool.reprocheck", "1"),
        ),
    )
    new = lock(
        content_hash=(("linux-64", "c" * 64), ("win-64", "b" * 64)),
        sources=("environment.yml", "dev.yml"),
        custom_metadata=(
            ("reprocheck.cuda", "12.4"),
            ("reprocheck.exclude-newer", "2023-06-01"),
            ("reprocheck.input-digest", "sha256:" + "2" * 64),
        ),
    )
    assert [(head.what, head.old, head.new) for head in differ(old, new).head] == [
        ("channels", "conda-forge, https://host.invalid/own", "conda-forge"),
        ("CUDA", "none", "12.4"),
        ("exclude-newer", None, "2023-06-01"),
        ("input digest", "1" * 12, "2" * 12),
        ("sources", "environment.yml", "environment.yml, dev.yml"),
        ("content hash of linux-64", "a" * 12, "c" * 12),
    ]
    assert [head.what for head in differ(old, new, same_format=False).head] == ["channels", "CUDA"]


def test_every_real_lock_is_equal_to_itself_and_differs_alike_both_ways(shared: Path) -> None:
    folder = shared / "corpus" / "conda-lock"
    one, other = (read_lock(folder / f"01-ai__Yi__{number}" / "conda-lock.yml") for number in (1, 4))
    assert differ(one, one).is_empty
    there, back = differ(one, other), differ(other, one)
    assert not there.is_empty
    mirrored = {"added": "removed", "removed": "added", "upgraded": "downgraded", "downgraded": "upgraded"}
    turned = {(p.name, p.manager, p.platforms, mirrored.get(p.change, p.change)) for p in back.packages}
    assert {(p.name, p.manager, p.platforms, p.change) for p in there.packages} == turned
