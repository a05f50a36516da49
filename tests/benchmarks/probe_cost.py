"""What the probes of a numeric fingerprint cost, family by family.

Usage: python tests/benchmarks/probe_cost.py [--python PYTHON] [--device cuda] [--threads N] [--rounds N] [--repeats N]

Each round is a process of its own, as a fingerprint is: torch is imported (told apart), every probe is made and run as
often as asked for, its bits are digested. A family's time is from its first line to the next family's, so it holds the
making of inputs and what torch loads when first used; figures are medians over the rounds. `run` is the fastest run of
each probe alone. The last line says whether the whole is below the target; exit code 1 if not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

TARGET_S = {"cpu": 3.0, "cuda": 20.0}
SLOWEST = 12
Round = Mapping[str, Any]


def measure_here(device: str, repeats: int) -> None:
    """Print one round as JSON; this runs in the Python that is measured, which may be old."""
    begin = time.perf_counter()
    import torch  # what it costs is told apart

    imported, imported_cpu = time.perf_counter(), time.process_time()
    from reprocheck.worker.probing import probe  # after torch

    told: list[tuple[float, dict[str, Any]]] = []
    probe({"device": device, "repeats": repeats}, lambda line: told.append((time.perf_counter(), line)))
    end, end_cpu = time.perf_counter(), time.process_time()
    starts = [*((at, line["family"]) for at, line in told if line.get("state") == "begin"), (end, "")]
    families = {family: starts[number + 1][0] - at for number, (at, family) in enumerate(starts[:-1])}
    runs = {line["probe"]: line["ns"] / 1e6 for _, line in told if "ns" in line}
    names = [line["family"] for _, line in told if "probe" in line and "family" in line]
    size = sum(len(json.dumps(line, separators=(",", ":"))) + 1 for _, line in told)
    whole = {
        "import_s": imported - begin,
        "probes_s": end - imported,
        "cpu_s": end_cpu - imported_cpu,
        "bytes": size,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    print(json.dumps({"families": families, "runs_ms": runs, "probes": names, **whole}))


def one_round(options: argparse.Namespace) -> Round:
    threads = {"OMP_NUM_THREADS": str(options.threads), "MKL_NUM_THREADS": str(options.threads)}
    command = [str(options.python), "-W", "ignore", str(Path(__file__).resolve()), "--here", options.device]
    done = subprocess.run(
        [*command, "--repeats", str(options.repeats)],
        env={**os.environ, **threads, "OMP_WAIT_POLICY": "PASSIVE"},  # as the launcher has it
        stdout=subprocess.PIPE,
        check=True,
    )
    found: Round = json.loads(done.stdout)
    return found


def median(rounds: Sequence[Round], *path: str) -> float:
    """Return the median of the value at `path` of each round."""
    values: list[Any] = list(rounds)
    for key in path:
        values = [value[key] for value in values]
    return float(statistics.median(values))


def report(rounds: Sequence[Round], device: str) -> bool:
    """Print the tables and return whether the target is met."""
    first, whole_s = rounds[0], median(rounds, "probes_s")
    print(f"torch {first['torch']}, {device}, {first['threads']} threads, {len(rounds)} rounds; medians\n")
    print(f"{'family':<16}{'probes':>8}{'ms':>9}{'share':>8}{'run ms':>9}")
    for family in first["families"]:
        taken = median(rounds, "families", family)
        run = sum(median(rounds, "runs_ms", name) for name in first["runs_ms"] if name.startswith(family + "/"))
        count = first["probes"].count(family)
        print(f"{family:<16}{count:>8}{1000 * taken:>9.1f}{taken / whole_s:>8.1%}{run:>9.1f}")
    print(f"\nslowest {SLOWEST} probes, one run")
    for name in sorted(first["runs_ms"], key=lambda name: -median(rounds, "runs_ms", name))[:SLOWEST]:
        print(f"{median(rounds, 'runs_ms', name):>9.2f} ms  {name}")
    print(f"\nimport of torch   {median(rounds, 'import_s'):.2f} s")
    print(f"time of all CPUs  {median(rounds, 'cpu_s'):.2f} s without the import; no longer on a busy machine")
    print(f"lines             {first['bytes']} bytes")
    met = whole_s <= TARGET_S[device]
    verdict = "met" if met else "missed"
    print(f"all {len(first['probes'])} probes    {whole_s:.2f} s (target {TARGET_S[device]:g} s: {verdict})")
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--device", choices=sorted(TARGET_S), default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--here", metavar="DEVICE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure_here(options.here, options.repeats)
        return 0
    return 0 if report([one_round(options) for _ in range(options.rounds)], options.device) else 1


if __name__ == "__main__":
    sys.exit(main())
