"""Run the canary under every switch that changes the bits of other operations, in new processes, and see that it lives.

    python -m tests.canary_settings [PYTHON…]

For each Python (this one by default) and setting it prints in which types the canary has the bits of IEEE 754, whether
the exact part has the same digest in all, and which relations were broken. Flushed subnormals must kill it in all types
but float16, whose subnormal numbers torch computes as normal ones of float32. Exit code 1 where anything else comes
out. Not collected by pytest; about a minute a Python on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from reprocheck.machine.worker_process import JobOutcome, WorkerOptions, attempt_job
from reprocheck.model.json_documents import Json

ALL = ("fp64", "fp32", "bf16", "fp16")


class Setting(NamedTuple):
    """Environment variables, switches set in the process, and the types in which the canary must live."""

    name: str
    variables: Mapping[str, str] = MappingProxyType({})
    apply: Mapping[str, Json] = MappingProxyType({})
    alive: Sequence[str] = ALL


def threads(count: int) -> Mapping[str, str]:
    return {"OMP_NUM_THREADS": str(count), "MKL_NUM_THREADS": str(count), "MKL_DYNAMIC": "FALSE"}


SETTINGS = (
    Setting("as it is"),
    *(Setting(f"{count} threads", threads(count)) for count in (1, 2, 4)),
    *(Setting(f"ATen {name}", {"ATEN_CPU_CAPABILITY": name}) for name in ("default", "avx2", "avx512")),
    *(Setting(f"MKL_CBWR {name}", {"MKL_CBWR": name}) for name in ("COMPATIBLE", "AVX2", "AVX512", "AVX512,STRICT")),
    *(Setting(f"MKL instructions {name}", {"MKL_ENABLE_INSTRUCTIONS": name}) for name in ("SSE4_2", "AVX2")),
    *(Setting(f"oneDNN {name}", {"ONEDNN_MAX_CPU_ISA": name}) for name in ("SSE41", "AVX2", "AVX512_CORE")),
    Setting("oneDNN fpmath BF16", {"ONEDNN_DEFAULT_FPMATH_MODE": "BF16"}),
    Setting("oneDNN off", apply={"mkldnn-enabled": False}),
    *(Setting(f"fp32 {name}", apply={"float32-matmul-precision": name}) for name in ("high", "medium")),
    Setting("deterministic", apply={"deterministic-algorithms": True}),
    Setting("hash seed 1", {"PYTHONHASHSEED": "1"}),
    Setting("portable, 2 threads", {**threads(2), "ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}),
    Setting("flushed subnormals", apply={"flush-denormal": True}, alive=("fp16",)),
)


def told_under(setting: Setting, python: str) -> JobOutcome:
    """Run canary and relations under a setting."""
    job: Mapping[str, Json] = {"job": "arithmetic", "device": "cpu", "skip": ["profile"], "apply": dict(setting.apply)}
    return attempt_job(Path(python), job, WorkerOptions(switches=setting.variables, deadline_s=120))


def wrong_with(setting: Setting, outcome: JobOutcome) -> Iterator[str]:
    """Yield in words what should not have come out."""
    if outcome.fault is not None:
        yield f"{outcome.fault.what}: {outcome.fault.why}"
        return
    canary = [line for line in outcome.lines if "canary" in line]
    alive = tuple(line["canary"] for line in canary if line.get("digest") == line.get("expected", ""))
    if alive != tuple(setting.alive):
        yield f"the canary lives in {alive}, not in {setting.alive}"
    if len({line.get("exact") for line in canary}) != 1:
        yield "the exact part is not the same in all types"
    for line in outcome.lines:
        if line.get("kind") == "must" and line.get("status") == "broken":
            yield f"{line['relation']}: {line.get('detail')}"


def shown(setting: Setting, outcome: JobOutcome) -> str:
    alive = [str(line["canary"]) for line in outcome.lines if line.get("digest") == line.get("expected", "")]
    exact = {str(line["exact"])[:12] for line in outcome.lines if "exact" in line}
    broken = [str(line["relation"]) for line in outcome.lines if line.get("status") == "broken"]
    lives = f"lives in {' '.join(alive) or 'none':<20} exact {' '.join(sorted(exact))}"
    return f"{setting.name:<24} {lives}" + (f"  not equal here: {'; '.join(broken)}" if broken else "")


def main(pythons: Sequence[str]) -> int:
    wrong = 0
    for python in pythons:
        print(python)
        for setting in SETTINGS:
            outcome = told_under(setting, python)
            faults = list(wrong_with(setting, outcome))
            print("  " + shown(setting, outcome), *(f"\n    WRONG {fault}" for fault in faults), flush=True)
            wrong += len(faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable]))
