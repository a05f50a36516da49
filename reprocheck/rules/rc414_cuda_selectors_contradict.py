"""Two packages of the conda part ask for different CUDA versions.

What it checks.
    What `cudatoolkit`, `cuda-version`, `pytorch-cuda`, `cpuonly` and the build string of a framework say about
    CUDA, against each other, in the environment.yml and in the lock.

Why it matters.
    The solver accepts some of these pairs (`pytorch-cuda=12.1` with `cudatoolkit=11.8`) and then installs two
    runtimes, of which the framework loads the one that nobody thought of; others it refuses with a long message.

Bad.
    dependencies:
      - pytorch=2.1
      - pytorch-cuda=12.1
      - cudatoolkit=11.8

Good.
    dependencies:
      - pytorch=2.6
      - cuda-version=12.6

How to fix.
    Keep `cuda-version=X.Y` and drop the others; on the `pytorch` channel keep `pytorch-cuda=X.Y`.

When it stays silent.
    The versions agree as far as they are written; one of them is a range; selectors put the lines on different
    platforms; a conda-forge build such as `cuda126` stands with a later `cuda-version` of the same major, which
    it is made for.

Sources.
    conda-forge/cuda-version-feedstock recipe and cuda-feedstock guide; pytorch/builder, conda/pytorch-cuda; pairs
    that the solver accepts tried on real repodata, 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.cuda_claims import FRAMEWORKS, CudaClaim, agree
from reprocheck.rules.declarations import first_place, platforms_of, written
from reprocheck.rules.declared_cuda import conda_claims, pinned_numbers
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_claims
from reprocheck.rules.rule import Family, Rule

RULE = Rule(
    code="RC414",
    name="cuda-selectors-contradict",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_LAST_CUDATOOLKIT = 11
_AT_LEAST = re.compile(r"^>=?(?P<version>[\d.]+)")
_DOTTED_BUILD = re.compile(r"cuda\d+\.\d")
_GPU_ONLY = ("pytorch-cuda", "pytorch-gpu", "cudatoolkit", "cuda-version")
# Beside `cpuonly` the solver refuses these two; the others it installs for nothing.
_REFUSED_WITH_CPU = ("pytorch-cuda", "pytorch-gpu")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what single specs, pairs of specs, and pairs of locked packages contradict."""
    told: set[frozenset[str]] = set()
    if isinstance(facts.environment, EnvironmentFile):
        for finding in _declared(facts.environment):
            told.add(frozenset(package.name for package in finding.packages))
            yield finding
    if isinstance(facts.lock, Lock):
        for finding in _locked(facts, facts.lock):
            if frozenset(package.name for package in finding.packages) not in told:
                yield finding


def _declared(environment: EnvironmentFile) -> Iterator[Finding]:
    for spec in environment.conda:
        yield from _impossible(spec)
    for one, other in combinations(environment.conda, 2):
        if platforms_of(one, environment) & platforms_of(other, environment):
            yield from _contradiction(one, other)
            yield from _cpu_with_gpu(one, other)


def _impossible(spec: CondaSpec) -> Iterator[Finding]:
    """Yield selectors of a version that does not exist under that name."""
    version = pinned_numbers(spec.version)
    at_least = _AT_LEAST.match(spec.version or "")
    lowest = version or numbers(at_least["version"] if at_least else "")
    if spec.name == "cudatoolkit" and lowest and lowest[0] > _LAST_CUDATOOLKIT:
        message = f"`{written(spec)}` does not exist: `cudatoolkit` ends at 11.8"
        fix = f"write `cuda-version={dotted(lowest[:2])}`"
        yield _finding((spec,), message, Severity.ERROR, fix)
    if spec.name == "cuda-version" and any(version[2:]):
        message = f"`{written(spec)}` does not exist: `cuda-version` has no patch releases"
        yield _finding((spec,), message, Severity.ERROR, f"write `cuda-version={dotted(version[:2])}`")


def _contradiction(one: CondaSpec, other: CondaSpec) -> Iterator[Finding]:
    for mine in conda_claims(one):
        for theirs in conda_claims(other):
            if one.name != other.name and not _compatible(mine, theirs, _is_exact(one) and _is_exact(other)):
                versions = f"CUDA {dotted(theirs.cuda)} is not {dotted(mine.cuda)}"
                message = f"`{written(other)}` contradicts `{written(one)}`: {versions}"
                evidence = (mine.said, theirs.said)
                yield _finding((one, other), message, Severity.ERROR, _keep_one(one, other), evidence)


