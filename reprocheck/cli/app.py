"""The command group: commands are imported when they are called, errors become exit codes here and nowhere else."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from reprocheck import __version__
from reprocheck.errors import EXIT_BUG, EXIT_CLEAN, EXIT_INTERRUPTED, EXIT_USAGE, ReprocheckError, UsageError
from reprocheck.reports.log_text import log_line, log_text
from reprocheck.reports.visible import visible

# name -> one line of help; the module is `reprocheck.cli.<name>`, loaded only when the command is called.
COMMANDS = {
    "lock": "Resolve environment.yml into conda-lock.yml for every platform.",
    "create": "Install the lock into a prefix, conda and pip parts by hash; repairs what it made.",
    "check": "Lint environment.yml and its lock; offline and quick, made for a pre-commit hook.",
    "audit": "Check environment, lock, an installed prefix, and a machine: this one, or one that you describe.",
    "matrix": "Show which drivers, GPUs and platforms a lock can run on, and why not on the others.",
    "tree": "Show the packages of a lock as a tree, conda and pip together; -i from the leaves up.",
    "graph": "Draw the graph of a lock: dot, mermaid, svg or json.",
    "why": "Show the paths from what you declared to a package.",
    "diff": "Show what differs between two locks, environment files, fingerprints or records.",
    "export": "Write one platform of a lock in another format: explicit, pylock, env or dockerfile.",
    "explain": "Print the page of a rule.",
    "fingerprint": "Describe this machine and the audited Python: hardware, driver, torch, switches, packages.",
    "doctor": "Ask whether this machine is ready to train: driver, CUDA, AMP, NCCL, DDP, Jupyter; one line each.",
    "record": "Run the reference AMP and DDP workloads, or your own training behind `--`, and write down their bits.",
    "verify": "Run them again and compare with the record, bit for bit.",
    "fleet": "Run fixed operations on every rank of a torchrun command, and name the ranks that compute otherwise.",
    "demo": "Show the whole story on the packaged example, offline.",
}
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(click.Group):
    """A group whose commands live in one module each."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the commands in the order of a first session."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        # Imported on call: `check` must start without torch, networkx, rattler and conda-lock.
        module = importlib.import_module(f"reprocheck.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; a name that nearly is one gets the right one named."""
        if args[0] in COMMANDS:
            return super().resolve_command(ctx, args)
        # Imported where it is needed: only a misspelt name asks for it.
        import difflib

        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        how = f"did you mean `reprocheck {near[0]}`?" if near else "see `reprocheck --help`"
        raise UsageError(f"no such command '{args[0]}'", where="reprocheck", how=how)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from the table, so that `--help` imports no command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", message="reprocheck %(version)s")
def group() -> None:
    """Will this training run give the same numbers there, and if not, why not?

    Exit codes: 0 clean or reproduced; 1 findings, stale or not reproduced; 2 usage, broken input or
    unsatisfiable; 3 could not decide; 4 forged; 70 a bug in reprocheck; 130 interrupted.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises."""
    try:
        outcome = group.main(args=list(arguments), prog_name="reprocheck", standalone_mode=False)
    except ReprocheckError as error:
        _end_workers()
        _tell(error, verbose=_is_verbose(arguments))
        return error.exit_code
    except click.exceptions.Exit as leave:
        return int(leave.exit_code)
    except click.ClickException as error:
        _tell_usage(error)
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort) as stop:
        _end_workers()
        # click puts its own in the place of ours; a command that has changed something says so in it.
        click.echo(f"interrupted: {str(stop.__cause__ or stop) or 'nothing was changed'}", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return EXIT_CLEAN
    except Exception as error:  # a bug: say so, and leave a log that is already a bug report
        _end_workers()
        # Imported on failure: what writes the report takes longer to load than a check may take.
        from reprocheck.cli.bug_report import write_bug_report

        click.echo(write_bug_report(error, arguments), err=True)
        return EXIT_BUG
    return outcome if isinstance(outcome, int) else EXIT_CLEAN


def _end_workers() -> None:
    """End what still runs beside a command that did not come to its end, such as a machine that is being read."""
    # Imported on failure: most commands run no worker.
    from reprocheck.machine.open_workers import end_workers

    end_workers()


def _is_verbose(arguments: Sequence[str]) -> bool:
    return any(argument == "--verbose" or argument in ("-v", "-vv") for argument in arguments)


def _tell(error: ReprocheckError, *, verbose: bool) -> None:
    # A name out of a hostile file must neither start a line of its own nor be a command: CI systems read them.
    click.echo(log_text(map(visible, error.lines())), err=True, nl=False)
    if error.detail and verbose:
        click.echo(log_text(map(visible, ["", *error.detail.split("\n")])), err=True, nl=False)
    elif error.detail:
        click.echo("  more:  run again with `-v`", err=True)


def _tell_usage(error: click.ClickException) -> None:
    """Print click's complaint in the shape of every other error."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context else "reprocheck"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    message = log_line(visible(" ".join(error.format_message().split()).rstrip(".")))  # click lists choices in lines
    click.echo(f"error: {message[:1].lower()}{message[1:]}", err=True)
    click.echo(f"  where: {where}\n  how:   see `{where} --help`", err=True)


def _silence_stdout() -> None:
    """Point stdout at nothing: the reader has gone, and flushing would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
