"""Convolutions in float32 are computed in TF32, because nobody said otherwise.

What it checks.
    Whether TF32 is allowed to cuDNN by torch's default alone, on a GPU that has TF32.

Why it matters.
    TF32 keeps ten bits of each factor where float32 keeps 23. It is torch's default for convolutions and RNNs, and not
    for products of matrices; a GPU before Ampere has none and computes other numbers from the same code.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    machine: --driver 550.54.14 --gpu sm_90
    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch allow-tf32-cudnn on

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    machine: --driver 550.54.14 --gpu sm_90
    seen: switches of torch 2.6.0, cuda 12.4, gpus 1
    seen: switch allow-tf32-cudnn off by code

How to fix.
    Say which is meant: `torch.backends.cudnn.conv.fp32_precision = 'ieee'` and the same of `rnn` (torch before 2.9:
    `torch.backends.cudnn.allow_tf32 = False`), or `NVIDIA_TF32_OVERRIDE=0` for all of NVIDIA's libraries.

When it stays silent.
    Torch is built without CUDA, or sees no GPU and none was said to be meant; every GPU of the machine is known to be
    without TF32; code or `NVIDIA_TF32_OVERRIDE` decided; the training computes in no float32, or in TF32 by intent
    (`--precision`).

Sources.
    PyTorch documentation, "CUDA semantics", section TensorFloat-32; NVIDIA cuBLAS documentation,
    `NVIDIA_TF32_OVERRIDE`, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.pinned_variables import is_pinned, pinning, place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC502",
    name="tf32-by-default",
    family=Family.DETERMINISM,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCHES = ("fp32-precision-cudnn-conv", "fp32-precision-cudnn-rnn", "allow-tf32-cudnn")
_OVERRIDE, _VARIABLE = "nvidia-tf32-override", "NVIDIA_TF32_OVERRIDE"
_FIRST_WITH_TF32 = 8


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where TF32 computes what float32 was asked for."""
    switches = switches_in(facts)
    if switches is None or not uses_cuda(facts, switches) or not _may_matter(facts):
        return
    allowed = [name for name in _SWITCHES if switches.value(name) in ("tf32", True) and switches.is_left_open(name)]
    if not allowed or str(switches.value(_OVERRIDE)) == "0" or is_pinned(facts, _VARIABLE):
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message="convolutions and RNNs in float32 are computed in TF32 by default, which a GPU before Ampere has not",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, *allowed), known_effect(allowed[0])),
        fix="say which is meant: `torch.backends.cudnn.conv.fp32_precision = 'ieee'`, or in torch before 2.9"
        f" `torch.backends.cudnn.allow_tf32 = False`; `{_VARIABLE}=0` forbids TF32 to all libraries",
        edits=pinning(facts, {_VARIABLE: "0"}),
    )


def _may_matter(facts: Facts) -> bool:
    """Say whether a GPU may have TF32, and the training may compute in float32 that is meant to be such."""
    if not isinstance(facts.precision, Unseen) and ("fp32" not in facts.precision or "tf32" in facts.precision):
        return False
    known = () if isinstance(facts.gpus, Unseen) else facts.gpus
    majors = [int((gpu.compute_capability or "").partition(".")[0] or _FIRST_WITH_TF32) for gpu in known]
    return not majors or max(majors) >= _FIRST_WITH_TF32
