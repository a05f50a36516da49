"""Some operation of this stack is known to give wrong numbers.

What it checks.
    The releases of torch, MKL, cuDNN and NCCL, the GPUs, and the number of threads of the Python that was asked,
    against a table of faults that give wrong values in silence.

Why it matters.
    Such a fault shows as a loss that is a little off, or as a run that differs from the next one, and is taken for
    rounding. Whether the training uses the operation cannot be seen from here.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: told host.architecture x86_64
    seen: told software.torch.libraries.mkl 2024.2 build 20240605
    seen: told runtime.threads.intraOp 4

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: told host.architecture x86_64
    seen: told software.torch.libraries.mkl 2025.0 build 20241009
    seen: told runtime.threads.intraOp 4

How to fix.
    As the finding says: mostly a newer release, or a way around the operation.

When it stays silent.
    No row of the table fits, what it asks for could not be read, or what is known is of low confidence. Faults that
    differ from run to run are RC504's and RC515's.

Sources.
    Issues of PyTorch, cuDNN and NCCL, named row by row in the table and by each finding, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import switches_in
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC513",
    name="known-numeric-bug",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each fault, a milder one where less is known of it."""
    # Imported where it is needed: the rules that are imported first look at no fingerprint.
    from reprocheck.facts.numeric_bugs import known_bugs

    switches = switches_in(facts)
    for bug in () if switches is None else known_bugs(switches.document):
        if switches is None or bug.kind != "wrong-values" or bug.confidence == "low":
            continue
        is_sure = bug.confidence == RULE.confidence.value
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=RULE.severity if is_sure else Severity.INFO,
            confidence=RULE.confidence if is_sure else Confidence.MEDIUM,
            message=bug.what,
            location=place_of_torch(facts),
            evidence=(
                bug.effect,
                f"{bug.id} fits what {switches.source} tells, torch {switches.torch}",
                *((bug.reference,) if bug.reference else ()),
            ),
            fix=bug.fix,
        )
