"""pip requirements are met by the pip part, or by a conda package that provides the project."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.locking.judging.pip_freshness import judge_pip
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock, LockedPackage

Environments = Callable[..., EnvironmentFile]
Judge = Callable[..., tuple[list[tuple[str, str | None, str]], list[str]]]


@pytest.fixture
def judge(environment: Environments, package: Callable[..., LockedPackage]) -> Judge:
    """Judge one pip line against conda pytorch 2.5.1, python 3.11.9 and pip requests 2.31.0, odd 1.0.weird."""

    def run(line: str, custom: tuple[tuple[str, str], ...] = (), python: bool = True, limit: str = "") -> object:
        pip = {"manager": "pip", "build": None, "channel": None}
        packages = [
            package("pytorch", "2.5.1"),
            package("Requests_Extra", "2.31.0", **pip),
            package("odd", "1.0.weird", **pip),
            *([package("python", "3.11.9")] if python else []),
        ]
        lock = Lock(
            path="x",
            platforms=("linux-64",),
            channels=(),
            content_hash=(),
            sources=(),
            custom_metadata=custom,
            packages=tuple(packages),
        )
        lines = environment(f'pip: ["{line}"]').pip
        limits = environment(f'pip: ["{limit}"]').pip if limit else ()
        problems, unjudged = judge_pip(lines, lock, "linux-64", limits)
        return [(p.spec.text, p.locked_version, p.reason) for p in problems], [one.text for one in unjudged]

    return run  # type: ignore[return-value]


@pytest.mark.parametrize(
    "line",
    [
        "requests.extra>=2.31",
        "requests-extra~=2.31",
        "torch>=2.2.2",
        "absent; sys_platform == 'win32'",
        "absent; python_version < '3.9'",
        "--pre",
    ],
)
def test_what_is_met_or_not_meant_here_is_silent(line: str, judge: Judge) -> None:
    assert judge(line) == ([], [])


def test_what_is_not_met_names_the_locked_version(judge: Judge) -> None:
    assert judge("requests-extra<2") == ([("requests-extra<2", "2.31.0", "does not admit 2.31.0")], [])
    assert judge("torch==2.4.1") == ([("torch==2.4.1", "2.5.1", "does not admit 2.5.1")], [])
    assert judge("absent; python_version >= '3.9'")[0] == [("absent; python_version >= '3.9'", None, "is not locked")]
    assert judge("absent @ https://host/absent.whl")[0][0][2] == "is not locked"


@pytest.mark.parametrize(
    "line",
    [
        "-e ./here",
        "./here",
        "odd>=1",
        "requests-extra @ https://host/x.whl",
        "requests-extra; nonsense == 1",
        "requests-extra=2",
        "requests-extra[socks]~=2.31",
        "-r absent.txt",
    ],
)
def test_what_only_its_source_could_tell_is_not_judged(line: str, judge: Judge) -> None:
    assert judge(line) == ([], [line])


def test_a_marker_about_python_needs_a_locked_python(judge: Judge) -> None:
    line = "absent; python_version < '3.9'"
    assert judge(line, python=False) == ([], [line])


def test_a_constraint_limits_what_is_locked_and_asks_for_nothing(judge: Judge) -> None:
    assert judge("torch", limit="requests-extra<2") == ([("requests-extra<2", "2.31.0", "does not admit 2.31.0")], [])
    assert judge("torch", limit="torch<2.5")[0] == [("torch<2.5", "2.5.1", "does not admit 2.5.1")]
    assert judge("torch", limit="requests-extra>=2") == judge("torch", limit="absent<1") == ([], [])


def test_a_lock_without_its_pip_part_is_not_blamed_for_it(judge: Judge) -> None:
    assert judge("absent", custom=(("reprocheck.pip-left-out", "absent"),)) == ([], [])
