"""A variable is set and does nothing.

What it checks.
    Each environment variable that governs a switch against what is in force in the Python that was asked.

Why it matters.
    Somebody set it to make runs equal, and they are not: `ATEN_CPU_CAPABILITY=AVX2` in capitals is ignored, and
    `MKL_CBWR=AVX2` becomes AUTO on a processor that is not Intel's. Such a setting in a script is trusted for years.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch aten-cpu-capability avx512, AVX2 was asked for

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch aten-cpu-capability avx2 by environment

How to fix.
    Write the value as the library takes it, or take the variable away.

When it stays silent.
    What is asked for is in force; the number of threads, which is RC509's.

Sources.
    PyTorch, `ATen/native/DispatchStub.cpp`; oneMKL developer guide, "Conditional Numerical Reproducibility"; measured
    with torch 2.6 and 2.13 on AMD Zen 4, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reprocheck.facts.switches import all_switches
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, shown, switches_in
from reprocheck.rules.pinned_variables import place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

if TYPE_CHECKING:
    # For annotations only: `check` asks no Python.
    from reprocheck.model.numeric_switches import SwitchesInForce

RULE = Rule(
    code="RC516",
    name="switch-without-effect",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_HINTS = {
    "aten-cpu-capability": "write it in small letters: `default`, `avx2` or `avx512`; the processor has to have it",
    "mkl-cbwr": "`MKL_CBWR=COMPATIBLE` is the one branch that every processor has",
}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each switch that does not do as its variable says."""
    switches = switches_in(facts)
    for name, switch in () if switches is None else switches.switches.items():
        known = all_switches().get(name)
        if switches is None or switch.asked is None or known is None or "threads" in (name, known.part_of):
            continue
        yield _finding(facts, switches, name, known.variable_names[0])


def _finding(facts: Facts, switches: SwitchesInForce, name: str, variable: str) -> Finding:
    asked = switches.switches[name].asked
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{variable}={asked}` does not do what it says: {shown(switches, name)} is in force",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, name), known_effect(name)),
        fix=_HINTS.get(name, f"write a value that the library takes, or unset `{variable}`"),
    )
