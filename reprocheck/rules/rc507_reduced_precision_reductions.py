"""Sums of half-precision products may be rounded to half precision on the way.

What it checks.
    Whether torch's default alone allows partial sums in fp16 or bf16, where the training computes in that type on
    CUDA (`--precision`).

Why it matters.
    Where a kernel splits a long sum, its parts may be kept in the half-precision type. Whether it splits depends on
    the shape, the GPU and the release of cuBLAS, so that another GPU rounds elsewhere, and more.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: precision bf16
    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch bf16-reduced-precision-reduction on

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: precision bf16
    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch bf16-reduced-precision-reduction off by code

How to fix.
    `torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False`, and the same of fp16.

When it stays silent.
    The training computes in neither type; torch is built without CUDA, or sees no GPU and none was said to be meant;
    code decided.

Sources.
    PyTorch documentation, "CUDA semantics" and "Numerical accuracy", sections on reduced precision reduction, read
    2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC507",
    name="reduced-precision-reductions",
    family=Family.DETERMINISM,
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    needs=(Need.SWITCHES, Need.PRECISION),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each type of the training whose sums may be rounded on the way."""
    switches = switches_in(facts)
    if switches is None or isinstance(facts.precision, Unseen) or not uses_cuda(facts, switches):
        return
    for dtype in ("fp16", "bf16"):
        name = f"{dtype}-reduced-precision-reduction"
        if dtype not in facts.precision or switches.value(name) is not True or not switches.is_left_open(name):
            continue
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=RULE.severity,
            confidence=RULE.confidence,
            message=f"sums of products in {dtype} may be rounded to {dtype} on the way, where the GPU splits them",
            location=place_of_torch(facts),
            evidence=(*in_words(switches, name), known_effect(name)),
            fix=f"set `torch.backends.cuda.matmul.allow_{dtype}_reduced_precision_reduction = False`",
        )
