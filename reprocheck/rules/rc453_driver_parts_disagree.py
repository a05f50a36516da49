"""The parts of the NVIDIA driver on this host are of different releases.

What it checks.
    The kernel module, `libcuda`, `libnvidia-ml` and the fabric manager of the machine against each other; and what
    CUDA, NVML and `nvidia-smi` say there of themselves.

Why it matters.
    After an unattended upgrade the new libraries stand beside the old kernel module until the next reboot. Then CUDA
    ends with error 803, NVML with "Driver/library version mismatch", and torch falls back to the CPU.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6

    seen: driver part kernel module 535.129.03
    seen: driver part libcuda 535.183.01

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6

    seen: driver part kernel module 535.183.01
    seen: driver part libcuda 535.183.01

How to fix.
    Reboot, or reload the kernel modules; hold the driver packages back from unattended upgrades. A container was given
    the host's libraries when it was started: start it anew.

When it stays silent.
    Every part that could be read is of one release; `libcuda` alone is of a newer branch than all the others: that is
    a forward-compatibility package, which RC403 judges, as it does one that is loaded and refused.

Sources.
    NVIDIA "Forward Compatibility" (error 803); tensorflow/tensorflow#52530, yhlleo/DeepSegmentor#31 (NVML mismatch),
    read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import numbers
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC453",
    name="driver-parts-disagree",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.DRIVER_PARTS,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where the versions differ, or where the driver itself says that they do."""
    parts = facts.driver_parts
    if isinstance(facts.machine, Unseen) or isinstance(parts, Unseen) or facts.machine.compat_libcuda:
        return
    differ = len({version for _, version in _without_compat(parts)}) > 1
    words = tuple(said for kind, said in facts.machine.refusals if kind == "mismatch")
    if not differ and not words:
        return
    versions = ", ".join(f"{name} {version}" for name, version in parts)
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the parts of the driver disagree: {versions if differ else words[0]}",
        location=place_of_torch(facts),
        evidence=(*(f"{name} is of release {version}" for name, version in parts), *(words if differ else words[1:])),
        fix="reboot, or unload and load the `nvidia` kernel modules, so that all parts are of one release;"
        " a container has to be started anew",
    )


def _without_compat(parts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the parts without a `libcuda` that may come from a forward-compatibility package."""
    others = tuple(part for part in parts if part[0] != "libcuda")
    library = dict(parts).get("libcuda", "")
    is_newer_branch = all(numbers(library)[:1] > numbers(version)[:1] for _, version in others)
    return others if library and len(others) > 1 and is_newer_branch else parts
