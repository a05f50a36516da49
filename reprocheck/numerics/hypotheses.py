"""Which settings may have made another machine's bits: what it recorded, what its processor suggests, and a fixed list.

What ISA caps do is in the documentation of the libraries (oneDNN: CPU Dispatcher Control; oneMKL: Conditional Numerical
Reproducibility; PyTorch: ATEN_CPU_CAPABILITY); which of them change bits was measured (`facts/switch_effects.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reprocheck.facts.switches import all_switches
from reprocheck.model.fingerprints import value_at
from reprocheck.model.json_documents import Json, entries
from reprocheck.model.numeric_experiments import Origin
from reprocheck.numerics.switch_settings import Setting, setting_from

Document = Mapping[str, Json]

STANDARD_CPU: tuple[Setting, ...] = (
    *(Setting("threads", count) for count in (1, 2, 4, 8)),
    *(Setting("aten-cpu-capability", value) for value in ("avx2", "default", "avx512")),
    *(Setting("mkl-cbwr", value) for value in ("COMPATIBLE", "AVX2", "AVX512", "AVX2,STRICT", "AVX512,STRICT")),
    *(Setting("mkl-enable-instructions", value) for value in ("SSE4_2", "AVX2", "AVX512")),
    *(
        Setting("onednn-max-cpu-isa", value)
        for value in ("SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_BF16", "AVX512_CORE_FP16")
    ),
    Setting("onednn-fpmath", "BF16"),
    Setting("mkldnn-enabled", False),
    *(Setting("float32-matmul-precision", value) for value in ("medium", "high", "highest")),
    Setting("flush-denormal", True),
    Setting("deterministic-algorithms", True),
    *(Setting(f"sdpa-{name}", False) for name in ("flash", "math")),
)
STANDARD_CUDA: tuple[Setting, ...] = (
    *(Setting(name, value) for name in ("allow-tf32-cuda-matmul", "allow-tf32-cudnn") for value in (True, False)),
    Setting("cudnn-enabled", False),
    Setting("cudnn-deterministic", True),
    Setting("cudnn-benchmark", True),
    *(Setting(f"{name}-reduced-precision-reduction", False) for name in ("fp16", "bf16")),
    Setting("fp16-accumulation", True),
    *(Setting(f"sdpa-{name}", False) for name in ("memory-efficient", "cudnn")),
)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Settings that may explain a difference, and where the thought comes from."""

    settings: tuple[Setting, ...]
    origin: Origin


def hypotheses(here: Document, there: Document, devices: Iterable[str]) -> tuple[Hypothesis, ...]:
    """Return what may have made the bits of the fingerprint `there`, the likeliest first and each once."""
    recorded = recorded_settings(here, there)
    together = [Hypothesis(recorded, "recorded")] if len(recorded) > 1 else []
    standard = STANDARD_CPU + (STANDARD_CUDA if "cuda" in devices else ())
    found = [
        *(Hypothesis((setting,), "recorded") for setting in recorded),
        *together,
        *(Hypothesis((setting,), "hardware") for setting in hardware_settings(here, there)),
        *(Hypothesis((setting,), "standard") for setting in standard),
    ]
    first: dict[tuple[Setting, ...], Hypothesis] = {}
    for hypothesis in found:
        first.setdefault(hypothesis.settings, hypothesis)
    return tuple(first.values())


def recorded_settings(here: Document, there: Document) -> tuple[Setting, ...]:
    """Return the switches that both fingerprints recorded with different values, put to the value there."""
    ours, theirs = _switches(here), _switches(there)
    changed = [name for name in sorted(theirs) if name in ours and ours[name] != theirs[name]]
    known = all_switches()
    leaders = [name for name in changed if name in known and known[name].part_of not in changed]
    settings = (setting_from(name, theirs[name]) for name in leaders)
    return tuple(setting for setting in settings if setting)


def hardware_settings(here: Document, there: Document) -> tuple[Setting, ...]:
    """Return what makes this machine take the code paths of the processor there, as far as it can."""
    ours, theirs = _instructions(here), _instructions(there)
    found: list[Setting] = []
    if "avx512f" in ours and "avx512f" not in theirs and theirs:
        found += [
            Setting("aten-cpu-capability", "avx2"),
            Setting("onednn-max-cpu-isa", "AVX2"),
            Setting("mkl-enable-instructions", "AVX2"),
        ]
    if "avx2" in ours and "avx2" not in theirs and theirs:
        found += [Setting("aten-cpu-capability", "default"), Setting("onednn-max-cpu-isa", "SSE41")]
    if "amx_bf16" in ours and "amx_bf16" not in theirs and theirs:
        found.append(Setting("onednn-max-cpu-isa", "AVX512_CORE_FP16"))
    if "avx512_bf16" in ours and "avx512_bf16" not in theirs and theirs:
        found.append(Setting("onednn-max-cpu-isa", "AVX512_CORE"))
    cores = value_at(there, "host", "cpu", "usableCores")
    if isinstance(cores, int) and cores != value_at(here, "host", "cpu", "usableCores"):
        found.append(Setting("threads", cores))
    return tuple(found)


def _switches(document: Document) -> Mapping[str, Json]:
    """Return the recorded value of each switch; one that could not be read is left out."""
    recorded = value_at(document, "runtime", "switches")
    if not isinstance(recorded, Mapping):
        return {}
    return {name: entry["value"] for name, entry in recorded.items() if isinstance(entry, Mapping) and "value" in entry}


def _instructions(document: Document) -> set[str]:
    return set(map(str, entries(value_at(document, "host", "cpu", "isa"))))
