"""Another number of threads computes than was asked for.

What it checks.
    `OMP_NUM_THREADS` and `MKL_NUM_THREADS` against each other and against the number of threads in force.

Why it matters.
    MKL's variable wins over OpenMP's, and MKL never takes more threads than there are cores, unless it is told to. A
    job that asks for 8 threads computes with 2 on a smaller machine, and gets other bits, while its log says 8.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch threads 2, 8 was asked for

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch threads 2 by environment

How to fix.
    Set `OMP_NUM_THREADS` and `MKL_NUM_THREADS` to one number, and `MKL_DYNAMIC=FALSE`, with which MKL takes it.

When it stays silent.
    The numbers agree; none was asked for (RC505); code set one after the libraries had read theirs.

Sources.
    oneMKL developer guide, "Using Additional Threading Control"; measured: with two cores `OMP_NUM_THREADS=8` gives 2
    threads, and 8 with `MKL_DYNAMIC=FALSE`, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in
from reprocheck.rules.pinned_variables import place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

if TYPE_CHECKING:
    # For annotations only: `check` asks no Python.
    from reprocheck.model.numeric_switches import SwitchesInForce

RULE = Rule(
    code="RC509",
    name="thread-counts-disagree",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCH = "threads"
_ASKED = ("omp-num-threads", "mkl-num-threads")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where a number was asked for and another one computes."""
    switches = switches_in(facts)
    if switches is None or _SWITCH not in switches.switches or switches.switches[_SWITCH].origin == "code":
        return
    asked = sorted(set(_asked(switches)), key=int)
    count = str(switches.value(_SWITCH))
    if not asked or asked == [count]:
        return
    compute = "1 thread computes" if count == "1" else f"{count} threads compute"
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{compute}, where variables ask for {' and '.join(asked)}",
        location=place_of_variables(facts),
        evidence=(
            *in_words(switches, _SWITCH, *_ASKED, "mkl-dynamic"),
            "MKL_NUM_THREADS wins over OMP_NUM_THREADS, and without MKL_DYNAMIC=FALSE there are no more than cores",
            known_effect(_SWITCH),
        ),
        fix="set `OMP_NUM_THREADS` and `MKL_NUM_THREADS` to the one number that is meant, and `MKL_DYNAMIC=FALSE`",
    )


def _asked(switches: SwitchesInForce) -> Iterator[str]:
    """Yield the numbers that variables ask for."""
    told = (switches.switches[_SWITCH].asked, *map(switches.value, _ASKED))
    yield from (str(value) for value in told if str(value).isdecimal())
