"""The CUDA of this environment has no code for the GPU: not yet, or no longer.

What it checks.
    The CUDA that will run against the releases that compile for each GPU of the audit, where no list of kernels is
    known: without torch, or with a build of torch that is new to the table.

Why it matters.
    CUDA 12 left Kepler, CUDA 13 left Maxwell, Pascal and Volta: none of its libraries starts there. The other way
    round, a CUDA older than the GPU reaches it only by PTX, which the driver compiles, or not at all.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 cuda-version 13.0 hd8e6e6c_3
      - conda linux-64 cuda-cudart 13.0.48 h3f2d84a_0

    machine: --gpu V100

Good.
    conda-lock.yml, shortened:
      - conda linux-64 cuda-version 12.9 h4f385c5_3
      - conda linux-64 cuda-cudart 12.9.79 h5888daf_0

    machine: --gpu V100

How to fix.
    Lock for a CUDA of the range that the finding names.

When it stays silent.
    RC404 judges the build of torch by its own list; machine code for an older GPU of the same major runs (CUDA 11.2
    on an RTX 4090); the CUDA or the GPU is newer than the table.

Sources.
    NVIDIA "CUDA Toolkit, Driver, and Architecture Matrix"; CUDA Toolkit 12.0 and 13.0 release notes, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted
from reprocheck.facts.gpu_arch import architecture_of
from reprocheck.model.findings import Confidence, Finding, PackageRef, Severity
from reprocheck.rules.effective_cuda import evidence_of
from reprocheck.rules.facts import Facts
from reprocheck.rules.gpu_cases import Case, called, capability, gpu_cases, place_of, reason_among, told_by
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.torch_advice import better_build

RULE = Rule(
    code="RC405",
    name="cuda-outside-gpu-range",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.GPUS,),
    since="0.1.0",
)

_KINDS = ("cuda-outside-gpu-range", "cuda-older-than-gpu")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each CUDA, the GPUs outside its range together."""
    yield from (_finding(facts, case) for case in gpu_cases(facts, reason_among(_KINDS)) if case.stack.claims)


def _finding(facts: Facts, case: Case) -> Finding:
    dropped, source = case.reason.kind == "cuda-outside-gpu-range", case.stack.claims[0]
    place, related = place_of(facts, source.package, source.location)
    gpus, where = called(case.gpus), ", ".join(case.platforms)
    said = "no longer supports" if dropped else "is older than"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if dropped else Severity.WARNING,
        confidence=RULE.confidence if dropped else Confidence.MEDIUM,
        message=f"CUDA {dotted(case.stack.cuda)} {said} {gpus} on {where}",
        location=place,
        related=related,
        packages=_packages(case),
        platforms=case.platforms,
        evidence=(*evidence_of(case.stack.claims), case.reason.said, f"{gpus} according to {told_by(facts)}"),
        fix=_fix(case),
    )


def _packages(case: Case) -> tuple[PackageRef, ...]:
    return tuple(dict.fromkeys(found.package for found in case.stack.claims))


def _fix(case: Case) -> str:
    build = case.stack.torch.build if case.stack.torch else None
    if build:
        return "\n".join(dict.fromkeys(better_build(build, capability(gpu)) for gpu in case.gpus))
    known = [found for found in map(architecture_of, map(capability, case.gpus)) if found]
    first = max(found.first_cuda for found in known)
    last = min((found.last_cuda for found in known if found.last_cuda), default=None)
    span = f"{dotted(first)} to {dotted(last)}" if last else f"{dotted(first)} or newer"
    if case.stack.claims[0].package.manager == "pip":
        return f"take wheels for CUDA {span}"
    return f"take packages for CUDA {span}, for example by `cuda-version={dotted(last or first)}`"
