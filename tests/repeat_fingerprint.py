"""Take many fingerprints of this machine, in new processes, hash seeds, folders, locales and time zones, and compare.

    python tests/repeat_fingerprint.py --count 50

Prints which probes, trees and other parts were not the same bytes every time, and which of these had been reported as
not repeating themselves. Exit code 1 if anything differs that no fingerprint reported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("trees", "arithmetic", "canary", "relations", "collection")


def fingerprint(number: int, python: str) -> dict[str, Any]:
    """Take one, in a place of its own."""
    with tempfile.TemporaryDirectory(prefix=f"place-{number}-") as folder:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": str(number * 7919 % 4294967295),
            "TMPDIR": folder,
            "LC_ALL": ("C", "C.UTF-8", "POSIX")[number % 3],
            "TZ": ("UTC", "Asia/Tokyo", "America/New_York")[number % 3],
        }
        command = [sys.executable, "-m", "reprocheck", "fingerprint", "--probes", "--python", python]
        done = subprocess.run(
            [*command, "--output-format", "json"], cwd=folder, env=env, capture_output=True, check=False
        )
        if done.returncode:
            print(f"  fingerprint {number}: exit {done.returncode}: {done.stderr.decode()[-200:]}")
        document: dict[str, Any] = json.loads(done.stdout)
        return document


def parts_of(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every part that must come again, under a name."""
    for probe in document["probes"]:
        yield f"probe {probe['probe']} on {probe['device']}", json.dumps({**probe, "repeats": 0, "differing": 0})
    for part in PARTS:
        for index, entry in enumerate(document["numerics"][part]):
            yield f"{part} {index}", json.dumps(entry)


def main() -> int:
    """Compare, print, and say by the exit code whether anything differs unreported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--python", default=sys.executable)
    chosen = parser.parse_args()
    seen: dict[str, Counter[str]] = {}
    reported: Counter[str] = Counter()
    for number in range(chosen.count):
        document = fingerprint(number, chosen.python)
        for name, text in parts_of(document):
            seen.setdefault(name, Counter())[text] += 1
        reported.update(f"probe {p['probe']} on {p['device']}" for p in document["probes"] if p.get("differing"))
    unsteady = [name for name, texts in seen.items() if len(texts) > 1 or sum(texts.values()) != chosen.count]
    print(f"{chosen.count} fingerprints, {len(seen)} parts each: {len(seen) - len(unsteady)} always the same bytes")
    for name in sorted({*unsteady, *reported}):
        print(f"  {name}: {len(seen[name])} different, reported as unsteady by {reported[name]} of {chosen.count}")
    return 1 if any(not reported[name] for name in unsteady) else 0


if __name__ == "__main__":
    raise SystemExit(main())
