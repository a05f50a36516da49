"""This machine computes what no machine should.

What it checks.
    In a fingerprint that was taken with `--probes`: the canary, a training made only of additions and multiplications
    in fixed order, which IEEE 754 decides to the last bit; and relations that must hold, such as a loss scale by a
    power of two.

Why it matters.
    A canary with other bits is no matter of rounding: subnormal numbers are flushed, operations are fused, a build of
    torch is broken, or a core or GPU computes wrongly in silence. Every number of such a machine is in doubt.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: canary fp32 cpu broken

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: canary fp32 cpu holds

How to fix.
    Repeat `reprocheck fingerprint --probes` there. If it stays, run the same on another core, GPU or node; take the one
    that differs out of service, or install torch anew.

When it stays silent.
    Everything that was measured holds. Without probes the rule is skipped.

Sources.
    IEEE 754-2019, 5.4.1 and 4.3; Meta, "Silent Data Corruptions at Scale" (arXiv 2102.11245), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC514",
    name="wrong-arithmetic",
    family=Family.DETERMINISM,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PROBES,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all that must hold and does not."""
    measured = facts.probes
    if isinstance(measured, Unseen) or isinstance(facts.switches, Unseen):
        return
    # Imported where it is needed: few audits have probes.
    from reprocheck.model.numeric_fingerprints import faults_of

    faults = faults_of(measured)
    if not faults:
        return
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{faults[0]}{more}",
        location=place_of_torch(facts),
        evidence=tuple(f"{fault}, according to {facts.switches.source}" for fault in faults),
        fix="repeat `reprocheck fingerprint --probes` there; if it stays, take that machine out of service",
    )
