"""cuDNN takes the kernel that was fastest today.

What it checks.
    `torch.backends.cudnn.benchmark`, and `max_autotune` of the compiler, where torch computes on CUDA.

Why it matters.
    With it every kernel is timed when a shape is first seen, and the fastest is kept. Another load of the machine
    gives another kernel, which adds in another order: the same run gives other bits.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch cudnn-benchmark on by code

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch cudnn-benchmark off

How to fix.
    `torch.backends.cudnn.benchmark = False`, and no `TORCHINDUCTOR_MAX_AUTOTUNE`.

When it stays silent.
    Torch is built without CUDA, or sees no GPU and none was said to be meant; cuDNN is switched off.

Sources.
    PyTorch notes, "Reproducibility", section CUDA convolution benchmarking, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC503",
    name="cudnn-benchmark",
    family=Family.DETERMINISM,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_TIMED = {
    "cudnn-benchmark": ("cuDNN", "set `torch.backends.cudnn.benchmark = False`"),
    "inductor-max-autotune": ("torch.compile", "unset `TORCHINDUCTOR_MAX_AUTOTUNE`, and use no mode `max-autotune`"),
}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each library that times its kernels."""
    switches = switches_in(facts)
    if switches is None or not uses_cuda(facts, switches):
        return
    for name, (library, fix) in _TIMED.items():
        if switches.value(name) is not True or (library == "cuDNN" and switches.value("cudnn-enabled") is False):
            continue
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=RULE.severity,
            confidence=RULE.confidence,
            message=f"{library} times its kernels and takes the fastest: another one in another run",
            location=place_of_torch(facts),
            evidence=(*in_words(switches, name), known_effect(name)),
            fix=fix,
        )
