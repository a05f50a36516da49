"""How well the envelope tells faults from platforms: faults x precisions x settings, printed as a table.

`python tests/envelope_table.py [--steps 200] [--only PART]... [--keep FILE]` measures the built-in transformer: a
reference and its eight members at one thread, then honest reruns (24 other perturbations; other thread counts,
instruction sets and library paths, each in a process of its own) and faults. `caught by twin` is a fault that the
bf16 or fp16 run hides and the fp32 run with the same fault shows. It takes about half an hour and is no test.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reprocheck.model.envelopes import FAIL_ABOVE, GRADIENT_NORM, LOSS, REVIEW_ABOVE
from reprocheck.model.records import RankStep
from reprocheck.numerics.envelopes import Grades, Rows, Step, first_other_scale, grades_of, rows_of

Found = tuple[Rows, "int | None", float]
DTYPES = ("fp32", "bf16", "fp16")
TOLD = ("loss", "loss_scale", "gradient_norm", "skipped", "sketch")
MEMBERS, HELD_OUT = range(1, 9), range(9, 33)
SETTINGS: dict[str, dict[str, str]] = {
    "2 threads": {"OMP_NUM_THREADS": "2"},
    "4 threads": {"OMP_NUM_THREADS": "4", "MKL_DYNAMIC": "FALSE"},
    "ATen default": {"ATEN_CPU_CAPABILITY": "default"},
    "ATen avx2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "oneDNN SSE41": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "oneDNN AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "oneDNN AVX512_CORE": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "MKL COMPATIBLE": {"MKL_CBWR": "COMPATIBLE"},
    "MKL AVX2": {"MKL_CBWR": "AVX2"},
    "MKL AVX512,STRICT": {"MKL_CBWR": "AVX512,STRICT"},
    "ATen default, oneDNN AVX2, 2 threads": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OMP_NUM_THREADS": "2",
    },
    "ATen avx2, MKL COMPATIBLE, oneDNN SSE41, 4 threads": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "COMPATIBLE",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OMP_NUM_THREADS": "4",
        "MKL_DYNAMIC": "FALSE",
    },
}


def child() -> None:
    """Perform the cases on stdin, one JSON object a line, and print each step."""
    import torch

    from reprocheck.worker import run as worker
    from reprocheck.worker.optimizer_replay import replayed_updates
    from reprocheck.worker.placement import Place
    from reprocheck.worker.settings import settle
    from tests.envelope_faults import FAULTS, planted, reordered

    settle(int(os.environ["OMP_NUM_THREADS"]))
    place, now = Place(rank=0, world_size=1, device=torch.device("cpu")), [0]
    for line in sys.stdin:
        case = json.loads(line)
        with planted(case["fault"], lambda: now[0]):
            training = worker.build(case["run"], place)
            before = FAULTS[case["fault"]](training) if case["fault"] else None
            steps = case["run"]["steps"]
            training.feed = cast("Any", _Kept)(
                reordered(case["fault"], [training.feed.batch() for _ in range(steps + 1)])
            )
            for step in range(steps):
                now[0] = step
                if before:
                    before(step)
                told = worker.take_step(training, step)
                print(json.dumps({key: told[key] for key in TOLD}))
            print(json.dumps(replayed_updates(training.optimizer)), flush=True)


class _Kept:
    """A feed of batches that were made before."""

    def __init__(self, batches: Sequence[Any]) -> None:
        self._batches = iter(batches)

    def batch(self) -> Any:
        """Return the batch of the next step."""
        return next(self._batches)


def performed(env: dict[str, str], cases: Sequence[dict[str, Any]]) -> Iterator[tuple[list[Step], str]]:
    """Yield the steps of each case, and its last update replayed; they run in one process, under `env`."""
    words = [sys.executable, "-W", "ignore", __file__, "--child"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **env}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdin
        assert process.stdout
        for case in cases:
            process.stdin.write(json.dumps(case) + "\n")
            process.stdin.flush()
            *lines, updates = islice(process.stdout, case["run"]["steps"] + 1)
            yield [(_step(json.loads(line)),) for line in lines], json.loads(updates)[0]["after"]
        process.stdin.close()


def _step(told: dict[str, Any]) -> RankStep:
    return RankStep(
        data="",
        loss=told["loss"],
        loss_scale=told["loss_scale"],
        gradients=(),
        gradient_norm=told["gradient_norm"],
        learning_rate="",
        skipped=told["skipped"],
        parameters=(),
        sketches=tuple(tuple(map(float.fromhex, one)) for one in told["sketch"]),
    )


def case_of(dtype: str, steps: int, fault: str = "", **keys: object) -> dict[str, Any]:
    """Return what the child is told of one run."""
    rate, scale = (2.0**-8).hex(), (2.0**20).hex()
    run = {"workload": "transformer", "dtype": dtype, "seed": 0, "steps": steps, "learning_rate": rate}
    return {
        "fault": fault,
        "run": {**run, "first_scale": scale, "drop_sync": -1, "marks": False, "sketch": True, **keys},
    }


def measure(dtype: str, steps: int) -> dict[str, Any]:
    """Return the deviations of every run from the reference, and where its loss scale took another way."""
    from tests.envelope_faults import FAULTS, IDLE

    faults = [name for name in FAULTS if name not in IDLE[dtype]]
    names = [*(f"member {k}" for k in (*MEMBERS, *HELD_OUT)), *faults]
    cases = [case_of(dtype, steps, perturb=k) for k in (*MEMBERS, *HELD_OUT)]
    runs = performed({}, [case_of(dtype, steps), *cases, *(case_of(dtype, steps, name) for name in faults)])
    reference, updates = next(runs)
    found: dict[str, Any] = {}
    settings = ((name, next(performed(env, [case_of(dtype, steps)]))) for name, env in SETTINGS.items())
    for name, (run, after) in chain(zip(names, runs, strict=True), settings):
        scale = first_other_scale(reference, run)
        found[name] = (rows_of(reference, run), scale, update_distance(updates, after))
        print(dtype, name, file=sys.stderr)
    return found


def update_distance(reference: str, other: str) -> float:
    """Return how far two replayed updates lie apart, relative to the numbers that they end in."""
    pairs = zip(*(map(_number, words.split(".")) for words in (reference, other)), strict=True)
    return float(max(abs(left - right) / abs(left) for left, right in pairs))


def _number(word: str) -> float:
    return float(struct.unpack(">f", bytes.fromhex(word))[0])


def judged(found: Found, grades: Grades) -> tuple[float, int | None, str]:
    """Return the ratio, the first step beyond the limit and the metric, up to where the scale took another way."""
    from reprocheck.numerics.envelopes import first_beyond, worst

    rows = found[0]
    beyond = first_beyond(FAIL_ABOVE, rows, grades)
    excess = worst(rows, grades)
    metric = excess.metric if excess.metric in (LOSS, GRADIENT_NORM) else "gradient"
    return excess.ratio, beyond.step if beyond else None, str(metric)


def main() -> None:
    """Measure, or read what was kept, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--dtype", action="append", choices=DTYPES)
    parser.add_argument("--keep", type=Path, help="a file for the deviations; read instead of measured if it is there")
    options = parser.parse_args()
    if options.child:
        child()
        return
    kept = json.loads(options.keep.read_text()) if options.keep and options.keep.exists() else {}
    for dtype in options.dtype or DTYPES:
        if dtype not in kept:
            kept[dtype] = measure(dtype, options.steps)
            if options.keep:
                options.keep.write_text(json.dumps(kept))
    tell(kept)


