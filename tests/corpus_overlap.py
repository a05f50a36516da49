"""Measure RC301 against labels that people wrote: `python tests/corpus_overlap.py [SHARED]`.

SHARED is a folder with `corpus/env/*.yml` and `corpus/env/labels.json`, by default `shared` beside the repository.
Every disagreement is printed; a label is no truth, so read the file before you change a rule.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reprocheck.errors import ReprocheckError
from reprocheck.facts.name_map import load_name_map
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.environment_yml import read_environment
from reprocheck.rules import rc301_declared_twice
from reprocheck.rules.facts import Facts, Unseen

BESIDE = Path(__file__).resolve().parents[2] / "shared"

Pairs = set[tuple[str, str]]


def found_pairs(path: Path) -> Pairs:
    """Return the (conda, pip) pairs that RC301 finds in a file.

    Raises:
        ReprocheckError: the file is no environment file.
    """
    unseen = Unseen(reason="not asked for")
    facts = Facts(
        environment=read_environment(path, path.name),
        lock=unseen,
        lock_path="conda-lock.yml",
        freshness=unseen,
        machine=unseen,
        names=load_name_map(),
    )
    return {
        (package.name, finding.packages[0].name)
        for finding in rc301_declared_twice.check(facts)
        for package in finding.packages[1:]
    }


def labelled_pairs(label: dict[str, list[dict[str, str]]]) -> Pairs:
    """Return the (conda, pip) pairs of a label, spelled as findings spell them."""
    return {(pair["conda"].lower(), normalise_name(pair["pip"])) for pair in label["overlap"]}


def main(shared: Path) -> int:
    """Print the disagreements, then precision and recall."""
    folder = shared / "corpus" / "env"
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["files"]
    hits, false_alarms, misses, unreadable = 0, 0, 0, 0
    for name, label in sorted(labels.items()):
        try:
            found = found_pairs(folder / name)
        except ReprocheckError as error:
            unreadable += 1
            print(f"{name}: left out, unreadable: {error}")
            continue
        expected = labelled_pairs(label)
        hits += len(found & expected)
        false_alarms += len(found - expected)
        misses += len(expected - found)
        for kind, pairs in (("found, not labelled", found - expected), ("labelled, not found", expected - found)):
            for conda, pip in sorted(pairs):
                print(f"{name}: {kind}: conda {conda}, pip {pip}")
    read = len(labels) - unreadable
    print(f"{len(labels)} labelled files, {unreadable} left out as unreadable, {read} compared")
    print(f"precision {hits}/{hits + false_alarms}, recall {hits}/{hits + misses}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else BESIDE))
