"""Run `check` over every environment file of a corpus: no traceback, only the exit codes 0, 1 and 2.

Usage: python tests/corpus_check.py [FOLDER]   (default ../shared/corpus/env)
Prints how many files ended in which exit code, the rules that fired, and whatever went wrong.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter
from pathlib import Path

from reprocheck.cli.app import run

ROOT = Path(__file__).resolve().parent.parent


def check(path: Path) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of `reprocheck check --output-format json PATH`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["check", "--output-format", "json", str(path)])
    return code, out.getvalue(), err.getvalue()


def main(folder: Path) -> int:
    """Print the table and return 1 if any file ended otherwise than it may."""
    codes: Counter[int] = Counter()
    rules: Counter[str] = Counter()
    wrong: list[str] = []
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".yml", ".yaml"))
    for path in files:
        code, out, err = check(path)
        codes[code] += 1
        if code in (0, 1):
            rules.update(finding["code"] for finding in json.loads(out)["findings"])
        if code not in (0, 1, 2) or "Traceback" in err or (code == 2 and not err.startswith("error: ")):
            wrong.append(f"{path.name}: exit {code}: {err.splitlines()[:1]}")
    print(f"{len(files)} files; exit codes {dict(sorted(codes.items()))}")
    print(f"findings {dict(sorted(rules.items()))}")
    print("\n".join(wrong) if wrong else "nothing went wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "corpus" / "env"))
