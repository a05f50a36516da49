"""The processor decides which kernels compute.

What it checks.
    On processors with AVX2 or AVX-512, whether the instructions of ATen, MKL and oneDNN are left to each processor.

Why it matters.
    Each of the three libraries takes the newest instructions that it finds. A machine of another generation, or of
    another maker, then adds in another order: softmax and norms (ATen), products of matrices (MKL), convolutions and
    bf16 (oneDNN) give other bits there.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0
    seen: switch aten-cpu-capability avx512
    seen: switch mkl-cbwr OFF
    seen: switch onednn-max-cpu-isa unset

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6
      variables:
        ATEN_CPU_CAPABILITY: avx2
        MKL_CBWR: COMPATIBLE
        ONEDNN_MAX_CPU_ISA: AVX2

    seen: switches of torch 2.6.0
    seen: switch aten-cpu-capability avx512
    seen: switch mkl-cbwr OFF
    seen: switch onednn-max-cpu-isa unset

How to fix.
    Where bits must be equal on several processors: `ATEN_CPU_CAPABILITY=avx2`, `MKL_CBWR=COMPATIBLE` and
    `ONEDNN_MAX_CPU_ISA=AVX2`, which cost time. Else accept differences of rounding and compare with a tolerance.

When it stays silent.
    All three were chosen, in the Python that was asked or under `variables:`; the processor is of another kind.

Sources.
    PyTorch documentation, `ATEN_CPU_CAPABILITY`; oneMKL developer guide, "Conditional Numerical Reproducibility";
    oneDNN developer guide, "CPU Dispatcher Control", read 2026-11-21; measured on Intel and AMD.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in
from reprocheck.rules.pinned_variables import is_pinned, place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC508",
    name="kernels-by-processor",
    family=Family.DETERMINISM,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

# Switch -> the library, its variable, and the value that every processor of the last ten years can have.
_LIBRARIES = {
    "aten-cpu-capability": ("ATen", "ATEN_CPU_CAPABILITY", "avx2"),
    "mkl-cbwr": ("MKL", "MKL_CBWR", "COMPATIBLE"),
    "onednn-max-cpu-isa": ("oneDNN", "ONEDNN_MAX_CPU_ISA", "AVX2"),
}
_KNOWN = ("avx2", "avx512")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all libraries that look at the processor."""
    switches = switches_in(facts)
    if switches is None or switches.value("aten-cpu-capability") not in _KNOWN:
        return
    open_ones = [
        name
        for name, (_, variable, _) in _LIBRARIES.items()
        if switches.is_left_open(name) and not is_pinned(facts, variable)
    ]
    if not open_ones:
        return
    libraries = ", ".join(_LIBRARIES[name][0] for name in open_ones)
    settings = ", ".join(f"`{_LIBRARIES[name][1]}={_LIBRARIES[name][2]}`" for name in open_ones)
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the processor decides which kernels compute ({libraries}): another one gives other bits",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, *open_ones), *map(known_effect, open_ones)),
        fix=f"where processors differ and bits must not: {settings}, at a cost in time",
    )
