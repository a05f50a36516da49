"""Nobody says how many threads compute.

What it checks.
    Whether the number of threads of an operation was chosen, by a variable, by code, or under `variables:` of the
    environment.yml.

Why it matters.
    A sum is cut into as many parts as there are threads, and each cut rounds in another way. Left open, the number is
    that of the cores of each machine, of its container, or 1 under torchrun.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch threads 8

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6
      variables:
        OMP_NUM_THREADS: "8"

    seen: switches of torch 2.6.0
    seen: switch threads 8

How to fix.
    Set `OMP_NUM_THREADS`, `MKL_NUM_THREADS` and `MKL_DYNAMIC=FALSE` under `variables:` of the environment.yml or in the
    job's script; MKL's number wins over OpenMP's, and without the third MKL takes no more threads than there are cores.

When it stays silent.
    Some variable or code chose the number; the number is 1. A number that was asked for and is not in force is RC509's.

Sources.
    PyTorch notes, "CPU threading"; measured: from 1 to 2 threads 28 of 607 results change, and others from 2 to 4,
    read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.pinned_variables import is_pinned, pinning, place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC505",
    name="threads-not-pinned",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCH = "threads"
_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where the machine decides the number, a milder one beside a GPU."""
    switches = switches_in(facts)
    if switches is None or not switches.is_left_open(_SWITCH) or is_pinned(facts, *_VARIABLES):
        return
    count = switches.value(_SWITCH)
    if count == 1 or switches.switches[_SWITCH].asked:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO if uses_cuda(facts, switches) else RULE.severity,
        confidence=RULE.confidence,
        message=f"nobody says how many threads compute: {count} here, another number on another machine",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, _SWITCH), known_effect(_SWITCH)),
        fix=f"set `OMP_NUM_THREADS={count}`, `MKL_NUM_THREADS={count}` and `MKL_DYNAMIC=FALSE`"
        " under `variables:` of the environment.yml, or in the job's script",
        edits=pinning(facts, {**dict.fromkeys(_VARIABLES, str(count)), "MKL_DYNAMIC": "FALSE"}),
    )
