"""Torch's old and new switches of float32 precision contradict each other.

What it checks.
    Whether torch can say in which precision it computes float32.

Why it matters.
    Torch 2.9 brought `fp32_precision` beside `allow_tf32` and `set_float32_matmul_precision`. Where both were used,
    the old getters raise, libraries that ask them fail, and what is computed depends on who spoke last; in 2.13.0
    `torch.backends.mkldnn.fp32_precision` even sets the precision of all backends.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.13.0
    seen: unread float32-matmul-precision raises: RuntimeError: PyTorch is checking the matmul precision

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.13.0
    seen: switch float32-matmul-precision highest

How to fix.
    Use one of the two: `fp32_precision` of each backend, or `allow_tf32` and `set_float32_matmul_precision`.

When it stays silent.
    Every getter of the precision answers.

Sources.
    PyTorch documentation, "CUDA semantics", section TensorFloat-32 (after 2.9); measured with 2.13.0, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import switches_in
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC512",
    name="precision-apis-mixed",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_PREFIXES = ("float32-matmul-precision", "fp32-precision", "allow-tf32")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all getters that raise."""
    switches = switches_in(facts)
    raising = [] if switches is None else [name for name in switches.unread if name.startswith(_PREFIXES)]
    if switches is None or not raising:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"torch cannot say in which precision it computes float32: {', '.join(raising)}",
        location=place_of_torch(facts),
        evidence=tuple(f"`{name}` {switches.unread[name]}, according to {switches.source}" for name in raising),
        fix="use either `fp32_precision` of each backend, or `allow_tf32` and `set_float32_matmul_precision`",
    )
