"""Lines for the log of a CI job, none of which it takes for a command to itself.

GitHub's runner obeys lines that begin with `::`, spaces before it or not; `##[` (GitHub, Azure), `##vso[` (Azure) and
`##teamcity[` are obeyed wherever they stand. Sources: actions/runner src/Runner.Common/ActionCommand.cs;
learn.microsoft.com "Logging commands"; jetbrains.com TeamCity "Service Messages".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reprocheck.reports.visible import spelled_out

ANYWHERE = r"(?<=#)#(?=\w*\[)"  # the second sign of `##[` and its like
_COMMAND = re.compile(rf"^(\s*):(?=:)|{ANYWHERE}")


def log_text(lines: Iterable[str]) -> str:
    """Return visible lines as text that ends in a newline."""
    return "".join(f"{log_line(line)}\n" for line in lines)


def log_line(line: str) -> str:
    """Return one visible line that is no command."""
    return _COMMAND.sub(_defused, line)


def _defused(command: re.Match[str]) -> str:
    return (command[1] or "") + spelled_out(command[0][-1])
