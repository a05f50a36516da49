"""The command line as a whole: help, errors in one shape, exit codes, the top handler."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from reprocheck import __version__
from reprocheck.cli import app
from reprocheck.errors import InputError, UndecidedError


def plant(monkeypatch: pytest.MonkeyPatch, failure: BaseException | None, outcome: object = 0) -> None:
    """Put a command `planted` into the group that fails, or returns, as told."""

    @click.command()
    @click.option("-v", "--verbose", is_flag=True)
    @click.option("--token")
    def command(verbose: bool, token: str | None) -> object:
        if failure is not None:
            raise failure
        return outcome

    module = ModuleType("reprocheck.cli.planted")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "reprocheck.cli.planted", module)
    monkeypatch.setitem(app.COMMANDS, "planted", "a command of the tests")


def test_help_lists_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in app.COMMANDS)


def test_the_version_is_the_package_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"reprocheck {__version__}\n"


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([name, "--help"]) == 0
    assert f"reprocheck {name}" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["chek"]) == 2
    assert capsys.readouterr().err.startswith("error: no such command 'chek'")


def test_an_unknown_option_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check", "--bogus"]) == 2
    err = capsys.readouterr().err
    assert "where: reprocheck check" in err
    assert "see `reprocheck check --help`" in err


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (InputError("a"), 2),
        (UndecidedError("b"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (ValueError("x"), 70),
    ],
)
def test_every_failure_has_its_exit_code(
    failure: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, failure)
    assert app.run(["planted"]) == code
    assert capsys.readouterr().err


def test_details_are_shown_under_verbose_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, InputError("a", detail="the whole tree"))
    app.run(["planted"])
    assert capsys.readouterr().err == "error: a\n  more:  run again with `-v`\n"
    app.run(["planted", "-v"])
    assert capsys.readouterr().err == "error: a\n\nthe whole tree\n"


def test_a_bug_says_so_and_leaves_a_report_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, ValueError("hunter2"))
    app.run(["planted", "--token=hunter2"])
    err = capsys.readouterr().err
    assert err.startswith("error: this is a bug in reprocheck: ValueError\n")
    path = err.split("`")[1]
    report = Path(path).read_text(encoding="utf-8")
    assert "command: reprocheck planted --token" in report
    assert "raise failure" in report
    assert "hunter2" not in report + err


@pytest.mark.parametrize(("outcome", "code"), [(1, 1), (0, 0), (None, 0)])
def test_a_command_returns_its_exit_code(outcome: object, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, None, outcome)
    assert app.run(["planted"]) == code


@pytest.fixture(autouse=True)
def _no_log_litter(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("logs")))


def test_a_name_out_of_a_file_starts_no_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, InputError("channel `x\n::add-mask::y\x1b[31m` is none", where="a.yml:1"))
    assert app.run(["planted"]) == 2
    err = capsys.readouterr().err
    assert err == "error: channel `x\\u{a}::add-mask::y\\u{1b}[31m` is none\n  where: a.yml:1\n"


def test_no_command_shows_the_help_and_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([]) == 2
    assert capsys.readouterr().err.startswith("Usage: reprocheck ")


def test_a_command_that_is_nearly_one_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["lcok"]) == 2
    assert "how:   did you mean `reprocheck lock`?" in capsys.readouterr().err
    assert app.run(["xyz"]) == 2
    assert "how:   see `reprocheck --help`" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("-v",)])
def test_an_error_is_no_command_to_a_ci_system(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    plant(monkeypatch, InputError("##[error]x", detail="a\n::error::y\x1b"))
    app.run(["planted", *options])
    detail = "\na\n\\u{3a}:error::y\\u{1b}\n" if options else "  more:  run again with `-v`\n"
    assert capsys.readouterr().err == f"error: #\\u{{23}}[error]x\n{detail}"


def test_a_misspelt_option_is_no_command_to_a_ci_system(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check", "--##[error]x"]) == 2
    assert "##[" not in capsys.readouterr().err
