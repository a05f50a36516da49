"""Plant every change of `planted_changes` and print what the verdict says: `python -m tests.planted_truth [WORD…]`.

Exit code 1 if a step, a phase or a cause is not the one that was planted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from reprocheck.model.records import Record
from reprocheck.model.verdicts import Verdict
from tests.planted_changes import CHANGES, PROGRAMS, Change
from tests.watched_programs import judged, reference, verdict_on


def main() -> int:
    """Plant those whose names hold a word of the command line, by default all."""
    chosen = [change for change in CHANGES if not sys.argv[1:] or any(word in change.name for word in sys.argv[1:])]
    records: dict[tuple[str, int], Record] = {}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for change in chosen:
            key = (change.program, change.ranks)
            if key not in records:
                records[key] = reference(*key)
                again = judged(records[key], PROGRAMS / change.program, change.ranks)
                print(f"{change.program:16} as it is: {again.outcome}", flush=True)
            right, line = told(change, verdict_on(change, records[key], Path(folder)))
            wrong += not right
            print(line, flush=True)
    print(f"{len(chosen) - wrong} of {len(chosen)} at the right step and phase, with the right cause")
    return 1 if wrong else 0


def told(change: Change, verdict: Verdict) -> tuple[bool, str]:
    """Return whether a verdict says what was planted, and what it says."""
    check = verdict.first_failure
    found = check.first_divergence if check else None
    first = next((cause.what + ": " + "; ".join(cause.evidence[:1]) for cause in verdict.causes), "no cause")
    place = f"step {found.step} {found.phase}, {found.quantity}" if found else verdict.outcome
    right = (
        found is not None
        and (found.step, found.phase) == (change.step, change.phase)
        and change.cause.lower() in first.lower()
    )
    wanted = "" if right else f"  WANTED step {change.step} {change.phase} {change.cause}"
    return right, f"{'right' if right else 'WRONG'}  {change.name:34} {place} | {first[:140]}{wanted}"


if __name__ == "__main__":
    raise SystemExit(main())
