"""The machine holds GPUs of several generations.

What it checks.
    Whether the GPUs of the audit have one compute capability.

Why it matters.
    Kernels are chosen by the GPU that they run on: ranks on different generations add in another order and round
    otherwise, and one build has to hold code for all of them. The oldest decides what can be installed.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6

    machine: --gpu V100 --gpu A100

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6

    machine: --gpu A100 --gpu sm_80

How to fix.
    Keep a job on GPUs of one generation (`CUDA_VISIBLE_DEVICES`, or the partition of the cluster), or check the build
    against the oldest and the newest.

When it stays silent.
    All GPUs have one compute capability, also under several names.

Sources.
    CUDA Programming Guide §5.1 (compute capability); PyTorch "Reproducibility" (results differ between devices),
    read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import numbers
from reprocheck.facts.gpu_arch import sm_name
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import told_by
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC451",
    name="mixed-gpu-generations",
    family=Family.CUDA,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(Need.GPUS,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where the compute capabilities differ."""
    if isinstance(facts.gpus, Unseen):
        return
    named: dict[str, list[str]] = {}
    for gpu in sorted(facts.gpus, key=lambda gpu: numbers(gpu.compute_capability or "")):
        named.setdefault(gpu.compute_capability or "", []).append(gpu.name)
    if len(named) > 1:
        yield _finding(facts, named)


def _finding(facts: Facts, named: dict[str, list[str]]) -> Finding:
    told = [f"{', '.join(dict.fromkeys(names))} ({capability})" for capability, names in named.items()]
    lowest, *_, highest = map(sm_name, named)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the machine mixes GPU generations: {', '.join(told)}",
        location=place_of_torch(facts),
        evidence=(f"GPUs according to {told_by(facts)}",),
        fix=f"keep a job on one generation, or check the build against both ends:"
        f" `reprocheck matrix --gpu {lowest} --gpu {highest}`",
    )
