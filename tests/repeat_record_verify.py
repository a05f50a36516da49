"""Record and verify again and again, and print how often the verdict was `bitwise`.

    python tests/repeat_record_verify.py [TIMES]        (default 20; about half a minute each on two cores)

Exit code 0 if every time was. Not collected by pytest: it measures this machine, for as long as you like.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def once(folder: Path) -> tuple[str, float, float]:
    """Return the verdict, and how long record and verify took."""
    base = [sys.executable, "-m", "reprocheck"]
    start_s = time.monotonic()
    subprocess.run([*base, "record", "-q"], cwd=folder, check=True)
    middle_s = time.monotonic()
    verified = subprocess.run([*base, "verify", "--output-format", "json"], cwd=folder, capture_output=True, text=True)
    outcome = json.loads(verified.stdout)["verdict"] if verified.stdout else f"exit {verified.returncode}"
    return outcome, middle_s - start_s, time.monotonic() - middle_s


def main() -> int:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    outcomes = []
    for number in range(1, times + 1):
        with tempfile.TemporaryDirectory() as name:
            outcome, record_s, verify_s = once(Path(name))
        outcomes.append(outcome)
        print(f"{number:>3}: {outcome}  (record {record_s:.1f} s, verify {verify_s:.1f} s)", flush=True)
    bitwise = outcomes.count("bitwise")
    print(f"{bitwise} of {times} bitwise")
    return 0 if bitwise == times else 1


if __name__ == "__main__":
    sys.exit(main())
