"""Recover summation trees at many sizes and replay them: the device's bits must come out for 20 of 20 random inputs.

Usage: python tests/tree_replay.py [--device cuda] [--sizes 7,64,100,256,300,512] [OPERATION…]

By default sum, dot and matmul in fp32 and fp64 at six sizes each. Prints a line a tree, and ends with 1 where one is
not proven.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = importlib.import_module("torch")

from reprocheck.worker.trees.job import recovered
from reprocheck.worker.trees.operations import summation_of
from reprocheck.worker.warm_up import warm_up

PROVEN = "20 of 20"


def main() -> int:
    """Read the command line, recover, print; return 1 where a tree is not proven."""
    parser = argparse.ArgumentParser(description="Replay of summation trees.")
    parser.add_argument("operations", nargs="*", default=["sum", "dot", "matmul"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtypes", type=lambda text: text.split(","), default=["fp32", "fp64"])
    parser.add_argument(
        "--sizes", type=lambda text: [int(word) for word in text.split(",")], default=[7, 64, 100, 256, 300, 512]
    )
    options = parser.parse_args()
    warm_up(torch)
    device, missed = torch.device(options.device), 0
    for operation in options.operations:
        for dtype in options.dtypes:
            for size in options.sizes:
                line = recovered(summation_of(operation, dtype, size), device, torch.get_num_threads())
                verdict = line.get("replay") or f"{line['status']}: {line['detail']}"
                missed += verdict != PROVEN
                print(f"{operation:14} {dtype:5} {size:5}  {verdict}  {line.get('text', '')}")
    print(f"{missed} not proven" if missed else "all proven")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
