"""cuBLAS may give other bits in each run: its workspace is not fixed.

What it checks.
    `CUBLAS_WORKSPACE_CONFIG` where torch computes on CUDA: in the Python that was asked, and under `variables:` of the
    environment.yml.

Why it matters.
    cuBLAS promises the same bits from run to run only while one CUDA stream is active, or with a workspace of fixed
    size. Without it a product of matrices on a second stream may take another algorithm; several releases of torch
    even stop with an error once deterministic algorithms are asked for.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch cublas-workspace unset

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6
      variables:
        CUBLAS_WORKSPACE_CONFIG: ":4096:8"

    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch cublas-workspace unset

How to fix.
    Set `CUBLAS_WORKSPACE_CONFIG=:4096:8` before Python starts, best under `variables:` of the environment.yml.

When it stays silent.
    Torch is built without CUDA, or sees no GPU and none was said to be meant (`--expect-gpu`); the variable is set, to
    whatever value; it stands under `variables:`.

Sources.
    NVIDIA cuBLAS documentation, "Results Reproducibility"; PyTorch notes, "Reproducibility"; pytorch/pytorch#161749,
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
    code="RC501",
    name="cublas-workspace-unset",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCH = "cublas-workspace"
_VARIABLE, _WORKSPACE = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where nobody fixed the workspace."""
    switches = switches_in(facts)
    if switches is None or not uses_cuda(facts, switches):
        return
    if not switches.is_left_open(_SWITCH) or is_pinned(facts, _VARIABLE):
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{_VARIABLE}` is not set: products of matrices on several CUDA streams may differ from run to run",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, _SWITCH), known_effect(_SWITCH)),
        fix=f"set `{_VARIABLE}={_WORKSPACE}` under `variables:` of the environment.yml, or before Python starts",
        edits=pinning(facts, {_VARIABLE: _WORKSPACE}),
    )
