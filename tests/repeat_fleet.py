"""Ask a fleet of four gloo ranks again and again: healthy, and with one rank planted odd. Print what was said.

    python tests/repeat_fleet.py [TIMES]        (default 20 of each; about ten seconds each on two cores)

A planted rank may use no vector instructions in ATen, or flips one bit of every matrix product; which rank and which
plant change from run to run. Exit code 0 if the healthy fleet was always alike and the planted rank always the one that
was named. Not collected by pytest: it measures this machine, for as long as you like.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RANKS = 4
ROOT = Path(__file__).resolve().parent.parent
PLANTS = ROOT / "tests" / "planted_ranks"
KINDS = ("isa", "bit")


def asked(plant: str) -> dict[str, Any]:
    """Return the document of one fleet; `plant` is `KIND:RANK`, or nothing."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={RANKS}", "train.py"]
    command = [sys.executable, "-m", "reprocheck", "fleet", "--output-format", "json", "--", *torchrun]
    paths = os.pathsep.join(filter(None, [str(PLANTS), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "PYTHONPATH": paths, "PLANT": plant}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    document: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"outcome": done.stderr}
    return document


def odd_ranks(document: dict[str, Any]) -> list[int]:
    """Return the ranks outside the reference group."""
    groups = document.get("groups", [])
    return [rank for group in groups if not group["reference"] for rank in group["ranks"]]


def one_round(number: int) -> tuple[bool, bool]:
    """Ask a healthy and a planted fleet, print both, and say of each whether it was told as it is."""
    start_s = time.monotonic()
    healthy = asked("")
    middle_s = time.monotonic()
    planted_rank, kind = number % RANKS, KINDS[number // RANKS % len(KINDS)]
    planted = asked(f"{kind}:{planted_rank}")
    print(
        f"{number:>3}: healthy: {healthy['outcome']} ({middle_s - start_s:.1f} s); "
        f"{kind} in rank {planted_rank}: {planted['outcome']}, odd: {odd_ranks(planted)} "
        f"({time.monotonic() - middle_s:.1f} s)",
        flush=True,
    )
    return healthy["outcome"] == "alike", (planted["outcome"], odd_ranks(planted)) == ("differ", [planted_rank])


def main() -> int:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rounds = [one_round(number) for number in range(times)]
    healthy, named = (sum(right) for right in zip(*rounds, strict=True))
    print(f"healthy: {healthy} of {times} alike; planted: the odd rank named in {named} of {times}")
    return 0 if healthy == named == times else 1


if __name__ == "__main__":
    sys.exit(main())
