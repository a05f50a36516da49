from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from reprocheck.cli.app import run
from reprocheck.cli.behind_dashes import WithCommand, refuse_options
from reprocheck.errors import UsageError


@click.command(cls=WithCommand)
@click.argument("path", default="reprocheck.json")
@click.option("-o", "--output", default="-")
@click.pass_context
def after_dashes(ctx: click.Context, *, words: tuple[str, ...], path: str, output: str) -> None:
    click.echo([words, path, output])
    refuse_options(ctx, ("output",), "it is not for this", "leave it out")


@click.command(cls=WithCommand, context_settings={"allow_interspersed_args": False})
@click.option("-o", "--output", default="-")
def anywhere(*, words: tuple[str, ...], output: str) -> None:
    click.echo([words, output])


def shown(command: click.Command, line: str) -> str:
    return CliRunner().invoke(command, line.split(), catch_exceptions=False).output.splitlines()[0]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("", "[(), 'reprocheck.json', '-']"),
        ("-- python train.py -o x", "[('python', 'train.py', '-o', 'x'), 'reprocheck.json', '-']"),
        ("r.json -- python -- --help", "[('python', '--', '--help'), 'r.json', '-']"),
        ("r.json", "[(), 'r.json', '-']"),
    ],
)
def test_words_behind_dashes_stay_untouched(line: str, seen: str) -> None:
    assert shown(after_dashes, line) == seen


def test_options_may_stand_on_both_sides_of_the_record() -> None:
    with pytest.raises(UsageError) as caught:
        shown(after_dashes, "r.json -o x -- python")
    assert caught.value.lines() == [
        "error: `--output` means nothing here",
        "  where: --output",
        "  why:   it is not for this",
        "  how:   leave it out",
    ]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("python train.py -o x", "[('python', 'train.py', '-o', 'x'), '-']"),
        ("-o y -- python train.py -o x", "[('python', 'train.py', '-o', 'x'), 'y']"),
        ("-o y python -- -o x", "[('python', '--', '-o', 'x'), 'y']"),
        ("-o y", "[(), 'y']"),
    ],
)
def test_where_no_argument_is_expected_the_first_one_begins_the_command(line: str, seen: str) -> None:
    assert shown(anywhere, line) == seen


def told(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, list[str]]:
    code = run(line.split())
    return code, capsys.readouterr().err.splitlines()


def test_dashes_with_nothing_behind_them_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "record --") == (
        2,
        [
            "error: no command was given",
            "  where: the command after `--`",
            "  why:   expected the command that trains",
            "  how:   write `reprocheck record -- python train.py`",
        ],
    )


def test_verify_takes_a_command_behind_dashes_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "verify r.json python train.py -o x") == (
        2,
        [
            "error: `python` stands where nothing is expected",
            "  where: reprocheck verify",
            "  why:   the words of a command stand behind `--`, so that its options stay its own",
            "  how:   write `reprocheck verify -- python train.py`, with the record before `--` if it is not"
            " `reprocheck.json`",
        ],
    )


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("record --workload convnet -- python t.py", "--workload"),
        ("record --seed 0 -- python t.py", "--seed"),
        ("record --threads 2 python t.py", "--threads"),
        ("record --device cpu -- python t.py", "--device"),
        ("verify --drill seed=1 -- python t.py", "--drill"),
        ("verify --predict -- python t.py", "--predict"),
        ("verify --threads 2 -- python t.py", "--threads"),
    ],
)
def test_an_option_of_the_workloads_means_nothing_to_a_command(
    capsys: pytest.CaptureFixture[str], line: str, option: str
) -> None:
    code, lines = told(capsys, line)
    assert (code, lines[0], lines[2]) == (
        2,
        f"error: `{option}` means nothing here",
        "  why:   a command chooses that itself",
    )


@pytest.mark.parametrize("line", ["record --timeout 9", "verify --timeout 9"])
def test_a_time_means_nothing_to_the_workloads(capsys: pytest.CaptureFixture[str], line: str) -> None:
    code, lines = told(capsys, line)
    assert (code, lines[0], lines[3]) == (
        2,
        "error: `--timeout` means nothing here",
        "  how:   leave it out, or write the command behind `--`",
    )


def test_more_steps_than_a_workload_takes_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "record --steps 201")[1][0] == "error: 201 steps are too many for the built-in workloads"


def test_the_usage_line_shows_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--help"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "Usage: reprocheck verify [OPTIONS] [RECORD] [-- COMMAND...]"
