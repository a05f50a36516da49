"""How recovering a summation tree grows with the number of summands, and against one question a call.

Usage: python tests/benchmarks/tree_growth.py [--rounds N] [--sizes 64,128,…] [--operation matmul] [--dtype fp32]

Each size is recovered by the worker (`many`: every row of a call carries a question) and by the same algorithm with one
question a call of the same shape, as FPRev's published script asks (`one`), in turns; the order of both must be equal.
`proof` is the replay on 20 random inputs. Figures are medians over the rounds, the ratio that of the rounds' ratios.
Exponents are slopes on double logarithmic paper against the size before, 1 is linear.
"""

from __future__ import annotations

import argparse
import importlib
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = importlib.import_module("torch")

from reprocheck.worker.trees.operations import summation_of, summations
from reprocheck.worker.trees.products import products_of
from reprocheck.worker.trees.recovery import Pair, recover
from reprocheck.worker.trees.summation import Questions, Summation, threads_of
from reprocheck.worker.trees.text import text_of
from reprocheck.worker.trees.tree import Tree
from reprocheck.worker.trees.trial import proven
from reprocheck.worker.warm_up import warm_up

CPU = torch.device("cpu")


class Taken(NamedTuple):
    """One recovery: milliseconds with many questions a call, of the proof, with one a call; questions; the order."""

    many_ms: float
    proof_ms: float
    one_ms: float
    questions: int
    text: str


def timed(work: Callable[[], Tree]) -> tuple[float, Tree]:
    """Return milliseconds and what the work gives."""
    begin = time.perf_counter()
    tree = work()
    return (time.perf_counter() - begin) * 1000, tree


def one_a_call(summation: Summation, questions: Questions) -> Tree:
    """Recover with one question a call, in the first row of a matrix that stays where it is."""
    call = torch.zeros(summation.rows, summation.size, dtype=questions.dtype)
    right = questions.full(1.0)
    units = questions.units

    def ask(pairs: list[Pair]) -> list[int]:
        sizes = []
        for one, other in pairs:
            call[0] = units.unit
            call[0, one], call[0, other] = units.mask, -units.mask
            out = questions.sums(call, right)[0, 0]
            sizes.append(summation.size - int(out.to(torch.float64) / units.unit))
        return sizes

    return recover(ask, summation.places)


def taken(summation: Summation, threads: int) -> Taken:
    """Recover once in both ways."""
    made = []

    def many() -> Tree:
        made.append(Questions(summation, CPU, threads))
        return recover(made[0].meeting_sizes, summation.places)

    many_ms, tree = timed(many)
    questions = made[0]
    asked = questions.asked

    def proof() -> Tree:
        proven(questions, tree, products_of(questions, tree))
        return tree

    proof_ms, _ = timed(proof)
    one_ms, again = timed(lambda: one_a_call(summation, questions))
    if text_of(again) != text_of(tree):
        raise SystemExit(f"one question a call gives another order: {text_of(again)} instead of {text_of(tree)}")
    return Taken(many_ms, proof_ms, one_ms, asked, text_of(tree))


def exponent(sizes: Sequence[int], values: Sequence[float]) -> str:
    """Return the slope between the last two sizes."""
    if len(values) < 2:
        return ""
    return f"{math.log(values[-1] / values[-2]) / math.log(sizes[len(values) - 1] / sizes[len(values) - 2]):.2f}"


def main() -> None:
    """Read the command line, measure in turns, print the table and the whole job."""
    parser = argparse.ArgumentParser(description="How recovering a summation tree grows.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(word) for word in text.split(",")],
        default=[64, 128, 256, 512, 1024, 2048],
    )
    parser.add_argument("--operation", default="matmul")
    parser.add_argument("--dtype", default="fp32")
    options = parser.parse_args()
    warm_up(torch)
    threads = torch.get_num_threads()
    print(f"{options.operation} {options.dtype}, torch {torch.__version__}, {threads} threads")
    print(
        f"{'K':>6} {'questions':>9} {'exp':>5} {'many ms':>8} {'exp':>5}"
        f" {'proof ms':>8} {'one ms':>9} {'ratio':>6}  order"
    )
    with threads_of(1):
        tell(options.operation, options.dtype, options.sizes, options.rounds, threads)
        whole_job(threads)


def tell(operation: str, dtype: str, sizes: Sequence[int], rounds: int, threads: int) -> None:
    """Measure all sizes in turns, the first round uncounted, and print a row each."""
    cases = [summation_of(operation, dtype, size) for size in sizes]
    rows: dict[int, list[Taken]] = {size: [] for size in sizes}
    for number in range(rounds + 1):
        for case in cases:
            one = taken(case, threads)
            if number:
                rows[case.size].append(one)
    questions: list[float] = []
    many: list[float] = []
    for size in sizes:
        of_size = rows[size]
        questions.append(of_size[0].questions)
        many.append(statistics.median(one.many_ms for one in of_size))
        proof_ms, one_ms = (
            statistics.median(column) for column in ([t.proof_ms for t in of_size], [t.one_ms for t in of_size])
        )
        ratio = statistics.median(one.one_ms / one.many_ms for one in of_size)
        print(
            f"{size:6} {questions[-1]:9.0f} {exponent(sizes, questions):>5} {many[-1]:8.1f} {exponent(sizes, many):>5}"
            f" {proof_ms:8.1f} {one_ms:9.1f} {ratio:6.1f}  {of_size[0].text}"
        )


def whole_job(threads: int) -> None:
    """Print what the worker's whole list takes on the CPU; types that this torch cannot sum are left out."""
    from reprocheck.worker.trees.job import recovered

    begin, processor = time.perf_counter(), time.process_time()
    told = [recovered(summation, CPU, threads) for summation in summations("cpu")]
    wall_s, cpu_s = time.perf_counter() - begin, time.process_time() - processor
    good = sum(line.get("replay") == "20 of 20" for line in told)
    print(f"all {len(told)} trees of the CPU: {wall_s:.2f} s, {cpu_s:.2f} s of CPU time, target 2 s; {good} proven")


if __name__ == "__main__":
    main()
