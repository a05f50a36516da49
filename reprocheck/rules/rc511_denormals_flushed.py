"""Numbers below the normal range become zero.

What it checks.
    Whether a freshly started Python, with torch loaded, keeps subnormal numbers on the CPU.

Why it matters.
    IEEE 754 keeps numbers below 2^-126 with fewer bits. A processor that flushes them to zero changes small gradients
    and probabilities. The mode belongs to a thread: a library that was compiled with `-ffast-math` sets it when it is
    loaded, for everything that comes after.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch flush-denormal on by code

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch flush-denormal off

How to fix.
    Find who sets it: `torch.set_flush_denormal(True)` in a startup file, or a library built with `-ffast-math`; take it
    away, or set it on every machine alike.

When it stays silent.
    Subnormal numbers are kept, which is the default.

Sources.
    PyTorch documentation, `torch.set_flush_denormal`; GCC manual, `-ffast-math` (crtfastmath.o), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC511",
    name="denormals-flushed",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCH = "flush-denormal"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where they are flushed."""
    switches = switches_in(facts)
    if switches is None or switches.value(_SWITCH) is not True:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message="numbers below the normal range become zero: the processor was told to flush them",
        location=place_of_torch(facts),
        evidence=(*in_words(switches, _SWITCH), "2^-130 times one gave zero", known_effect(_SWITCH)),
        fix="find who sets it: `torch.set_flush_denormal(True)` in a startup file, or a library built with"
        " `-ffast-math`",
    )
