"""Wheels of two CUDA majors write the same files.

What it checks.
    The wheels of cuDNN, NCCL, cuSPARSELt and NVSHMEM for two CUDA majors side by side, in the lock, among the pip
    lines, or as a pip line beside what the pinned torch of PyPI needs.

Why it matters.
    `nvidia-cudnn-cu12` and `nvidia-cudnn-cu13` both install `nvidia/cudnn/lib/libcudnn.so.9`: the one that pip installs
    last wins, for both, and taking one out takes the files of the other with it. pip sees two projects, and is silent.

Bad.
    dependencies:
      - pip
      - pip:
          - nvidia-cudnn-cu12==9.10.2.21
          - nvidia-cudnn-cu13==9.19.0.56

Good.
    dependencies:
      - pip
      - pip:
          - nvidia-cudnn-cu13==9.19.0.56

How to fix.
    Keep one CUDA major. After taking the other out, install the remaining wheel anew: its files may be gone.

When it stays silent.
    The wheels are for one major, or on different platforms; libraries that each major puts in a folder of its own
    (cuBLAS and the like) are RC410's matter. Where they are installed and list their files, RC603 tells which of these
    they share.

Sources.
    marin-community/marin#6947; rwth-i6/returnn#1802; contents of the wheels; rpath list in pytorch/pytorch
    .ci/manywheel/build_cuda.sh, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reprocheck.facts.nvidia_wheels import suffix_cuda
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import first_place, standing_on, written
from reprocheck.rules.effective_cuda import effective_cuda, platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.shared_folders import declared_pairs, locked_pairs
from reprocheck.rules.wording import in_lock, joined

RULE = Rule(
    code="RC411",
    name="nvidia-wheels-share-a-directory",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

# It needs NCCL even where it computes on the CPU, and brings the one of the newest CUDA beside that of torch.
_BRINGS_NCCL = "xgboost"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what the lock holds; where it holds no pair, what the environment file asks for."""
    locked = list(_locked(facts, facts.lock)) if isinstance(facts.lock, Lock) else []
    yield from locked
    if not locked and isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts, facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    told: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for platform in platforms_in(facts):
        for pair in locked_pairs(lock, platform):
            told.setdefault(pair, []).append(platform)
    for (library, names), platforms in told.items():
        yield _locked_finding(facts, lock, library, names, platforms)


def _locked_finding(facts: Facts, lock: Lock, library: str, names: Sequence[str], platforms: Sequence[str]) -> Finding:
    held = [package for package in lock.named(platforms[0], *names) if package.manager == "pip"]
    ways = {package.name: path_to(facts, lock, package) for package in held}
    wrong = _wrong(facts, platforms[0], names)
    guest = library == "nccl" and any(step.name == _BRINGS_NCCL for step in ways[wrong])
    starts = [(way[0].manager, way[0].name) for way in (ways[wrong],) if way]
    place = first_place(facts, (("pip", wrong), *starts))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if guest else RULE.severity,
        confidence=RULE.confidence,
        message=f"{joined(held)} write the same files of {library} on {', '.join(platforms)}",
        location=place or lock.location_of(next(package for package in held if package.name == wrong)),
        related=tuple(
            RelatedLocation(location=lock.location_of(package), message=in_lock(lock, f"`{package.name}`"))
            for package in held
        ),
        packages=tuple(
            reference(package)
            for platform in platforms
            for package in lock.named(platform, *names)
            if package.manager == "pip"
        ),
        platforms=tuple(platforms),
        evidence=(_folder(library), *_came_in(ways)),
        fix=_fix(wrong, names),
        paths=tuple(way for way in ways.values() if len(way) > 1),
    )


def _came_in(ways: Mapping[str, tuple[PackageRef, ...]]) -> Iterator[str]:
    for name, way in ways.items():
        if len(way) > 1:
            yield f"`{way[-2].name}` needs `{name}`"


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    told: dict[tuple[str, tuple[str, ...]], str] = {}
    for platform in platforms_in(facts):
        for pair in declared_pairs(environment, platform):
            told.setdefault(pair, platform)
    for (library, names), platform in told.items():
        lines = standing_on(platform, environment.pip, environment)
        yield _declared_finding(facts, lines, library, names, platform)


def _declared_finding(
    facts: Facts, lines: Sequence[PipRequirement], library: str, names: Sequence[str], platform: str
) -> Finding:
    entries = [item for name in names for item in lines if item.name == name]
    torch = [item for item in lines if item.name == "torch"] if len(entries) < len(names) else []
    wrong = next((item for item in entries if item.name == _wrong(facts, platform, names)), entries[0])
    others = [item for item in (*entries, *torch) if item is not wrong]
    sides = " and ".join(f"`{written(item)}`" for item in (wrong, *others))
    brought = [name for name in names if name not in {item.name for item in entries}]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{sides} write the same files of {library}",
        location=wrong.location,
        related=tuple(RelatedLocation(location=item.location, message=f"`{written(item)}`") for item in others),
        packages=tuple(PackageRef(manager="pip", name=name) for name in names),
        evidence=(_folder(library), *(f"`{written(item)}` needs `{brought[0]}`" for item in torch)),
        fix=_fix(wrong.name or "", names),
    )


def _wrong(facts: Facts, platform: str, names: Sequence[str]) -> str:
    """Return the wheel that is not for the CUDA of the framework; without one, the first."""
    claims = effective_cuda(facts, platform)
    return next((name for name in names if claims and (suffix_cuda(name) or ()) != claims[0].cuda[:1]), names[0])


def _folder(library: str) -> str:
    return f"the wheels of every CUDA major install into `nvidia/{library}/lib`, and the last one wins"


def _fix(wrong: str, names: Sequence[str]) -> str:
    kept = next(name for name in names if name != wrong)
    return f"take `{wrong}`, or what needs it, out, then install `{kept}` anew: its files may be gone"
