"""Record and verify again and again, and print how often the verdict was `bitwise`.

    python tests/repeat_record_verify.py [TIMES] [-- COMMAND…]     (default 30; less than a minute each on two cores)

With a command its own training is recorded. Envelopes are left out: they decide nothing where bits come again.
Exit code 0 if every time was. Not collected by pytest: it measures this machine, for as long as you like.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def once(folder: Path, command: list[str]) -> tuple[str, float, float]:
    """Return the verdict, and how long record and verify took."""
    behind = ["--", *command] if command else []
    options = [] if command else ["--envelope", "0"]
    base = [sys.executable, "-m", "reprocheck"]
    start_s = time.monotonic()
    subprocess.run([*base, "record", "-q", *options, *behind], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    middle_s = time.monotonic()
    verified = subprocess.run(
        [*base, "verify", "--output-format", "json", *behind], cwd=folder, capture_output=True, text=True
    )
    outcome = json.loads(verified.stdout)["verdict"] if verified.stdout else f"exit {verified.returncode}"
    return outcome, middle_s - start_s, time.monotonic() - middle_s


def main() -> int:
    place = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    times = int(sys.argv[1]) if place > 1 else 30
    outcomes = []
    for number in range(1, times + 1):
        with tempfile.TemporaryDirectory() as name:
            outcome, record_s, verify_s = once(Path(name), sys.argv[place + 1 :])
        outcomes.append(outcome)
        print(f"{number:>3}: {outcome}  (record {record_s:.1f} s, verify {verify_s:.1f} s)", flush=True)
    bitwise = outcomes.count("bitwise")
    print(f"{bitwise} of {times} bitwise")
    return 0 if bitwise == times else 1


if __name__ == "__main__":
    sys.exit(main())
