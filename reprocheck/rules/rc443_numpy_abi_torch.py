"""NumPy 2 beside a torch that was compiled for NumPy 1.

What it checks.
    torch before 2.3 (before 2.4.1 on Windows) with NumPy 2, in the lock, and in the pins of the environment.yml as far
    as they decide it.

Why it matters.
    torch imports with a warning and has no NumPy: `tensor.numpy()`, `torch.from_numpy` and every DataLoader that uses
    them stop with "Numpy is not available". Wheels of torch name no bound on NumPy, so nothing keeps the two apart.

Bad.
    dependencies:
      - python=3.10
      - pip:
          - torch==2.1.2
          - numpy==2.0.2

Good.
    dependencies:
      - python=3.10
      - pip
      - pip:
          - torch==2.1.2
          - numpy==1.26.4

How to fix.
    Pin `numpy<2`, or take torch 2.3 or later (2.4.1 on Windows).

When it stays silent.
    A conda-forge pytorch, whose `depends` bound NumPy; a Python before 3.9, for which there is no NumPy 2; without a
    lock, whatever may hold NumPy back: a bound, or pinned packages that name one.

Sources.
    pytorch/pytorch#132179, #107302 and #131668; NumPy documentation, "For downstream package authors", read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.facts.numpy_abi import torch_with_numpy_2
from reprocheck.facts.torch_companions import padded, plain_release, pythons_of
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import Declaration, first_place, package_of, platforms_of, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_torch, reference
from reprocheck.rules.mends import replacement
from reprocheck.rules.numpy_choice import declared_numpy, is_second, locked_numpy, numpy_choice
from reprocheck.rules.relock_command import anew
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_channel import is_declared_from_channel, is_locked_from_channel
from reprocheck.rules.torch_pins import Pinned, pinned_python, pinned_torches
from reprocheck.rules.wording import in_lock

RULE = Rule(
    code="RC443",
    name="numpy-abi-torch",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_FIX = "pin `numpy<2`, or take torch {first} or later"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the torch of the lock; without a lock, for the torch that is pinned."""
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts, facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[tuple[LockedPackage, LockedPackage]]] = {}
    for platform in platforms_in(facts):
        torch, numpy = locked_torch(lock, platform), locked_numpy(lock, platform)
        if torch and numpy and is_second(numpy.version) and _is_too_old(torch):
            found.setdefault((torch.version, numpy.version), []).append((torch, numpy))
    for pairs in found.values():
        yield _locked_finding(facts, lock, pairs)


def _is_too_old(torch: LockedPackage) -> bool:
    release = plain_release(torch.version)
    counts = torch.manager == "pip" or is_locked_from_channel(torch)
    return counts and release is not None and padded(numbers(release)) < torch_with_numpy_2(torch.platform)


def _locked_finding(facts: Facts, lock: Lock, pairs: list[tuple[LockedPackage, LockedPackage]]) -> Finding:
    torch, numpy = pairs[0]
    platforms = tuple(dict.fromkeys(one.platform for one, _ in pairs))
    first = max(torch_with_numpy_2(platform) for platform in platforms)
    path = path_to(facts, lock, numpy)
    # That Windows needs a later release is known of wheels; conda builds come from the same scripts.
    sure = torch.manager == "pip" or padded(numbers(torch.version)) < torch_with_numpy_2("")
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if sure else Severity.WARNING,
        confidence=RULE.confidence if sure else Confidence.MEDIUM,
        message=f"`{torch.name} {torch.version}` cannot use `numpy {numpy.version}` on {', '.join(platforms)}",
        location=_place(facts) or lock.location_of(torch),
        related=(
            RelatedLocation(location=lock.location_of(torch), message=in_lock(lock, "torch")),
            RelatedLocation(location=lock.location_of(numpy), message=in_lock(lock, "NumPy")),
        ),
        packages=tuple(dict.fromkeys(reference(package) for pair in pairs for package in pair)),
        platforms=platforms,
        evidence=(f"torch {dotted(first)} is the first that runs beside NumPy 2 on {', '.join(platforms)}",),
        fix=f"{_FIX.format(first=dotted(first))}, and {anew(facts)}",
        paths=(path,) if len(path) > 1 else (),
    )


def _place(facts: Facts) -> Location | None:
    return first_place(facts, (("pip", "numpy"), ("conda", "numpy"), ("pip", "torch"), ("conda", "pytorch")))


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    torch = next(iter(pinned_torches(environment)), None)  # pip's first, which wins (RC412 tells of two)
    if torch is None:
        return
    release, here = padded(numbers(torch.pin.version)), {*platforms_in(facts)}
    where = sorted(platforms_of(torch.entry, environment) & here)
    late = [platform for platform in where if release < torch_with_numpy_2(platform)]
    if late and _counts(environment, torch) and _has_wheel(environment, torch):
        choice = numpy_choice(environment)
        if choice == "two" or (choice == "open" and _brings_numpy(environment)):
            yield _declared_finding(environment, torch, late, is_sure=choice == "two")


def _counts(environment: EnvironmentFile, torch: Pinned) -> bool:
    """Say whether a torch names no bound on NumPy; `2.2` may still become no 2.3, and `2` may become anything."""
    if not torch.pin.exact and len(numbers(torch.pin.version)) < len(("major", "minor")):
        return False
    return not isinstance(torch.entry, CondaSpec) or is_declared_from_channel(environment, torch.entry)


def _has_wheel(environment: EnvironmentFile, torch: Pinned) -> bool:
    """Where there is no wheel for the pinned Python, that is the trouble (RC430)."""
    python, range_ = pinned_python(environment), pythons_of(numbers(torch.pin.version))
    return python is None or range_ is None or range_[0] <= numbers(python.pin.version)[:2] <= range_[1]


def _brings_numpy(environment: EnvironmentFile) -> bool:
    """Say whether NumPy comes in: the wheel of torch asks for none, torchvision does."""
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    return declared_numpy(environment) is not None or any(entry.name == "torchvision" for entry in entries)


def _declared_finding(environment: EnvironmentFile, torch: Pinned, platforms: list[str], *, is_sure: bool) -> Finding:
    numpy = declared_numpy(environment)
    first = dotted(max(torch_with_numpy_2(platform) for platform in platforms))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if is_sure else Severity.WARNING,
        confidence=RULE.confidence if is_sure else Confidence.MEDIUM,
        message=f"`{written(torch.entry)}` ({torch.manager}) cannot use NumPy 2, "
        + (f"which `{written(numpy)}` asks for" if numpy and is_sure else "and nothing keeps it away"),
        location=numpy.location if numpy else torch.entry.location,
        related=(RelatedLocation(location=torch.entry.location, message="the torch of this file"),) if numpy else (),
        packages=(
            PackageRef(manager=torch.manager, name=torch.entry.name or "", version=torch.pin.version),
            package_of(numpy) if numpy else PackageRef(manager="pip", name="numpy"),
        ),
        platforms=tuple(platforms),
        evidence=(f"torch {first} is the first that runs beside NumPy 2 on {', '.join(platforms)}",),
        fix=_FIX.format(first=first),
        edits=replacement(environment, numpy, "numpy<2", safe=False) if numpy else (),
    )
