"""This build of torch holds no kernels for the GPU.

What it checks.
    The list of GPU architectures that the very build of torch was compiled for (release, CUDA, platform, wheel or
    conda channel) against each GPU of the audit.

Why it matters.
    torch starts, sees the GPU, and stops at the first kernel: "no kernel image is available for execution on the
    device". New GPUs need new builds, and new builds leave old GPUs out. Nothing that is locked for x86 alone
    starts on a Jetson board at all.

Bad.
    environment.yml:
      dependencies:
        - python=3.12
        - pip:
            - torch==2.6.0

    machine: --gpu RTX5090

Good.
    environment.yml:
      dependencies:
        - python=3.12
        - pip
        - pip:
            - torch==2.6.0

    machine: --gpu H100

How to fix.
    Take the build that the finding names: another release, or the same release for another CUDA.

When it stays silent.
    A kernel for a lower minor of the same major is there (sm_86 runs on 8.9); the build is a nightly, of a channel
    whose list nobody wrote down, or newer than the table. Where only PTX fits it warns, for that runs after minutes
    of compiling.

Sources.
    PyTorch RELEASE.md, "CUDA Support Matrix"; pytorch/builder and conda-forge/pytorch-cpu-feedstock build scripts; CUDA
    Programming Guide, "Binary compatibility"; pytorch/pytorch#150733 and #172352, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import Numbers
from reprocheck.facts.torch_archs import Build
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.judgements import Reason
from reprocheck.model.locks import Lock
from reprocheck.rules.effective_cuda import evidence_of, platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import Case, called, capability, gpu_cases, paths_of, place_of, told_by
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.runnable import (
    JETSON_PLATFORM,
    Stack,
    is_of_another_processor,
    is_ptx_too_new,
    judge_kernels,
    stack_of,
)
from reprocheck.rules.torch_advice import better_build
from reprocheck.rules.torch_builds import TorchBuild
from reprocheck.rules.wording import held, the_lock

RULE = Rule(
    code="RC404",
    name="no-kernels-for-gpu",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.GPUS,),
    since="0.1.0",
)

_HOLDS = {
    "no-kernels": "holds no kernels for",
    "only-ptx": "holds only PTX for",
    "desktop-kernels-on-tegra": "holds kernels for other boards than Jetson only, not for",
}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each build, the GPUs that it misses together."""

    def misses(stack: Stack, compute_capability: Numbers) -> Reason | None:
        reason = judge_kernels(stack, compute_capability)
        if reason is None or reason.kind not in _HOLDS:
            return None
        # RC402 tells of PTX that the driver cannot compile.
        blocked = isinstance(facts.driver, str) and is_ptx_too_new(stack, facts.driver)
        return None if reason.kind == "only-ptx" and blocked else reason

    cases = gpu_cases(facts, misses)
    yield from (_finding(facts, case, case.stack.torch) for case in cases if case.stack.torch)
    yield from _other_processor(facts)


def _finding(facts: Facts, case: Case, torch: TorchBuild) -> Finding:
    certain = case.reason.kind == "no-kernels"
    place, related = place_of(facts, torch.package, torch.location)
    gpus, where = called(case.gpus), ", ".join(case.platforms)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if certain else Severity.WARNING,
        confidence=RULE.confidence if certain else Confidence.MEDIUM,
        message=f"{torch.said} {_HOLDS[case.reason.kind]} {gpus} on {where}",
        location=place,
        related=related,
        packages=(torch.package,),
        platforms=case.platforms,
        evidence=(case.reason.said, *evidence_of(case.stack.claims), f"{gpus} according to {told_by(facts)}"),
        fix=_fix(case, torch.build),
        paths=paths_of(facts, torch.package),
    )


def _other_processor(facts: Facts) -> Iterator[Finding]:
    """Yield that a lock with torch holds nothing for the processor of the GPUs that are on Jetson boards only."""
    lock, gpus = facts.lock, () if isinstance(facts.gpus, Unseen) else facts.gpus
    if not isinstance(lock, Lock) or JETSON_PLATFORM in lock.platforms:
        return
    boards = tuple(gpu for gpu in gpus if is_of_another_processor("", capability(gpu)))
    stacks = [stack for platform in platforms_in(facts) if (stack := stack_of(facts, platform)) and stack.torch]
    torch = stacks[0].torch if stacks and boards else None
    if torch:
        yield _elsewhere(facts, lock, torch, called(boards))


def _elsewhere(facts: Facts, lock: Lock, torch: TorchBuild, boards: str) -> Finding:
    platforms = tuple(name for name in platforms_in(facts) if (stack := stack_of(facts, name)) and stack.torch)
    place, related = place_of(facts, torch.package, torch.location)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{torch.said} is {held(lock)} for {', '.join(platforms)}, and {boards} is on"
        f" {JETSON_PLATFORM} boards only",
        location=place,
        related=related,
        packages=(torch.package,),
        platforms=platforms,
        evidence=(f"{the_lock(lock)} holds nothing for {JETSON_PLATFORM}", f"{boards} according to {told_by(facts)}"),
        fix=f"{_for_jetson(lock)}, with conda-forge's build for Jetson: `arm-variant=*=tegra*`",
        paths=paths_of(facts, torch.package),
    )


def _for_jetson(lock: Lock) -> str:
    return "make the environment anew on the board" if lock.records else f"lock for `{JETSON_PLATFORM}` too"


def _fix(case: Case, build: Build | None) -> str:
    if case.reason.kind == "desktop-kernels-on-tegra":
        return "take NVIDIA's own build of torch for JetPack, or conda-forge's for Jetson: `arm-variant=*=tegra*`"
    wanted = dict.fromkeys(capability(gpu) for gpu in case.gpus) if build else {}
    advice = dict.fromkeys(better_build(build, compute_capability) for compute_capability in wanted if build)
    return "\n".join(advice)
