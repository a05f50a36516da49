"""Our bytes are what conda-lock's writer writes, and what every reader reads back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from reprocheck.locking.conda_lock_format import format_lock, used_variables
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import parse_lock
from reprocheck.readers.plain_blocks import scan_blocks


@pytest.fixture
def lock(package: Callable[..., LockedPackage]) -> Lock:
    return Lock(
        path="sub/conda-lock.yml",
        platforms=("linux-64", "win-64"),
        channels=("conda-forge", "https://host/t/$MY_TOKEN/org"),
        content_hash=(("linux-64", "1e5"), ("win-64", "b")),
        sources=("environment.yml",),
        custom_metadata=(("reprocheck.cuda", "12.4"),),
        packages=(
            package("zlib", "1.10", platform="win-64", dependencies=(("vc", ">=14.2,<15"), ("a", "")), sha256=None),
            package("zlib", "1.10", md5=None, sha256="12" * 32),
            package("requests", "2.0", manager="pip", build=None, channel=None, md5=None, url="https://host/r.whl"),
        ),
    )


def test_the_bytes_are_these(lock: Lock) -> None:
    head, body = format_lock(lock).decode().split("version: 1\n")
    assert head.endswith(
        "#     conda-lock install -n YOURENV conda-lock.yml\n"
        "# Solve it anew, for example after a change of a source file, with:\n"
        "#     reprocheck lock -f environment.yml --lockfile conda-lock.yml\n"
    )
    assert all(line.startswith("#") for line in head.splitlines())
    assert body.split("- name: zlib\n")[0] == (
        "metadata:\n"
        "  content_hash:\n"
        "    linux-64: 1e5\n"
        "    win-64: b\n"
        "  channels:\n"
        "  - url: conda-forge\n"
        "    used_env_vars: []\n"
        "  - url: https://host/t/$MY_TOKEN/org\n"
        "    used_env_vars:\n"
        "    - MY_TOKEN\n"
        "  platforms:\n"
        "  - linux-64\n"
        "  - win-64\n"
        "  sources:\n"
        "  - environment.yml\n"
        "  custom_metadata:\n"
        "    reprocheck.cuda: '12.4'\n"
        "package:\n"
    )
    assert body.split("- name: zlib\n")[1] == (
        "  version: '1.10'\n"
        "  manager: conda\n"
        "  platform: linux-64\n"
        "  dependencies: {}\n"
        "  url: https://conda.anaconda.org/conda-forge/linux-64/zlib-1.10-0.conda\n"
        "  hash:\n"
        "    md5: ''\n"
        f"    sha256: '{'12' * 32}'\n"
        "  category: main\n"
        "  optional: false\n"
    )


def test_packages_stand_in_conda_locks_order(lock: Lock) -> None:
    ordered = parse_lock(format_lock(lock), "x").packages
    assert [(p.manager, p.name, p.platform) for p in ordered] == [
        ("conda", "zlib", "linux-64"),
        ("conda", "zlib", "win-64"),
        ("pip", "requests", "linux-64"),
    ]


def test_reading_back_gives_the_lock_and_writing_again_the_bytes(lock: Lock) -> None:
    data = format_lock(lock)
    again = parse_lock(data, lock.path)
    assert format_lock(again) == data
    assert {p.name for p in again.packages} == {"zlib", "requests"}
    assert (again.channels, again.content_hash) == (lock.channels, lock.content_hash)
    assert again.custom_metadata == lock.custom_metadata


def test_our_own_locks_take_the_quick_road(lock: Lock) -> None:
    assert scan_blocks(format_lock(lock).decode()).items("package")


def test_the_body_is_what_pyyaml_writes_for_conda_lock(lock: Lock) -> None:
    text = format_lock(lock).decode()
    body = text[text.index("version: 1\n") :]
    assert yaml.safe_dump(yaml.safe_load(body), sort_keys=False) == body


def test_variables_of_an_address_are_told_sorted() -> None:
    assert used_variables("https://$USER:${PASS}@host/t/$TOKEN/x/$USER") == ["PASS", "TOKEN", "USER"]
