"""Sets of texts iterate in another order in each run.

What it checks.
    `PYTHONHASHSEED` in the Python that was asked, and under `variables:` of the environment.yml.

Why it matters.
    Python draws a new seed for the hashes of texts in each process. No operation of torch depends on it; code that
    walks over a set of names, of files or of labels does, and so may the order of data and of parameters.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch python-hash-seed random

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6
      variables:
        PYTHONHASHSEED: "0"

    seen: switches of torch 2.6.0
    seen: switch python-hash-seed random

How to fix.
    Set `PYTHONHASHSEED=0` before Python starts; inside a program it comes too late.

When it stays silent.
    The seed is fixed, in that Python or under `variables:`.

Sources.
    Python documentation, `PYTHONHASHSEED`; measured: none of 607 results of torch changes, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in
from reprocheck.rules.pinned_variables import is_pinned, pinning, place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC506",
    name="random-hash-seed",
    family=Family.DETERMINISM,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCH, _VARIABLE = "python-hash-seed", "PYTHONHASHSEED"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where each process draws its own seed."""
    switches = switches_in(facts)
    if switches is None or switches.value(_SWITCH) != "random" or is_pinned(facts, _VARIABLE):
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message="sets of texts iterate in another order in each run: Python draws the seed of their hashes",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, _SWITCH), known_effect(_SWITCH)),
        fix=f"set `{_VARIABLE}=0` under `variables:` of the environment.yml, or before Python starts",
        edits=pinning(facts, {_VARIABLE: "0"}),
    )
