"""stdout is the report; colour and progress only where they belong."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from reprocheck.cli import console


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_report_goes_to_stdout_or_whole_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console.deliver("a\n", None)
    console.deliver("b", None)
    console.deliver("c\n", tmp_path / "r.txt")
    assert capsys.readouterr().out == "a\nb\n"
    assert (tmp_path / "r.txt").read_text() == "c\n"


def test_a_note_is_one_line_and_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    console.note("n\n::error::x\x1b[31m\u202e##[error]y")
    assert capsys.readouterr().err == "n\\u{a}::error::x\\u{1b}[31m\\u{202e}#\\u{23}[error]y\n"


def test_notes_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.note("n")
    assert capsys.readouterr() == ("", "n\n")


@pytest.mark.parametrize(
    ("choice", "variables", "expected"),
    [
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_follows_option_then_variables_then_terminal(
    choice: str, variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert console.wants_color(choice) is expected


def test_a_terminal_gets_colour_but_a_file_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdout", Terminal())
    assert console.wants_color("auto")
    assert not console.wants_color("auto", to_file=True)


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("solving") as shown:
        shown.step("more")
    assert capsys.readouterr().err == ""


def test_progress_appears_on_a_terminal_after_patience_and_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(console, "_PATIENCE_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress("solving"):
        time.sleep(0.35)
    assert "solving (0 s)" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_quick_work_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with console.progress("solving"):
        pass
    assert terminal.getvalue() == ""
