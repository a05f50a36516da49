"""triton is not the one that torch was released with.

What it checks.
    The triton of pip against what the wheel of torch asks for, in the lock and in the pins of the environment.yml.

Why it matters.
    `torch.compile` writes code for one release of triton. Another one fails in the compiler with missing attributes, or
    compiles other kernels than those that torch was tested with.

Bad.
    dependencies:
      - python=3.11
      - pip:
          - torch==2.5.1
          - triton==2.3.0

Good.
    dependencies:
      - python=3.11
      - pip
      - pip:
          - torch==2.5.1
          - triton==3.1.0

How to fix.
    Leave triton out: torch brings its own.

When it stays silent.
    The release of torch is not in the table, or no final one; conda brings torch without a triton to compare with; the
    platform is not Linux; a range in the environment.yml. Two distributions that both hold `triton` are RC305 and
    RC445.

Sources.
    METADATA of the wheels of torch, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.torch_companions import plain_release, triton_of
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.constraints import pip_admits
from reprocheck.rules.declarations import first_place, line_of, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_torch, reference
from reprocheck.rules.mends import removal
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_channel import is_declared_from_channel, is_locked_from_channel
from reprocheck.rules.torch_pins import Pinned, meet, pinned_named, pinned_torches
from reprocheck.rules.wording import in_lock

RULE = Rule(
    code="RC431",
    name="triton-mismatch",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the triton of the lock; without a lock, for the one that is pinned."""
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[str, ...], list[tuple[LockedPackage, LockedPackage]]] = {}
    for platform in platforms_in(facts):
        triton = next((package for package in lock.named(platform, "triton") if package.manager == "pip"), None)
        torch = locked_torch(lock, platform)
        wanted = _wanted(torch, is_installed=bool(lock.records)) if torch and triton else None
        if torch and triton and wanted and not pip_admits(wanted, triton.version):
            found.setdefault((torch.version, triton.version, wanted), []).append((triton, torch))
    for key, pairs in found.items():
        yield _locked_finding(facts, lock, pairs, key[-1])


def _wanted(torch: LockedPackage, *, is_installed: bool) -> str | None:
    """Return what a locked torch asks of triton: by its entry, else by the table for that release."""
    if torch.manager == "conda" and not is_locked_from_channel(torch):
        return None  # conda-forge builds torch with a triton of its own choice
    recorded = dict(torch.dependencies).get("triton", "")
    if recorded.startswith(("==", "~=")):
        return recorded
    # The metadata of an installed wheel is whole: where it asks for no triton, that build uses none.
    release = None if is_installed and torch.manager == "pip" else plain_release(torch.version)
    return triton_of(release) if release else None


def _locked_finding(facts: Facts, lock: Lock, pairs: list[tuple[LockedPackage, LockedPackage]], wanted: str) -> Finding:
    triton, torch = pairs[0]
    path = path_to(facts, lock, triton)
    platforms = tuple(dict.fromkeys(one.platform for one, _ in pairs))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`triton {triton.version}` (pip) is not the one for `{torch.name} {torch.version}`"
        f" on {', '.join(platforms)}",
        location=first_place(facts, (("pip", "triton"), ("pip", "torch"))) or lock.location_of(triton),
        related=(
            RelatedLocation(location=lock.location_of(triton), message=in_lock(lock, "triton")),
            RelatedLocation(location=lock.location_of(torch), message=in_lock(lock, "torch")),
        ),
        packages=tuple(dict.fromkeys(reference(package) for pair in pairs for package in pair)),
        platforms=platforms,
        evidence=(f"torch {torch.version} asks for `triton{wanted}`",),
        fix=f"install `triton{wanted}`" if lock.records else "leave triton to torch, and lock anew",
        paths=(path,) if len(path) > 1 else (),
    )


def _declared(environment: EnvironmentFile) -> Iterator[Finding]:
    torches = [torch for torch in pinned_torches(environment) if torch.pin.exact and _counts(environment, torch)]
    for triton in pinned_named(environment, conda=(), pip=("triton",)):
        torch = next((one for one in torches if meet(one.entry, triton.entry, environment)), None)
        wanted = triton_of(torch.pin.version) if torch else None
        if torch and wanted and triton.pin.exact and not pip_admits(wanted, triton.pin.version):
            yield _declared_finding(environment, triton, torch, wanted)


def _counts(environment: EnvironmentFile, torch: Pinned) -> bool:
    return isinstance(torch.entry, PipRequirement) or is_declared_from_channel(environment, torch.entry)


def _declared_finding(environment: EnvironmentFile, triton: Pinned, torch: Pinned, wanted: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=Confidence.HIGH,
        message=f"`{written(triton.entry)}` (pip) is not the one for `{written(torch.entry)}` ({torch.manager})",
        location=triton.entry.location,
        related=(RelatedLocation(location=torch.entry.location, message="the torch of this file"),),
        packages=(
            PackageRef(manager="pip", name="triton", version=triton.pin.version),
            PackageRef(manager=torch.manager, name=torch.entry.name or "", version=torch.pin.version),
        ),
        evidence=(f"torch {torch.pin.version} asks for `triton{wanted}`",),
        fix=f"remove {line_of(triton.entry)}: torch brings its own triton",
        edits=removal(environment, triton.entry, safe=False),
    )
