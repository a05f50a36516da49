"""The text of `lock`: what changed, one line each, and one line that sums up."""

from __future__ import annotations

import pytest

from reprocheck.model.locking_requests import LockChange, LockOutcome, Mode, Sign, Status
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.reports.lock_text import render_changes, render_summary

BOTH = ("linux-64", "win-64")


def package(name: str, version: str, platform: str) -> LockedPackage:
    return LockedPackage(
        name=name,
        version=version,
        manager="conda",
        platform=platform,
        dependencies=(),
        url="u",
        md5=None,
        sha256=None,
        category="main",
        optional=False,
        build="0",
        channel=None,
        line=1,
    )


def outcome(
    status: Status, mode: Mode = "write", changes: tuple[LockChange, ...] = (), written: tuple[str, ...] = ()
) -> LockOutcome:
    lock = Lock(
        path="sub/conda-lock.yml",
        platforms=BOTH,
        channels=(),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=(
            package("numpy", "1.26.4", "linux-64"),
            package("numpy", "1.26.4", "win-64"),
            package("mkl", "2024", "win-64"),
        ),
    )
    return LockOutcome(
        lock=lock,
        status=status,
        mode=mode,
        changes=changes,
        roots=("absent", "mkl", "numpy"),
        notes=(),
        written=written,
    )


def change(sign: Sign, old: str | None, new: str | None, platforms: tuple[str, ...] = BOTH) -> LockChange:
    return LockChange(sign=sign, manager="conda", name="numpy", old=old, new=new, platforms=platforms)


def render_outcome(done: LockOutcome) -> str:
    return render_changes(done) + render_summary(done)


def test_a_first_lock_shows_what_was_declared() -> None:
    done = outcome("created", written=("sub/conda-lock.yml", "sub/conda-win-64.lock"))
    assert render_outcome(done) == (
        "+ mkl 2024  [win-64]\n"
        "+ numpy 1.26.4\n"
        "wrote conda-lock.yml: linux-64 1, win-64 2 packages\n"
        "wrote sub/conda-win-64.lock\n"
    )


def test_a_change_is_one_line_with_its_platforms_where_not_all() -> None:
    pip = LockChange(sign="-", manager="pip", name="torch", old="2.4.1", new=None, platforms=BOTH)
    changes = (change("~", "1.0 0", "2.0 0"), change("+", None, "1.0 0", ("win-64",)), pip)
    assert render_outcome(outcome("changed", changes=changes)) == (
        "~ numpy 1.0 0 -> 2.0 0\n"
        "+ numpy 1.0 0  [win-64]\n"
        "- torch (pip) 2.4.1\n"
        "updated conda-lock.yml: linux-64 1, win-64 2 packages; 1 added, 1 removed, 1 changed\n"
    )


def test_a_change_of_the_head_alone_is_said() -> None:
    assert render_outcome(outcome("changed")).endswith("; no package changed, but what the lock says about itself\n")


@pytest.mark.parametrize(
    ("mode", "status", "begin"),
    [
        ("write", "unchanged", "conda-lock.yml is up to date, not touched: linux-64 1"),
        ("dry-run", "created", "would write conda-lock.yml: linux-64 1"),
        ("dry-run", "changed", "would update conda-lock.yml: linux-64 1"),
        ("dry-run", "unchanged", "conda-lock.yml is up to date: linux-64 1"),
        ("check", "created", "conda-lock.yml is missing: linux-64 1"),
        ("check", "changed", "conda-lock.yml is stale: linux-64 1"),
        ("check", "unchanged", "conda-lock.yml is up to date: linux-64 1"),
    ],
)
def test_the_last_line_says_what_was_or_would_be_done(mode: Mode, status: Status, begin: str) -> None:
    assert render_outcome(outcome(status, mode)).splitlines()[-1].startswith(begin)


def test_control_characters_of_a_version_are_made_visible() -> None:
    hostile = change("+", None, "1\x1b[2J")
    assert "\x1b" not in render_outcome(outcome("changed", changes=(hostile,)))