def tell(kept: dict[str, Any]) -> None:
    """Print the table of honest reruns and faults."""
    grades = {dtype: grades_of([_cut(found[f"member {k}"]) for k in MEMBERS]) for dtype, found in kept.items()}
    first = next(iter(kept.values()))
    for title, names in (
        ("held-out perturbations", [f"member {k}" for k in HELD_OUT]),
        ("settings", list(SETTINGS)),
        ("faults", [name for name in first if name not in SETTINGS and not name.startswith("member")]),
    ):
        print(f"\n{title:<52}" + "".join(f"{dtype:>26}" for dtype in kept))
        for name in names:
            print(f"  {name:<50}" + "".join(_cell(kept, grades, dtype, name) for dtype in kept))
        print(f"  {'beyond 3 / beyond 5 / other scale / of':<50}" + "".join(_sum(kept, grades, d, names) for d in kept))


def _cut(found: Found) -> Rows:
    return found[0][: found[1]]


def _cell(kept: dict[str, Any], grades: dict[str, Grades], dtype: str, name: str) -> str:
    if name not in kept[dtype]:
        return f"{'-':>26}"
    ratio, step, metric = judged(kept[dtype][name], grades[dtype])
    twin = ""
    if step is None and dtype != "fp32" and "fp32" in kept and name in kept["fp32"] and not name.startswith("member"):
        twin = " twin" if judged(kept["fp32"][name], grades["fp32"])[1] is not None else ""
    scale = kept[dtype][name][1]
    parted = f" scale@{scale}" if scale is not None else ""
    return f"{f'{ratio:.3g} {metric}' + (f' @{step}' if step is not None else '') + twin + parted:>26}"


def _sum(kept: dict[str, Any], grades: dict[str, Grades], dtype: str, names: Sequence[str]) -> str:
    known = [kept[dtype][name] for name in names if name in kept[dtype]]
    ratios = [judged(found, grades[dtype])[0] for found in known]
    beyond = [sum(ratio > limit for ratio in ratios) for limit in (REVIEW_ABOVE, FAIL_ABOVE)]
    return f"{f'{beyond[0]} / {beyond[1]} / {sum(f[1] is not None for f in known)} / {len(known)}':>26}"


if __name__ == "__main__":
    main()
