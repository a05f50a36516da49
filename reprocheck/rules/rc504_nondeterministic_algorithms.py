"""Torch may take algorithms that do not repeat themselves.

What it checks.
    Whether torch was told to take deterministic algorithms, where an operation may differ from run to run: on CUDA,
    and on a CPU with more than one thread.

Why it matters.
    Scatter, `index_put_` with accumulation and gradients of embeddings and interpolation add in the order in which
    threads arrive. With `torch.use_deterministic_algorithms(True)` torch takes another way, or stops and names the
    operation.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch threads 4 by environment
    seen: switch deterministic-algorithms off

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch threads 4 by environment
    seen: switch deterministic-algorithms on by code
    seen: switch deterministic-warn-only off

How to fix.
    `torch.use_deterministic_algorithms(True)` at the start of the training. No variable sets it, so a Python that was
    only asked cannot tell whether your code does: if it does, allow this finding with a comment.

When it stays silent.
    Deterministic algorithms are on and not only warned about; there is no CUDA and a single thread.

Sources.
    PyTorch documentation, `torch.use_deterministic_algorithms`; measured: `index_put_` of 200,000 numbers on two
    threads differs from run to run, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC504",
    name="nondeterministic-algorithms",
    family=Family.DETERMINISM,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_ON, _WARNS = "deterministic-algorithms", "deterministic-warn-only"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where operations may differ from run to run and nothing stops them."""
    switches = switches_in(facts)
    if switches is None or (switches.value("threads") == 1 and not uses_cuda(facts, switches)):
        return
    is_off, only_warns = switches.value(_ON) is False, switches.value(_WARNS) is True
    if not is_off and not only_warns:
        return
    lead = "torch may take" if is_off else "torch only warns of"
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{lead} algorithms that differ from run to run",
        location=place_of_torch(facts),
        evidence=(*in_words(switches, _ON, *((_WARNS,) if only_warns else ())), known_effect(_ON)),
        fix="call `torch.use_deterministic_algorithms(True)` where the training begins",
    )
