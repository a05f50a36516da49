"""Two builds of torch land in one environment.

What it checks.
    torch from PyPI beside conda's pytorch or libtorch, in the lock, or in the environment.yml where pip cannot be
    content with conda's.

Why it matters.
    Two builds of the same native libraries land in one environment, mostly for two CUDA releases. Extensions that
    conda built load the wrong one: undefined symbols at best, other numbers at worst.

Bad.
    dependencies:
      - pytorch=1.4.0
      - cudatoolkit=10.1
      - pip:
          - torch==1.7.1

Good.
    dependencies:
      - pytorch=2.6.0
      - pip
      - pip:
          - torchmetrics==1.6.1

How to fix.
    Take torch from one side: from conda where other conda packages link it, else from pip for all of it.

When it stays silent.
    conda's version meets the pip line, so pip installs no second one; selectors or markers part the two; pip has taken
    the place of conda's in an installed environment (RC604).

Sources.
    pytorch/pytorch#191367 and #44282 (mixed conda and pip builds); conda/conda-lock#914, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.closure import path_to
from reprocheck.rules.constraints import Relation, relate, worst_of
from reprocheck.rules.cuda_claims import CudaClaim
from reprocheck.rules.declarations import declared, first_place, line_of, platforms_of, written
from reprocheck.rules.declared_cuda import declared_claims
from reprocheck.rules.effective_cuda import evidence_of, platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_claims, reference
from reprocheck.rules.relock_command import anew, lock_tool, one_side
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import the_lock

RULE = Rule(
    code="RC412",
    name="two-torches",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_CONDA_TORCH = ("pytorch", "libtorch", "pytorch-gpu", "pytorch-cpu")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what the lock holds; where it holds no pair, what the environment file asks for."""
    locked = list(_locked(facts, facts.lock)) if isinstance(facts.lock, Lock) else []
    yield from locked
    if not locked and isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts, facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    pairs: dict[tuple[str, str, str], list[tuple[LockedPackage, LockedPackage]]] = {}
    for platform in platforms_in(facts):
        found = (package for package in lock.on(platform, "conda") if package.name in _CONDA_TORCH)
        conda = sorted(found, key=lambda package: _CONDA_TORCH.index(package.name))
        for pip in lock.on(platform, "pip"):
            if conda and normalise_name(pip.name) == "torch":
                pairs.setdefault((pip.version, conda[0].name, conda[0].version), []).append((pip, conda[0]))
    for same in pairs.values():
        yield _locked_finding(facts, lock, same)


def _locked_finding(facts: Facts, lock: Lock, pairs: list[tuple[LockedPackage, LockedPackage]]) -> Finding:
    pip, conda = pairs[0]
    platforms = tuple(package.platform for package, _ in pairs)
    wanted = (("pip", "torch"), *(("conda", name) for name in _CONDA_TORCH))
    claims = locked_claims(lock, pip.platform)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{the_lock(lock)} holds two builds of torch on {', '.join(platforms)}:"
        f" conda's `{conda.name} {conda.version}` and pip's `torch {pip.version}`{_cudas(claims)}",
        location=first_place(facts, wanted) or lock.location_of(pip),
        related=(
            RelatedLocation(location=lock.location_of(conda), message="conda's"),
            RelatedLocation(location=lock.location_of(pip), message="pip's"),
        ),
        packages=tuple(reference(package) for pair in pairs for package in pair),
        platforms=platforms,
        evidence=_torch_evidence(claims),
        fix=_locked_fix(facts, lock),
        paths=tuple(path for path in (path_to(facts, lock, pip), path_to(facts, lock, conda)) if len(path) > 1),
    )


def _locked_fix(facts: Facts, lock: Lock) -> str:
    asked = not isinstance(facts.environment, EnvironmentFile) or declared(facts, "pip", "torch")
    if not asked:
        return one_side(lock, "torch")
    return f"take torch from one side only, then {anew(facts, f'run `{lock_tool(lock)}`')}"


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    for requirement in environment.pip:
        if requirement.name != "torch":
            continue
        where = platforms_of(requirement, environment)
        specs = [
            spec for spec in environment.conda if spec.name in _CONDA_TORCH and where & platforms_of(spec, environment)
        ]
        relation = worst_of(_relation(spec, requirement) for spec in specs) if specs else "meets"
        # A lock without a second torch has settled what the specs leave open.
        if relation != "meets" and not (relation == "open" and isinstance(facts.lock, Lock)):
            yield _declared_finding(facts, environment, requirement, specs, relation)


def _relation(spec: CondaSpec, requirement: PipRequirement) -> Relation:
    """`libtorch` brings no metadata of a Python project, so nothing keeps pip from installing its own."""
    return "replaces" if spec.name == "libtorch" else relate(spec.version, requirement)


def _declared_finding(
    facts: Facts,
    environment: EnvironmentFile,
    requirement: PipRequirement,
    specs: list[CondaSpec],
    relation: Relation,
) -> Finding:
    may = "may install" if relation == "open" else "installs"
    claims = declared_claims(environment, platforms_in(facts)[0])
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if relation == "open" else RULE.severity,
        confidence=Confidence.MEDIUM if relation == "open" else RULE.confidence,
        message=f"`{written(requirement)}` (pip) {may} a second build of torch beside conda's `{written(specs[0])}`"
        f"{_cudas(claims)}",
        location=requirement.location,
        related=tuple(
            RelatedLocation(location=spec.location, message=f"conda is asked for `{written(spec)}`") for spec in specs
        ),
        packages=(
            PackageRef(manager="pip", name="torch"),
            *(PackageRef(manager="conda", name=spec.name) for spec in specs),
        ),
        evidence=_torch_evidence(claims),
        fix=f"take torch from one side only: remove {line_of(requirement)}, or `{specs[0].name}` from the conda part",
    )


def _torch_evidence(claims: tuple[CudaClaim, ...]) -> tuple[str, ...]:
    return evidence_of(claims) or ("no CUDA is pinned on either side",)


def _cudas(claims: tuple[CudaClaim, ...]) -> str:
    """Return which CUDA each side is for, where both are known."""
    conda = [item for item in claims if item.package.manager == "conda"]
    pip = [item for item in claims if item.package.manager == "pip" and item.package.name == "torch"]
    if not conda or not pip:
        return ""
    return f" (CUDA {dotted(pip[0].cuda)} from pip, {dotted(conda[0].cuda)} from conda)"