def _is_exact(spec: CondaSpec) -> bool:
    """Builds of the pytorch channel (`cuda11.3`) need that very CUDA; `cuda126` takes any later 12.x as well."""
    return spec.name not in FRAMEWORKS or bool(_DOTTED_BUILD.search(spec.build or ""))


def _compatible(one: CudaClaim, other: CudaClaim, exact: bool) -> bool:
    length = 2 if exact else 1
    return agree(one.cuda[:length], other.cuda[:length])


def _cpu_with_gpu(one: CondaSpec, other: CondaSpec) -> Iterator[Finding]:
    for cpu, gpu in ((one, other), (other, one)):
        if _asks_for_cpu(cpu) and gpu.name in _GPU_ONLY:
            severity = Severity.ERROR if gpu.name in _REFUSED_WITH_CPU else Severity.WARNING
            message = f"`{written(gpu)}` asks for CUDA and `{written(cpu)}` for a build without it"
            yield _finding((one, other), message, severity, f"drop `{written(cpu)}` or `{written(gpu)}`")


def _asks_for_cpu(spec: CondaSpec) -> bool:
    if spec.name in ("cpuonly", "pytorch-cpu"):
        return True
    flavour = flavour_of_pin(spec.build) if spec.name in FRAMEWORKS and spec.build else None
    return flavour is not None and flavour.cuda is None


def _keep_one(one: CondaSpec, other: CondaSpec) -> str:
    names = [spec.name for spec in (one, other)]
    kept = next((name for name in ("cuda-version", "pytorch-cuda") if name in names), names[0])
    dropped = next(name for name in names if name != kept)
    return f"keep `{kept}` and drop `{dropped}`"


def _finding(
    specs: Sequence[CondaSpec], message: str, severity: Severity, fix: str, evidence: tuple[str, ...] = ()
) -> Finding:
    *others, culprit = specs
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=message,
        location=culprit.location,
        related=tuple(
            RelatedLocation(location=spec.location, message=f"the other one, `{written(spec)}`") for spec in others
        ),
        packages=tuple(PackageRef(manager="conda", name=spec.name) for spec in specs),
        evidence=evidence,
        fix=fix,
    )


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    """Yield locked pairs; of the runtime and its selector one is enough, and minor differences are warnings."""
    found: dict[tuple[str, str], list[tuple[CudaClaim, CudaClaim]]] = {}
    for platform in platforms_in(facts):
        claims = [item for item in locked_claims(lock, platform) if item.package.manager == "conda"]
        for one, other in combinations(claims, 2):
            exact = "build" not in (one.kind, other.kind) and "runtime" not in (one.kind, other.kind)
            if not _compatible(one, other, exact):
                found.setdefault((one.said, other.said), []).append((one, other))
    for pairs in found.values():
        yield _locked_finding(facts, pairs)


def _locked_finding(facts: Facts, pairs: list[tuple[CudaClaim, CudaClaim]]) -> Finding:
    one, other = pairs[0]
    platforms = tuple(claim.package.platform or "" for claim, _ in pairs)
    same_major = one.cuda[0] == other.cuda[0]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if same_major else RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock brings CUDA {dotted(one.cuda)} and {dotted(other.cuda)} on {', '.join(platforms)}:"
        f" {_shown(one)} and {_shown(other)}",
        location=_place(facts, one, other),
        related=tuple(RelatedLocation(location=item.location, message=item.said) for item in (one, other)),
        packages=tuple(claim.package for pair in pairs for claim in pair),
        platforms=platforms,
        evidence=(one.said, other.said),
        fix=f"state one CUDA, `cuda-version={dotted(one.cuda)}`, and run `reprocheck lock`",
    )


def _shown(claim: CudaClaim) -> str:
    return f"`{claim.package.name} {claim.package.version}`"


def _place(facts: Facts, *claims: CudaClaim) -> Location:
    return first_place(facts, tuple(("conda", item.package.name) for item in claims)) or claims[0].location
