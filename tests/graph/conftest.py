"""Small locks and environments, written in a line a package."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.environment_yml import parse_environment

_LINE = re.compile(r"^- (conda|pip) (\S+) (\S+) ([^\s,]+)(?:, needs (.+))?$")


@pytest.fixture
def make_lock() -> Callable[[str], Lock]:
    """Return a lock from lines such as `- conda linux-64 numpy 2.2.4, needs libblas >=3.9`."""

    def make(text: str) -> Lock:
        packages = tuple(_package(line) for line in text.strip().splitlines())
        return Lock(
            path="conda-lock.yml",
            platforms=tuple(dict.fromkeys(package.platform for package in packages)),
            channels=(),
            content_hash=(),
            sources=(),
            custom_metadata=(),
            packages=packages,
        )

    return make


def _package(line: str) -> LockedPackage:
    found = _LINE.match(line)
    assert found
    needs = [need.split(" ", 1) for need in (found[5] or "").split(", ") if need]
    return LockedPackage(
        name=found[3],
        version=found[4],
        manager="conda" if found[1] == "conda" else "pip",
        platform=found[2],
        dependencies=tuple((need[0], need[1] if len(need) > 1 else "") for need in needs),
        url="",
        md5=None,
        sha256=None,
        category="main",
        optional=False,
        build=None,
        channel=None,
        line=1,
    )


@pytest.fixture
def make_environment() -> Callable[[str], EnvironmentFile]:
    """Return an environment from its text."""
    return lambda text: parse_environment(text.encode(), "environment.yml")
