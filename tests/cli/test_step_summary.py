"""The summary of a GitHub step, and how wide a terminal is."""

from __future__ import annotations

import os
import pty
import sys
import termios
from pathlib import Path

import pytest

from reprocheck.cli.console import terminal_width
from reprocheck.cli.step_summary import append_summary
from reprocheck.model.findings import Audit
from reprocheck.reports.audit_report import AuditReport

REPORT = AuditReport(audit=Audit(findings=(), skipped=()), tool_version="1")


def test_without_the_variable_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    append_summary(REPORT)
    assert capsys.readouterr() == ("", "")


def test_the_summary_is_appended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    append_summary(REPORT)
    append_summary(REPORT)
    assert path.read_text() == "**No findings**\n" * 2


def test_a_full_summary_is_left_alone_and_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * (1024 * 1024 - len("**No findings**\n") + 1))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    append_summary(REPORT)
    assert capsys.readouterr().err == "note: the step summary was not written: the step has no room left in it\n"
    assert path.stat().st_size == 1024 * 1024 - len("**No findings**\n") + 1


@pytest.mark.parametrize(("columns", "width"), [(80, 80), (200, 100), (10, 40), (0, None)])
def test_prose_is_as_wide_as_the_terminal_within_reason(
    columns: int, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert terminal_width() == width
        assert terminal_width(to_file=True) is None
        monkeypatch.undo()
    os.close(ours)
