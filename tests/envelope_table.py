"""How well the envelope tells faults from platforms: faults x precisions x settings, printed as a table.

`python tests/envelope_table.py [--steps 200] [--dtype NAME]... [--keep FILE]` measures the built-in transformer: a
reference and its eight members at one thread, then honest reruns (24 other perturbations; other thread counts,
instruction sets and library paths, each in a process of its own) and faults. A cell is the worst ratio, its metric and
the first step beyond 5; `replay` is a fault that the replayed optimizer shows, `twin` one that the bf16 or fp16 run
hides and the fp32 run with the same fault shows; `scale@N` is where the loss scale takes another way: the run is judged
up to there. It takes half an hour and more, and is no test. What it gave stands in `envelope_table.txt`.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reprocheck.model.envelopes import FAIL_ABOVE, GRADIENT_NORM, LOSS, REVIEW_ABOVE
from reprocheck.model.records import RankStep
from reprocheck.numerics.envelopes import Grades, Rows, Step, first_beyond, first_other_scale, grades_of, rows_of, worst

Found = tuple[Rows, "int | None", float]
Kept = dict[str, dict[str, Any]]
Count = Callable[[Kept, dict[str, Grades], str, Sequence[str]], str]
LARGEST_ROUNDING = 1e-5  # of a replayed update; that of a platform is below 5e-7
WIDTH = 38
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
    rows = found[0][: found[1]]
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


def tell(kept: Kept) -> None:
    """Print the table of honest reruns and faults."""
    grades = {
        dtype: grades_of([found[f"member {k}"][0][: found[f"member {k}"][1]] for k in MEMBERS])
        for dtype, found in kept.items()
    }
    first = next(iter(kept.values()))
    for title, names in (
        ("held-out perturbations", [f"member {k}" for k in HELD_OUT]),
        ("settings", list(SETTINGS)),
        ("faults", [name for name in first if name not in SETTINGS and not name.startswith("member")]),
    ):
        print(f"\n{title:<52}" + "".join(f"{dtype:>{WIDTH}}" for dtype in kept))
        for name in names:
            print(f"  {name:<50}" + "".join(f"{_cell(kept, grades, dtype, name):>{WIDTH}}" for dtype in kept))
        for label, count in COUNTS.items():
            counts = [count(kept, grades, dtype, [n for n in names if n in kept[dtype]]) for dtype in kept]
            print(f"  {label:<50}" + "".join(f"{text:>{WIDTH}}" for text in counts))


def _cell(kept: Kept, grades: dict[str, Grades], dtype: str, name: str) -> str:
    if name not in kept[dtype]:
        return "-"
    ratio, step, metric = judged(kept[dtype][name], grades[dtype])
    place = f" @{step}" if step is not None else ""
    scale = kept[dtype][name][1]
    parted = f" scale@{scale}" if scale is not None else ""
    return f"{ratio:.3g} {metric}{place}{_others(kept, grades, dtype, name)}{parted}"


def _others(kept: Kept, grades: dict[str, Grades], dtype: str, name: str) -> str:
    """Return which other check sees it: the replayed update, or the fp32 twin of a run that hides it."""
    if kept[dtype][name][1] is None and kept[dtype][name][2] > LARGEST_ROUNDING:  # after as many steps taken
        return " replay"
    hidden = dtype != "fp32" and judged(kept[dtype][name], grades[dtype])[1] is None
    twin = kept.get("fp32", {}).get(name)
    return " twin" if hidden and twin and judged(twin, grades["fp32"])[1] is not None else ""


def _beyond(limit: float) -> Count:
    def count(kept: Kept, grades: dict[str, Grades], dtype: str, names: Sequence[str]) -> str:
        return f"{sum(judged(kept[dtype][name], grades[dtype])[0] > limit for name in names)} of {len(names)}"

    return count


def _by_all(kept: Kept, grades: dict[str, Grades], dtype: str, names: Sequence[str]) -> str:
    seen = [
        judged(kept[dtype][name], grades[dtype])[1] is not None or _others(kept, grades, dtype, name) for name in names
    ]
    return f"{sum(map(bool, seen))} of {len(names)}"


def _other_scales(kept: Kept, _grades: dict[str, Grades], dtype: str, names: Sequence[str]) -> str:
    known = {kept[dtype][f"member {k}"][1] for k in MEMBERS}
    ways = [kept[dtype][name][1] for name in names if kept[dtype][name][1] is not None]
    return f"{len(ways)}, {sum(way in known for way in ways)} as a member"


COUNTS: dict[str, Count] = {
    "beyond 3": _beyond(REVIEW_ABOVE),
    "beyond 5": _beyond(FAIL_ABOVE),
    "beyond 5, or by replay or twin": _by_all,
    "loss scale takes another way": _other_scales,
}


if __name__ == "__main__":
    main()
