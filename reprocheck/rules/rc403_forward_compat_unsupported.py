"""The libraries of cuda-compat do not run on this GPU or with this driver.

What it checks.
    A cuda-compat package that is locked or declared, against the GPUs and the driver of the audit; and on the machine
    itself, whether a libcuda of cuda-compat that its loader finds first starts at all.

Why it matters.
    cuda-compat brings a newer libcuda than the driver's own. On a GeForce every CUDA call then fails with "forward
    compatibility was attempted on non supported HW"; libraries older than the driver fail as well.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 cuda-version 12.9 h4f385c5_3
      - conda linux-64 cuda-compat 12.9.1 ha770c72_0

    machine: --driver 535.129.03 --gpu RTX4090

Good.
    conda-lock.yml, shortened:
      - conda linux-64 cuda-version 12.9 h4f385c5_3
      - conda linux-64 cuda-compat 12.9.1 ha770c72_0

    machine: --driver 535.129.03 --gpu A100

How to fix.
    Take cuda-compat out, and upgrade the driver or lock for a CUDA that it runs. Where no package brings it, its folder
    is in `LD_LIBRARY_PATH` or in `/etc/ld.so.conf.d`, as in NVIDIA's container images.

When it stays silent.
    The GPU is a data-centre one or a Jetson, and the driver is of a branch that NVIDIA lists for that cuda-compat; the
    GPU is named by its compute capability only; driver or cuda-compat are newer than the table; a cuda-compat of the
    machine starts.

Sources.
    NVIDIA "CUDA Compatibility", forward compatibility, support matrix; microsoft/onnxruntime#21435 and
    lllyasviel/Fooocus#2169 (error 804), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_drivers import compat_cuda, forward_compatibility
from reprocheck.facts.cuda_versions import dotted
from reprocheck.facts.gpu_arch import kind_of
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.machines import TargetMachine
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import called, paths_of, place_of, told_by
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.runnable import COMPAT_PACKAGES, Part, part_of
from reprocheck.rules.wording import held

RULE = Rule(
    code="RC403",
    name="forward-compat-unsupported",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.MEDIUM,
    needs=(Need.MACHINE,),
    since="0.1.0",
)

_Objection = tuple[Severity, str, str, str]  # how bad, what, why, and whose GPU or driver it is


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each cuda-compat, its platforms together."""
    found: dict[tuple[_Objection, str], list[Part]] = {}
    for platform in platforms_in(facts):
        part = part_of(facts, platform, COMPAT_PACKAGES) if platform.startswith("linux-") else None
        objection = _of_gpus(facts, part) or _of_driver(facts, part) if part else None
        if part and objection:
            found.setdefault((objection, part.said), []).append(part)
    for (objection, _), parts in found.items():
        yield _finding(facts, objection, parts)
    if not found and not isinstance(facts.machine, Unseen):
        yield from _of_this_machine(facts, facts.machine)


def _of_this_machine(facts: Facts, machine: TargetMachine) -> Iterator[Finding]:
    """Yield what the driver itself said to a libcuda of cuda-compat that no package brought."""
    refusals, compat = dict(machine.refusals), machine.compat_libcuda
    shown = f"the libcuda of cuda-compat {compat}" if compat else "a libcuda of cuda-compat"
    if "compat" in refusals:
        message, words = f"{shown} is loaded on this machine, whose GPU does not run it", refusals["compat"]
    elif compat and "mismatch" in refusals:
        driver = f"driver {machine.driver_version}" if machine.driver_version else "the driver"
        message, words = f"{shown} is loaded on this machine, and does not fit {driver}", refusals["mismatch"]
    else:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=Confidence.HIGH,
        message=message,
        location=place_of_torch(facts),
        evidence=(f"{words}, according to {machine.source}",),
        fix="take the folder of cuda-compat out of `LD_LIBRARY_PATH` and of `/etc/ld.so.conf.d`, or upgrade the driver",
    )


def _for(facts: Facts) -> str:
    return "take packages for" if held(facts.lock) == "installed" else "lock for"


def _of_gpus(facts: Facts, part: Part) -> _Objection | None:
    if isinstance(facts.gpus, Unseen):
        return None
    others = [gpu for gpu in facts.gpus if kind_of(gpu.name) == "consumer"]
    if others:
        message = f"{part.said} does not run on {called(others)}: it is for data-centre GPUs and Jetson"
        return Severity.ERROR, message, "forward compatibility is never for GeForce", called(others)
    few = [gpu for gpu in facts.gpus if kind_of(gpu.name) == "workstation"]
    if few:
        message = f"{part.said} may not run on {called(few)}: of such GPUs only a few are listed for it"
        return (
            Severity.WARNING,
            message,
            "of workstation GPUs only NGC-Server-Ready ones have it",
            called(few),
        )
    return None


def _of_driver(facts: Facts, part: Part) -> _Objection | None:
    driver, cuda = facts.driver, compat_cuda(part.version)
    if isinstance(driver, Unseen) or not cuda:
        return None
    shown, told = f"{part.said} (CUDA {dotted(cuda)})", f"driver {driver}"
    match forward_compatibility(cuda, driver):
        case "older":
            message = f"{shown} is older than driver {driver}: the older libcuda does not run on it"
            return Severity.ERROR, message, "the libraries of cuda-compat have to be newer than the driver", told
        case "own":
            message = f"{shown} is of the branch of driver {driver}: it is not needed, and fails where it is the older"
            return Severity.WARNING, message, "a driver of the same branch brings that CUDA itself", told
        case "no-target":
            message = f"{shown} is not made for the branch of driver {driver}"
            return (
                Severity.WARNING,
                message,
                "NVIDIA lists long-term and production branches as targets",
                told,
            )
        case _:
            return None


def _finding(facts: Facts, objection: _Objection, parts: list[Part]) -> Finding:
    severity, message, why, whose = objection
    package = parts[0].package
    place, related = place_of(facts, package, parts[0].location)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=message,
        location=place,
        related=related,
        packages=tuple(part.package for part in parts),
        platforms=tuple(part.package.platform for part in parts if part.package.platform),
        evidence=(why, f"{whose} according to {told_by(facts)}"),
        fix=f"take `{package.name}` out, and upgrade the driver or {_for(facts)} a CUDA that it runs",
        paths=paths_of(facts, package),
    )
