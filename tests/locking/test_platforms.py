"""The assumed machines are conda-lock's own, and selectors keep what conda-lock keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from conda_lock.src_parser.selectors import filter_platform_selectors
from conda_lock.virtual_package import DEFAULT_VIRTUAL_PACKAGES_YAML_PATH

from reprocheck.errors import InputError, UsageError
from reprocheck.locking.platforms import PLATFORMS, check_platform, has_cuda, specs_on, virtual_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.platform_selectors import KNOWN_SELECTORS

Environments = Callable[..., EnvironmentFile]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_assumed_machine_is_that_of_conda_lock_but_for_cuda(platform: str) -> None:
    theirs = yaml.safe_load(DEFAULT_VIRTUAL_PACKAGES_YAML_PATH.read_text())["subdirs"][platform]["packages"]
    theirs.pop("__cuda", None)
    ours = {
        package.name: package.version if package.build == "0" else f"{package.version} {package.build}"
        for package in virtual_packages(platform, None)
    }
    assert ours == theirs


def test_cuda_is_part_of_the_machine_only_when_decided_and_possible() -> None:
    assert "__cuda=12.4=0" in [str(package) for package in virtual_packages("win-64", "12.4")]
    assert virtual_packages("osx-arm64", "12.4") == virtual_packages("osx-arm64", None)
    assert [platform for platform in PLATFORMS if not has_cuda(platform)] == ["osx-64", "osx-arm64"]


def test_an_unknown_platform_is_answered_by_the_nearest_and_the_whole_list() -> None:
    with pytest.raises(UsageError) as caught:
        check_platform("linux64", "--platform")
    assert caught.value.lines() == [
        "error: platform `linux64` is unknown",
        "  where: --platform",
        "  why:   known are `linux-64`, `linux-aarch64`, `linux-ppc64le`, `osx-64`, `osx-arm64`, `win-64`",
        "  how:   did you mean `linux-64`?",
    ]
    with pytest.raises(UsageError) as caught:
        check_platform("amiga", "--platform")
    assert caught.value.how == "name one of these"
    check_platform("win-64", "--platform")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_selectors_keep_what_conda_lock_keeps(platform: str, environment: Environments) -> None:
    words = sorted(KNOWN_SELECTORS)
    lines = [f"pkg-{word}  # only [{word}]" for word in words] + ["always  # a remark"]
    kept = [
        line.split("- ")[1].split()[0]
        for line in filter_platform_selectors("\n".join(f"- {x}" for x in lines), platform)
    ]
    assert [spec.name for spec in specs_on(platform, environment(*lines).conda)] == kept


def test_a_bracket_that_names_no_platform_is_refused_instead_of_dropping_the_dependency(
    environment: Environments,
) -> None:
    with pytest.raises(InputError) as caught:
        specs_on("linux-64", environment("numpy  # see [1]").conda)
    assert caught.value.lines() == [
        "error: comment `[1]` would drop `numpy`",
        "  where: environment.yml:3:3",
        "  why:   conda-lock takes it for a platform selector, and no platform has that name (RC101)",
        "  how:   remove the brackets from the comment",
    ]
