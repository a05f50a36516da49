"""Bring the README's generated parts up to date: console blocks, the command table, the rule table.

Usage: python tests/update_readme.py [--check]   (then read the diff)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"```(?P<kind>yaml|console)\n(?P<body>.*?)```", re.DOTALL)
_FILE = re.compile(r"^# (?P<name>[\w.\-]+)\n")


def updated(text: str) -> str:
    """Return the README with every console block's output as the commands print it now."""
    with tempfile.TemporaryDirectory() as folder:
        text = _BLOCK.sub(lambda found: _replay(found, Path(folder)), text)
    text = _between(text, "commands", _command_table())
    return _between(text, "rules", _rule_table())


def _replay(found: re.Match[str], folder: Path) -> str:
    if found["kind"] == "yaml":
        name = _FILE.match(found["body"])
        if name:
            (folder / name["name"]).write_text(found["body"].removeprefix(name[0]), encoding="utf-8")
        return found[0]
    commands = [line for line in found["body"].splitlines() if line.startswith("$ ")]
    return "```console\n" + "".join(f"{line}\n{_output(line[2:], folder)}" for line in commands) + "```"


def _output(command: str, folder: Path) -> str:
    words = command.split()
    assert words[0] == "reprocheck", command
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "reprocheck", *words[1:]],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def _between(text: str, name: str, table: str) -> str:
    start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
    head, _, rest = text.partition(start)
    return head + start + "\n" + table + "\n" + end + rest.partition(end)[2]


def _command_table() -> str:
    sys.path.insert(0, str(ROOT))
    from reprocheck.cli.app import COMMANDS  # the path is set first

    rows = [f"| `reprocheck {name}` | {told} |" for name, told in COMMANDS.items()]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows, ""])


def _rule_table() -> str:
    from reprocheck.rules.registry import RULES  # as above

    rows = [f"| {m.RULE.code} | {m.RULE.name} | {m.RULE.severity.value} | {_first_line(m.__doc__)} |" for m in RULES]
    return "\n".join(["| code | name | severity | what it checks |", "| --- | --- | --- | --- |", *rows, ""])


def _first_line(page: str | None) -> str:
    """Return the page's opening paragraph as one line."""
    return " ".join((page or "").strip().split("\n\n")[0].split())


if __name__ == "__main__":
    before = README.read_text(encoding="utf-8")
    after = updated(before)
    if "--check" in sys.argv[1:]:
        sys.exit(before != after)
    README.write_text(after, encoding="utf-8")
