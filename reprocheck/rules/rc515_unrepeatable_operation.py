"""An operation gave other bits each time.

What it checks.
    In a fingerprint that was taken with `--probes`: operations that were repeated on the same numbers, in one process
    and in a second one, and did not repeat themselves.

Why it matters.
    A training that uses such an operation differs from run to run on this very machine: no lock and no seed helps.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: probe scatter/index-put/fp32 cpu differs 2 of 4

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: probe scatter/index-put/fp32 cpu differs 0 of 4

How to fix.
    `torch.use_deterministic_algorithms(True)` takes another way, or stops and names the operation; one thread does it
    for operations of the CPU.

When it stays silent.
    Every operation repeated itself. Without probes the rule is skipped.

Sources.
    PyTorch documentation, `torch.use_deterministic_algorithms`, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.left_to_chance import in_words
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import shortened

RULE = Rule(
    code="RC515",
    name="unrepeatable-operation",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.PROBES,),
    since="0.1.0",
)

_MOST_NAMED = 5


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all operations that did not repeat themselves."""
    measured = facts.probes
    if isinstance(measured, Unseen) or isinstance(facts.switches, Unseen) or not measured.nondeterministic:
        return
    probes = measured.nondeterministic
    names = shortened([f"`{probe.name}` ({probe.device})" for probe in probes], _MOST_NAMED)
    counts = (f"`{probe.name}` on {probe.device}: {probe.differing} of {probe.repeats} runs differ" for probe in probes)
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"other bits each time: {names}",
        location=place_of_torch(facts),
        evidence=(*counts, *in_words(facts.switches, "deterministic-algorithms", "threads")),
        fix="call `torch.use_deterministic_algorithms(True)`, which takes another way or names the operation",
    )
