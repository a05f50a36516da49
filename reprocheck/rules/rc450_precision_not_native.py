"""The training asks for a precision that the GPU does not have.

What it checks.
    The data types that the training computes in (`precision` of the configuration, `--precision`) against the tensor
    cores of the GPUs of the audit.

Why it matters.
    torch seldom refuses. bf16 is emulated on Volta and Turing and `torch.cuda.is_bf16_supported()` still says True;
    TF32 is silently full fp32 there: the run ends, slowly, with other numbers than the paper's.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6

    machine: --gpu T4
    seen: precision bf16

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6

    machine: --gpu A100
    seen: precision bf16

How to fix.
    Train in a precision that every GPU of the job has, or name the GPUs that it takes.

When it stays silent.
    The GPU has the type, or is newer than the table; nobody said in which precision the training computes: then the
    rule is skipped.

Sources.
    CUDA Programming Guide §5.1, Table 33; pytorch/pytorch#124996 (emulated bf16); pytorch/pytorch#79537 (TF32 off
    for matrix products since 1.12, on for cuDNN), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.gpu_precision import lacking
from reprocheck.facts.tables import Row, text
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import told_by
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC450",
    name="precision-not-native",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.GPUS, Need.PRECISION),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each precision, the GPUs without it together."""
    if isinstance(facts.precision, Unseen) or isinstance(facts.gpus, Unseen):
        return
    for precision in facts.precision:
        gpus = [gpu for gpu in facts.gpus if lacking(precision, gpu.compute_capability or "")]
        row = lacking(precision, gpus[0].compute_capability or "") if gpus else None
        if row:
            yield _finding(facts, [f"{gpu.name} (compute capability {gpu.compute_capability})" for gpu in gpus], row)


def _finding(facts: Facts, gpus: list[str], row: Row) -> Finding:
    precision = text(row, "precision")
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity(text(row, "severity")),
        confidence=Confidence(text(row, "confidence")),
        message=f"{precision} is not native on {', '.join(gpus)}: {text(row, 'otherwise')}",
        location=place_of_torch(facts),
        evidence=(
            f"{precision} has tensor cores from compute capability {text(row, 'native_from')} on",
            f"GPUs according to {told_by(facts)}",
        ),
        fix=f"use {text(row, 'instead')}",
    )
