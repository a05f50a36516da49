"""cuDNN does not run on the GPU any more, or not yet.

What it checks.
    The locked or pinned cuDNN against each GPU of the audit, where the kernels of the framework itself reach it.

Why it matters.
    cuDNN 9.11 left Maxwell, Pascal and Volta although CUDA 12 still runs there: the first convolution stops with
    CUDNN_STATUS_ARCH_MISMATCH or "no engine", long after everything seemed to work.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.8.0 cuda129_mkl_py312_h464b887_301
      - conda linux-64 cudnn 9.13.1.26 hbcb9cd8_0

    machine: --gpu V100

Good.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.8.0 cuda129_mkl_py312_h464b887_301
      - conda linux-64 cudnn 9.10.2.21 hbcb9cd8_0

    machine: --gpu V100

How to fix.
    Bound cuDNN below the release that dropped the GPU: `cudnn <9.11`.

When it stays silent.
    RC404 or RC405 says already that nothing runs on that GPU; cuDNN is older than the table; no version is pinned.

Sources.
    NVIDIA cuDNN 9.10.2 and 9.11 support matrices; pytorch/pytorch#157517 and #172352, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted
from reprocheck.facts.cudnn import dropped_by, first_for
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.facts import Facts
from reprocheck.rules.gpu_cases import Case, called, capability, gpu_cases, paths_of, place_of, reason_among, told_by
from reprocheck.rules.relock_command import anew, lock_tool
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.runnable import Part

RULE = Rule(
    code="RC406",
    name="cudnn-dropped-gpu",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.GPUS,),
    since="0.1.0",
)

_KINDS = ("cudnn-dropped-gpu", "cudnn-older-than-gpu")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each cuDNN, the GPUs that it does not run on together."""
    cases = gpu_cases(facts, reason_among(_KINDS))
    yield from (_finding(facts, case, case.stack.cudnn) for case in cases if case.stack.cudnn)


def _finding(facts: Facts, case: Case, cudnn: Part) -> Finding:
    dropped = case.reason.kind == "cudnn-dropped-gpu"
    place, related = place_of(facts, cudnn.package, cudnn.location)
    gpus, where = called(case.gpus), ", ".join(case.platforms)
    said = "no longer runs on" if dropped else "is older than"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if dropped else Severity.WARNING,
        confidence=RULE.confidence if dropped else Confidence.MEDIUM,
        message=f"{cudnn.said} {said} {gpus} on {where}",
        location=place,
        related=related,
        packages=(cudnn.package,),
        platforms=case.platforms,
        evidence=(case.reason.said, f"{gpus} according to {told_by(facts)}"),
        fix=_fix(facts, case, cudnn, dropped=dropped),
        paths=paths_of(facts, cudnn.package),
    )


def _fix(facts: Facts, case: Case, cudnn: Part, *, dropped: bool) -> str:
    oldest, newest = min(map(capability, case.gpus)), max(map(capability, case.gpus))
    if not dropped:
        return f"ask for `{cudnn.package.name} >={first_for(newest) or dotted(newest)}`"
    bound = f"`{cudnn.package.name} <{dropped_by(oldest)}`"
    if cudnn.package.manager == "pip":
        return f"ask for {bound}, with a torch that goes with it: wheels pin their cuDNN"
    tool = lock_tool(facts.lock) if isinstance(facts.lock, Lock) else "reprocheck lock"
    return f"add {bound} to the conda part and {anew(facts, f'run `{tool}`')}"
