"""The shell lowers the precision of float32.

What it checks.
    Whether `ONEDNN_DEFAULT_FPMATH_MODE`, or on CUDA `TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`, makes float32 be computed in
    less than float32, where the environment.yml says nothing of it.

Why it matters.
    A variable of a login script or of a container changes float32 convolutions to bf16, or products of matrices to
    TF32, for whoever has it and nobody else: the same code and lock give losses that differ in the third digit.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch onednn-fpmath BF16 by environment

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6
      variables:
        ONEDNN_DEFAULT_FPMATH_MODE: BF16

    seen: switches of torch 2.6.0
    seen: switch onednn-fpmath BF16 by environment

How to fix.
    Unset the variable; or, if it is meant, write it under `variables:` of the environment.yml, so that all have it.

When it stays silent.
    float32 is computed in float32; code lowers it, which travels with the code; the environment.yml sets the variable;
    TF32 is allowed where there is no GPU.

Sources.
    oneDNN developer guide, "Floating-point Math Mode"; PyTorch, `TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`; measured: a
    convolution differs by 2.4e-3, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.pinned_variables import is_pinned, place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC517",
    name="lowered-fp32-precision",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

# Switch -> the variable that lowers it, and whether it matters on CUDA only.
_LOWERED = {
    "onednn-fpmath": ("ONEDNN_DEFAULT_FPMATH_MODE", False),
    "float32-matmul-precision": ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", True),
}
_WHOLE = ("STRICT", "highest")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each variable that does it."""
    switches = switches_in(facts)
    for name, (variable, on_cuda_only) in () if switches is None else _LOWERED.items():
        if switches is None or name not in switches.switches or switches.value(name) in _WHOLE:
            continue
        if switches.switches[name].origin != "environment" or is_pinned(facts, variable):
            continue
        if on_cuda_only and not uses_cuda(facts, switches):
            continue
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=RULE.severity,
            confidence=RULE.confidence,
            message=f"`{variable}` of the shell lowers the precision of float32, and no environment.yml says so",
            location=place_of_variables(facts),
            evidence=(*in_words(switches, name), known_effect(name)),
            fix=f"unset `{variable}`; if it is meant, write it under `variables:` of the environment.yml",
        )
