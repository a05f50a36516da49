"""Measure the rules against labels that people wrote: `python tests/corpus_labels.py [SHARED]`.

SHARED is a folder with `corpus/env/*.yml` and `corpus/env/labels.json`, by default `shared` beside the repository.
Four questions are asked of each labelled file, by itself and without a lock:

* declared overlap: the (conda, pip) pairs of RC301;
* CUDA inconsistency: a warning or an error of RC410, RC411, RC413, RC414, of RC412 where it names two CUDA releases, or
  of RC430, RC432 and RC433 where the reason is a CUDA. Labels that say `unclear` are left out;
* two CUDA stacks: RC410 of any severity about packages of conda and of pip, or RC412 that names two CUDA releases;
* builds of one platform: RC109, where the file names no platform the one that it ties the file to.

Every disagreement is printed; a label is no truth, so read the file before you change a rule. A file that cannot be
read has no finding, and counts as `no`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from reprocheck.errors import ReprocheckError
from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Finding, Severity
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.environment_yml import read_environment
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.registry import RULES

BESIDE = Path(__file__).resolve().parents[2] / "shared"

_BY_THEMSELVES = ("RC410", "RC411", "RC413", "RC414")
_WHERE_CUDA_IS_THE_REASON = ("RC430", "RC432", "RC433")
_TWO_RELEASES = re.compile(r"\(CUDA (?P<pip>[\d.]+) from pip, (?P<conda>[\d.]+) from conda\)")

Label = dict[str, Any]
Ask = Callable[[tuple[Finding, ...]], str]


def findings_of(path: Path) -> tuple[Finding, ...]:
    """Return what all rules find in one file; nothing where it cannot be read, which is told."""
    unseen = Unseen(reason="not asked for")
    try:
        environment = read_environment(path, path.name)
    except ReprocheckError as error:
        print(f"{path.name}: unreadable: {error}")
        return ()
    facts = Facts(
        environment=environment,
        lock=unseen,
        lock_path="conda-lock.yml",
        freshness=unseen,
        machine=unseen,
        names=load_name_map(),
    )
    return run_rules(facts, RULES, Selection()).findings


def overlaps(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """Return the (conda, pip) pairs that RC301 tells."""
    return {
        (package.name, finding.packages[0].name)
        for finding in findings
        if finding.code == "RC301"
        for package in finding.packages[1:]
    }


def is_inconsistent(findings: tuple[Finding, ...]) -> str:
    """Say whether the CUDA of a file contradicts itself."""
    return "yes" if any(map(_tells_of_cuda, findings)) else "no"


def _tells_of_cuda(finding: Finding) -> bool:
    if finding.severity is Severity.INFO:
        return False
    if finding.code == "RC412":
        found = _TWO_RELEASES.search(finding.message)
        return found is not None and found["pip"] != found["conda"]
    said = " ".join((finding.message, *finding.evidence))
    reason = finding.code in _WHERE_CUDA_IS_THE_REASON and ("CUDA" in said or "+cu" in said)
    return reason or finding.code in _BY_THEMSELVES


def has_two_stacks(findings: tuple[Finding, ...]) -> str:
    """Say whether conda and pip would each bring a CUDA runtime."""
    return "yes" if any(map(_tells_of_stacks, findings)) else "no"


def _tells_of_stacks(finding: Finding) -> bool:
    managers = {package.manager for package in finding.packages}
    beside = finding.code == "RC410" and managers == {"conda", "pip"}
    return beside or (finding.code == "RC412" and _TWO_RELEASES.search(finding.message) is not None)


def bound_to(findings: tuple[Finding, ...]) -> str:
    """Return the platform that build strings tie a file to, `None` without one."""
    bound = [finding for finding in findings if finding.code == "RC109"]
    return ", ".join(dict.fromkeys(platform for finding in bound for platform in finding.platforms)) or (
        "unknown" if bound else "None"
    )


def compare(name: str, question: str, said: str, label: str, table: dict[tuple[str, str], int]) -> None:
    """Count one answer, and print it where it is another than the label."""
    if label.startswith("unclear"):
        print(f"{name}: {question}: {said}, the label is unclear")
        return
    table[label, said] = table.get((label, said), 0) + 1
    if said != label:
        print(f"{name}: {question}: {said}, labelled {label}")


def main(shared: Path) -> int:
    """Print the disagreements, then the confusion of each question."""
    folder = shared / "corpus" / "env"
    labels: dict[str, Label] = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["files"]
    asked: dict[str, tuple[str, Ask]] = {
        "CUDA inconsistency": ("cuda_inconsistent", is_inconsistent),
        "two CUDA stacks": ("two_cuda_stacks", has_two_stacks),
        "builds of one platform": ("one_platform_build_pins", bound_to),
    }
    tables: dict[str, dict[tuple[str, str], int]] = {question: {} for question in asked}
    hits, false_alarms, misses = 0, 0, 0
    for name, label in sorted(labels.items()):
        findings = findings_of(folder / name)
        found = overlaps(findings)
        expected = {(pair["conda"].lower(), normalise_name(pair["pip"])) for pair in label["overlap"]}
        hits += len(found & expected)
        false_alarms += len(found - expected)
        misses += len(expected - found)
        for kind, pairs in (("found, not labelled", found - expected), ("labelled, not found", expected - found)):
            for conda, pip in sorted(pairs):
                print(f"{name}: overlap {kind}: conda {conda}, pip {pip}")
        for question, (key, ask) in asked.items():
            compare(name, question, ask(findings), str(label[key]), tables[question])
    print(f"\n{len(labels)} labelled files")
    print(f"declared overlap: precision {hits}/{hits + false_alarms}, recall {hits}/{hits + misses}")
    for question, table in tables.items():
        cells = ", ".join(f"labelled {one} found {other}: {count}" for (one, other), count in sorted(table.items()))
        wrong = sum(count for (one, other), count in table.items() if one != other)
        print(f"{question}: {wrong} wrong; {cells}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else BESIDE))
