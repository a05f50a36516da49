"""Only minor-version compatibility lets this driver run the CUDA of the environment.

What it checks.
    Drivers that are new enough for the CUDA major, but older than the CUDA release: what NVIDIA calls minor-version
    compatibility.

Why it matters.
    Finished machine code runs. What is compiled on the way does not always: PTX of the newer CUDA stops with "the
    provided PTX was compiled with an unsupported toolchain". A GPU for which the build holds only PTX gets nothing.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 cuda-nvrtc 12.6.85 hbd13f7d_0

    machine: --driver 535.129.03

Good.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 cuda-nvrtc 12.6.85 hbd13f7d_0

    machine: --driver 560.35.05

How to fix.
    Upgrade the driver to the branch of that CUDA, or lock for a CUDA that the driver brings.

When it stays silent.
    The driver brings that CUDA or a newer one; it is newer than the table; RC401 says that it is too old altogether;
    the CUDA is older than 11, which knows no such compatibility. It is a mere note where the lock holds nothing that
    compiles on the way and every GPU has its machine code; with a cuda-compat that lifts the driver RC403 decides,
    and a loaded one that starts and runs that CUDA is enough.

Sources.
    NVIDIA "CUDA Compatibility", minor version compatibility and its limits; fauxpilot/fauxpilot#19 and
    NVIDIA/nvbandwidth#61 (error 222), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reprocheck.facts.cuda_drivers import bundled_driver, newest_cuda
from reprocheck.facts.cuda_versions import Numbers, dotted
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.effective_cuda import evidence_of, platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import Case, called, capability, gpu_cases, place_of, told_by
from reprocheck.rules.live_compat import runs_by_loaded_compat
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.runnable import Stack, blocked_ptx, judge_kernels, runs_by_minor_compatibility, stack_of
from reprocheck.rules.wording import held, shortened

RULE = Rule(
    code="RC402",
    name="minor-version-compatibility-only",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.DRIVER,),
    since="0.1.0",
)

_MOST_NAMED = 4


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for PTX that cannot be compiled; else one for each CUDA newer than the driver's."""
    if isinstance(facts.driver, Unseen):
        return
    driver = facts.driver
    stopped = gpu_cases(
        facts,
        lambda stack, compute_capability: (
            None if _is_lifted(facts, stack) else blocked_ptx(stack, driver, compute_capability)
        ),
    )
    yield from (_blocked(facts, driver, case) for case in stopped)
    told = {platform for case in stopped for platform in case.platforms}
    found: dict[Numbers, list[Stack]] = {}
    for stack in filter(None, (stack_of(facts, platform) for platform in platforms_in(facts))):
        is_open = stack.platform not in told and not _is_lifted(facts, stack)
        if is_open and runs_by_minor_compatibility(stack, driver):
            found.setdefault(stack.runtime, []).append(stack)
    yield from (_limited(facts, driver, stacks) for stacks in found.values())


def _is_lifted(facts: Facts, stack: Stack) -> bool:
    return runs_by_loaded_compat(facts, stack.platform, stack.runtime)


def _blocked(facts: Facts, driver: str, case: Case) -> Finding:
    gpus, stack = called(case.gpus), case.stack
    evidence = (case.reason.said, _brings(driver), f"driver {driver} and {gpus} according to {told_by(facts)}")
    message = f"driver {driver} cannot compile the PTX that {gpus} needs on {', '.join(case.platforms)}"
    found = _finding(facts, [stack], message, evidence, _fix(stack, driver))
    return replace(found, severity=RULE.severity, confidence=RULE.confidence, platforms=case.platforms)


def _limited(facts: Facts, driver: str, stacks: list[Stack]) -> Finding:
    stack = stacks[0]
    where = ", ".join(one.platform for one in stacks)
    message = f"driver {driver} runs CUDA {dotted(stack.runtime)} on {where} by minor-version compatibility only"
    evidence = (
        *evidence_of(stack.claims),
        _brings(driver),
        *_compilers(facts, stacks),
        f"driver {driver} according to {told_by(facts)}",
    )
    found = _finding(facts, stacks, message, evidence, _fix(stack, driver))
    return replace(found, severity=Severity.INFO) if _needs_no_compiler(facts, stacks) else found


def _brings(driver: str) -> str:
    return f"driver {driver} brings CUDA {dotted(newest_cuda(driver) or ())}"


def _compilers(facts: Facts, stacks: list[Stack]) -> tuple[str, ...]:
    names = [f"`{name}`" for name in sorted({name for stack in stacks for name in stack.jit})]
    return (
        (f"{shortened(names, _MOST_NAMED)}, {held(facts.lock)} here, can compile for the GPU while the program runs",)
        if names
        else ()
    )


def _needs_no_compiler(facts: Facts, stacks: list[Stack]) -> bool:
    """Say whether the lock holds nothing that compiles and the build has machine code for every GPU."""
    if any(stack.jit for stack in stacks) or not isinstance(facts.lock, Lock) or isinstance(facts.gpus, Unseen):
        return False
    return all(judge_kernels(stack, capability(gpu)) is None for stack in stacks for gpu in facts.gpus)


def _fix(stack: Stack, driver: str) -> str:
    newest, enough = newest_cuda(driver) or (), bundled_driver(stack.runtime, windows=stack.is_windows)
    upgrade = f"upgrade the driver to {enough} or newer" if enough else "upgrade the driver"
    if stack.claims[0].package.manager == "pip":
        return f"{upgrade}, or take a torch wheel for CUDA {dotted(newest)} or older"
    return f"{upgrade}, or take packages for CUDA {dotted(newest)} or older"


def _finding(facts: Facts, stacks: list[Stack], message: str, evidence: tuple[str, ...], fix: str) -> Finding:
    source = stacks[0].claims[0]
    place, related = place_of(facts, source.package, source.location)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        message=message,
        location=place,
        related=related,
        packages=tuple(stack.claims[0].package for stack in stacks),
        platforms=tuple(stack.platform for stack in stacks),
        evidence=evidence,
        fix=fix,
    )
