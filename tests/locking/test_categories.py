"""Which category a locked package belongs to."""

from __future__ import annotations

from dataclasses import replace

from reprocheck.facts.name_map import load_name_map
from reprocheck.locking.categories import assign_categories
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import LockedPackage, Manager
from reprocheck.model.merged_environment import merge_environments
from reprocheck.readers.environment_yml import parse_environment


def package(name: str, *needs: str, manager: Manager = "conda", platform: str = "linux-64") -> LockedPackage:
    return LockedPackage(
        name=name,
        version="1",
        manager=manager,
        platform=platform,
        dependencies=tuple((need, "*") for need in needs),
        url="",
        md5=None,
        sha256=None,
        category="main",
        optional=False,
        build=None,
        channel=None,
        line=1,
    )


def environment(**files: str) -> EnvironmentFile:
    return merge_environments(
        [
            parse_environment(f"category: {category}\ndependencies:\n{text}".encode(), f"{category}.yml")
            for category, text in files.items()
        ]
    )


def categories(packages: list[LockedPackage], made: EnvironmentFile) -> dict[str, tuple[str, bool]]:
    found = assign_categories(packages, made, load_name_map())
    assert [each.name for each in found] == [each.name for each in packages]
    return {f"{each.name}/{each.platform}": (each.category, each.optional) for each in found}


def test_main_wins_and_then_the_first_category_in_order() -> None:
    made = environment(main="  - a", dev="  - b\n  - a", docs="  - c")
    packages = [
        package("a", "shared"),
        package("b", "shared", "tools", "__glibc"),
        package("c", "tools", "theme"),
        package("shared"),
        package("theme"),
        package("tools"),
        package("stray"),
    ]
    assert categories(packages, made) == {
        "a/linux-64": ("main", False),
        "b/linux-64": ("dev", True),
        "c/linux-64": ("docs", True),
        "shared/linux-64": ("main", False),
        "theme/linux-64": ("docs", True),
        "tools/linux-64": ("dev", True),
        "stray/linux-64": ("main", False),
    }


def test_categories_follow_pip_into_conda() -> None:
    made = environment(main="  - pip: [Some.Tool]", dev="  - python\n  - pip: [pytest]")
    packages = [
        package("numpy", "libblas"),
        package("libblas"),
        package("python", "openssl"),
        package("openssl"),
        package("some-tool", "numpy", manager="pip"),
        package("pytest", "pluggy", manager="pip"),
        package("pluggy", manager="pip"),
    ]
    found = categories(packages, made)
    main = [name for name, (category, _) in found.items() if category == "main"]
    assert main == ["numpy/linux-64", "libblas/linux-64", "python/linux-64", "openssl/linux-64", "some-tool/linux-64"]
    assert found["pluggy/linux-64"] == ("dev", True)


def test_a_selector_counts_on_its_platform_only() -> None:
    made = environment(main="  - a  # [osx]\n  - pip: [c]", dev="  - a\n  - b  # [nowhere]")
    packages = [
        package("a"),
        package("b"),
        package("a", platform="osx-arm64"),
        package("c", manager="pip"),
    ]
    assert categories(packages, made) == {
        "a/linux-64": ("dev", True),
        "b/linux-64": ("main", False),
        "a/osx-arm64": ("main", False),
        "c/linux-64": ("main", False),
    }


def test_without_other_categories_everything_is_main() -> None:
    made = environment(main="  - a")
    assert categories([replace(package("a"), category="dev", optional=True), package("b")], made) == {
        "a/linux-64": ("main", False),
        "b/linux-64": ("main", False),
    }
