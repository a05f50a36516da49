"""conda-lock takes our locks for its own: the same content hash, the same packages, the same explicit file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conda_lock.conda_lock import render_lockfile_for_platform
from conda_lock.content_hash import backwards_compatible_content_hashes
from conda_lock.lockfile import parse_conda_lock_file
from conda_lock.src_parser.environment_yaml import parse_environment_file
from conda_lock.virtual_package import default_virtual_package_repodata

from reprocheck.locking.conda_lock_authority import content_hashes, read_back
from reprocheck.locking.conda_lock_format import format_lock
from reprocheck.locking.explicit_file import explicit_name, format_explicit
from reprocheck.locking.platforms import PLATFORMS, specs_on, virtual_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.environment_yml import read_environment

ENVIRONMENT = """\
channels: [conda-forge, nodefaults]
dependencies:
- python=3.11
- numpy >=1.26,<2
- pywin32=306  # only there [win]
- conda-forge::scipy=1.11.*=py311*
- pytorch==2.5.1
"""


@pytest.mark.parametrize("cuda", [None, "12.4"])
def test_the_content_hash_is_one_that_conda_lock_accepts(cuda: str | None, tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_text(ENVIRONMENT)
    conda = read_environment(path).conda
    ours = content_hashes(
        {platform: specs_on(platform, conda) for platform in PLATFORMS},
        ["conda-forge"],
        {platform: virtual_packages(platform, cuda) for platform in PLATFORMS},
    )
    theirs = parse_environment_file(path, list(PLATFORMS), mapping_url="")
    machine = default_virtual_package_repodata(cuda_version=cuda or "")
    for platform in PLATFORMS:
        assert ours[platform] in backwards_compatible_content_hashes(theirs, machine, platform)


def test_a_spec_that_conda_lock_cannot_read_still_counts(environment: Callable[..., EnvironmentFile]) -> None:
    machine = {"linux-64": virtual_packages("linux-64", None)}
    odd = content_hashes({"linux-64": environment("numpy==").conda}, ["a"], machine)
    plain = content_hashes({"linux-64": environment("numpy").conda}, ["a"], machine)
    assert odd.keys() == plain.keys() == {"linux-64"}
    assert odd != plain


@pytest.fixture
def lock(package: Callable[..., LockedPackage], tmp_path: Path) -> Lock:
    return Lock(
        path=(tmp_path / "conda-lock.yml").as_posix(),
        platforms=("linux-64", "win-64"),
        channels=("conda-forge",),
        content_hash=(("linux-64", "a"), ("win-64", "b")),
        sources=("environment.yml",),
        custom_metadata=(),
        packages=(
            package("alpha", dependencies=(("zeta", ">=1"), ("__glibc", ">=2.17"))),
            package("zeta"),
            package("alpha", platform="win-64"),
            package("unhashed", md5=None),
        ),
    )


def written(lock: Lock) -> Path:
    Path(lock.path).write_bytes(format_lock(lock))
    return Path(lock.path)


def test_conda_lock_reads_back_every_package_dependencies_first(lock: Lock) -> None:
    ordered = [(p.name, p.platform) for p in read_back(written(lock), lock)]
    assert sorted(ordered) == sorted((p.name, p.platform) for p in lock.packages)
    assert ordered.index(("zeta", "linux-64")) < ordered.index(("alpha", "linux-64"))


def test_a_file_that_says_something_else_is_a_bug(lock: Lock) -> None:
    path = written(lock)
    other = replace(lock, packages=(replace(lock.packages[0], version="2"), *lock.packages[1:]))
    with pytest.raises(AssertionError, match="conda-lock reads"):
        read_back(path, other)
    with pytest.raises(AssertionError, match="conda-lock reads other packages"):
        read_back(path, replace(lock, packages=lock.packages[1:]))


def test_the_explicit_file_is_what_conda_lock_renders(lock: Lock) -> None:
    lock = replace(lock, packages=lock.packages[:3])  # without a hash conda-lock writes a bare `#`, we do not
    path = written(lock)
    theirs = render_lockfile_for_platform(
        lockfile=parse_conda_lock_file(path),
        include_dev_dependencies=True,
        extras=set(),
        kind="explicit",
        platform="linux-64",
    )
    ours = format_explicit(lock, "linux-64", read_back(path, lock)).decode()
    assert ours == "\n".join(theirs) + "\n"
    assert explicit_name("linux-64") == "conda-linux-64.lock"


def test_a_package_without_a_hash_gets_a_bare_url(lock: Lock) -> None:
    last = format_explicit(lock, "linux-64", lock.packages).decode().splitlines()[-1]
    assert last == "https://conda.anaconda.org/conda-forge/linux-64/unhashed-1.0-0.conda"
