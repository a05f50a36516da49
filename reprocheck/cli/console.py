"""stdout is the report; progress and notes go to stderr, progress on a terminal only."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import click

from reprocheck.reports.log_text import log_line
from reprocheck.reports.visible import visible

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_PATIENCE_S = 2.0
_NARROWEST = 40
_WIDEST = 100  # Longer lines of prose are hard to read.


def deliver(text: str, output: Path | None) -> None:
    """Write a report to `output`, whole or not at all, or to stdout."""
    if output is None:
        click.echo(text, nl=not text.endswith("\n"), color=True)
    else:
        # Imported where it is needed: most reports go to stdout, and it takes 4 ms to load.
        from reprocheck.atomic_write import write_whole

        write_whole(output, text.encode("utf-8"))


def note(text: str) -> None:
    """Tell the user something that is not part of the report, in one line that no CI system takes for a command."""
    click.echo(log_line(visible(text)), err=True)


def wants_color(choice: str, *, to_file: bool = False) -> bool:
    """Decide on colour: the option, then `NO_COLOR`, then `FORCE_COLOR`, then whether stdout is a terminal.

    Source: no-color.org; force-color.org.
    """
    if choice != "auto":
        return choice == "always"
    if to_file or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def terminal_width(*, to_file: bool = False) -> int | None:
    """Return how many columns prose may take on the terminal.

    None where stdout is no terminal, or one that does not know: a pipe gets the same bytes everywhere.
    """
    if to_file or not sys.stdout.isatty():
        return None
    width = os.get_terminal_size(sys.stdout.fileno()).columns
    return max(_NARROWEST, min(_WIDEST, width)) if width else None


@dataclass(slots=True)
class Progress:
    """One line on a terminal that says what is going on, once it has taken over two seconds."""

    stream: TextIO
    active: bool
    message: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def step(self, message: str) -> None:
        """Say what is being done now."""
        self.message = message

    def draw(self) -> None:
        """Redraw the line until stopped, then wipe it."""
        frames = _FRAMES if "utf" in (self.stream.encoding or "").lower() else _PLAIN_FRAMES
        started = time.monotonic()
        if self._stop.wait(_PATIENCE_S):
            return
        beat = 0
        while not self._stop.wait(0.1):
            beat += 1
            elapsed_s = int(time.monotonic() - started)
            self.stream.write(f"\r\x1b[2K{frames[beat % len(frames)]} {self.message} ({elapsed_s} s)")
            self.stream.flush()
        self.stream.write("\r\x1b[2K")
        self.stream.flush()

    def wipe(self) -> None:
        """Clear the line, for the report is about to be written where it stands."""
        if self.active:
            self.stream.write("\r\x1b[2K")
            self.stream.flush()

    def stop(self) -> None:
        """End the drawing."""
        self._stop.set()


@contextmanager
def progress(message: str, *, enabled: bool = True) -> Iterator[Progress]:
    """Show progress on stderr while the block runs; silent unless stderr is a terminal."""
    shown = Progress(sys.stderr, enabled and sys.stderr.isatty() and os.environ.get("TERM") != "dumb", message)
    thread = threading.Thread(target=shown.draw, daemon=True)
    if shown.active:
        thread.start()
    try:
        yield shown
    finally:
        shown.stop()
        if shown.active:
            thread.join()
