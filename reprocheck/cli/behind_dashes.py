"""Commands that take another command behind `--`: its words stay as they are, its options are never ours."""

from __future__ import annotations

from collections.abc import Sequence

import click

from reprocheck.cli.console import note
from reprocheck.errors import UsageError
from reprocheck.machine.watched_process import COMMAND_PLACE

DASHES = "--"


class WithCommand(click.Command):
    """Hands all words behind the first `--` to the parameter `words`, and reads what stands before as ever.

    Where options may not stand behind an argument, the first argument begins the command, with and without `--`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the arguments, and read ours.

        Raises:
            UsageError: there is nothing behind `--`, or a command without it.
        """
        ctx.allow_extra_args = True
        place = args.index(DASHES) if DASHES in args else len(args)
        super().parse_args(ctx, args[:place])
        begun = tuple(ctx.args)
        if begun and ctx.allow_interspersed_args:
            raise _without_dashes(ctx.command_path, begun)
        words = (*begun, *args[place:]) if begun else tuple(args[place + 1 :])
        if place < len(args) and not words:
            raise _nothing_given(ctx.command_path)
        ctx.args = []
        ctx.params["words"] = words
        return ctx.args

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the pieces of the usage line with the command at its end."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def _nothing_given(command: str) -> UsageError:
    return UsageError(
        "no command was given",
        where=COMMAND_PLACE,
        why="expected the command that trains",
        how=f"write `{command} -- python train.py`",
    )


def _without_dashes(command: str, words: Sequence[str]) -> UsageError:
    return UsageError(
        f"`{words[0]}` stands where nothing is expected",
        where=command,
        why="the words of a command stand behind `--`, so that its options stay its own",
        how=f"write `{command} -- python train.py`, with the record before `--` if it is not `reprocheck.json`",
    )


def refuse_options(ctx: click.Context, names: Sequence[str], why: str, how: str) -> None:
    """Return when none of the parameters `names` was given on the command line.

    Raises:
        UsageError: one was; it means nothing here.
    """
    for parameter in ctx.command.params:
        given = ctx.get_parameter_source(parameter.name or "")
        if parameter.name in names and given is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"`{parameter.opts[-1]}` means nothing here", where=parameter.opts[-1], why=why, how=how)


def tell_beside(text: str) -> None:
    """Say something in a line of its own, amid what the command prints."""
    note(f"reprocheck: {text}")
