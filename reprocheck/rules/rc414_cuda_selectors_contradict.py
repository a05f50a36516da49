"""Packages ask for different CUDA versions, or for one that nothing was built for.

What it checks.
    What `cudatoolkit`, `cuda-version`, `pytorch-cuda`, `cpuonly` and the build string of a framework say about
    CUDA, against each other, in the environment.yml and in the lock; pins that no build exists for; names such as
    `dgl-cu110` and the label of pip's torch against the CUDA of the rest; `cudatoolkit` against the CUDA that the
    pinned TensorFlow of pip was built for.

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
    it is made for; a release or a channel is not in the tables, or conda-forge may have the build; TensorFlow comes
    from conda, whose packages ask for their CUDA. RC430 and RC432 tell labels of other wheels, RC410 two majors of
    conda and pip.

Sources.
    conda-forge/cuda-version-feedstock recipe and cuda-feedstock guide; pytorch/builder, conda/pytorch-cuda; repodata
    of the pytorch channel; installation pages of PyTorch; TensorFlow, "Tested build configurations"; pairs that the
    solver accepts tried on real repodata, 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.platform_selectors import PLATFORMS
from reprocheck.rules.closure import path_to
from reprocheck.rules.cuda_claims import FRAMEWORKS, CudaClaim, Kind, agree
from reprocheck.rules.cuda_matrix import Objection, objections
from reprocheck.rules.declarations import Declaration, first_place, platforms_of, written
from reprocheck.rules.declared_cuda import declared_claims, pinned_numbers
from reprocheck.rules.effective_cuda import DEFAULT_PLATFORM, platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_claims
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.tensorflow_toolkit import toolkit_objections
from reprocheck.rules.wording import the_lock

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
_FIRST_PYTORCH_CUDA = (11, 6)
_MOST_SHOWN = 5
_AT_LEAST = re.compile(r"^>=?(?P<version>[\d.]+)")
_OF_CHANNEL: tuple[Kind, ...] = ("cudatoolkit", "pytorch-cuda")  # the selectors that its builds look at
_GPU_ONLY = ("pytorch-cuda", "pytorch-gpu", "cudatoolkit", "cuda-version")
# Beside a CPU build the solver refuses these two; the others it installs for nothing.
_REFUSED_WITH_CPU = ("pytorch-cuda", "pytorch-gpu")
# Pairs whose packages demand the same minor release of each other, so that no solution exists.
_SOLVED_TOGETHER: tuple[set[Kind], ...] = (
    {"cuda-version", "cudatoolkit"},
    {"build", "cudatoolkit"},
    {"build", "pytorch-cuda"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clash:
    """Claims of one CUDA against claims of another; `fewer` are those that more of the others contradict."""

    more: tuple[CudaClaim, ...]
    fewer: tuple[CudaClaim, ...]
    packages: tuple[PackageRef, ...] = ()

    @property
    def all(self) -> tuple[CudaClaim, ...]:
        return (*self.more, *self.fewer)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what single specs, groups of specs, and groups of locked packages contradict."""
    told: set[frozenset[str]] = set()
    environment = facts.environment
    if isinstance(environment, EnvironmentFile):
        for spec in environment.conda:
            yield from _impossible(spec)
            yield from _cpu_and_cuda(environment, spec)
        yield from _not_built(facts, environment)
        for clash in _clashes(declared_claims(environment, platform) for platform in sorted(PLATFORMS)):
            told.add(_names(clash))
            yield _declared_finding(clash)
    if isinstance(facts.lock, Lock):
        lock = facts.lock
        for clash in _clashes(locked_claims(lock, platform) for platform in platforms_in(facts)):
            if _names(clash) not in told:
                yield _locked_finding(facts, lock, clash)


def _impossible(spec: CondaSpec) -> Iterator[Finding]:
    """Yield selectors of a version that does not exist under that name."""
    version = pinned_numbers(spec.version)
    at_least = _AT_LEAST.match(spec.version or "")
    lowest = version or numbers(at_least["version"] if at_least else "")
    if spec.name == "cudatoolkit" and lowest and lowest[0] > _LAST_CUDATOOLKIT:
        why = "`cudatoolkit` ends at 11.8"
        yield _spec_finding(spec, (), f"no `{written(spec)}` exists: {why}", why, lowest)
    if spec.name == "cuda-version" and any(version[2:]):
        why = "`cuda-version` has no patch releases"
        yield _spec_finding(spec, (), f"no `{written(spec)}` exists: {why}", why, version)


def _not_built(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    """Yield pins that no build exists for; the tables are of one platform."""
    if DEFAULT_PLATFORM in platforms_in(facts):
        yield from map(_objection_finding, objections(environment, DEFAULT_PLATFORM))
        yield from map(_objection_finding, toolkit_objections(environment, DEFAULT_PLATFORM))


def _objection_finding(found: Objection) -> Finding:
    entries = (found.entry, *found.others)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=found.severity,
        confidence=RULE.confidence,
        message=found.message,
        location=found.entry.location,
        related=tuple(RelatedLocation(location=one.location, message=f"`{written(one)}`") for one in found.others),
        packages=tuple(_named(one) for one in entries),
        evidence=(found.why,),
        fix=found.fix,
    )


def _named(entry: Declaration) -> PackageRef:
    return PackageRef(manager="conda" if isinstance(entry, CondaSpec) else "pip", name=entry.name or "")


def _cpu_and_cuda(environment: EnvironmentFile, spec: CondaSpec) -> Iterator[Finding]:
    if spec.name not in _GPU_ONLY:
        return
    where = platforms_of(spec, environment)
    others = tuple(
        other for other in environment.conda if _asks_for_cpu(other) and where & platforms_of(other, environment)
    )
    if others:
        message = f"`{written(spec)}` asks for CUDA and `{written(others[0])}` for a build without it"
        yield _spec_finding(spec, others, message, "a CPU build of torch uses no CUDA runtime", ())


def _asks_for_cpu(spec: CondaSpec) -> bool:
    if spec.name in ("cpuonly", "pytorch-cpu"):
        return True
    flavour = flavour_of_pin(spec.build) if spec.name in FRAMEWORKS and spec.build else None
    return flavour is not None and flavour.cuda is None


def _spec_finding(
    spec: CondaSpec, others: Sequence[CondaSpec], message: str, why: str, instead: tuple[int, ...]
) -> Finding:
    harmless = others and spec.name not in _REFUSED_WITH_CPU
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if harmless else RULE.severity,
        confidence=RULE.confidence,
        message=message,
        location=spec.location,
        related=tuple(RelatedLocation(location=other.location, message=f"`{written(other)}`") for other in others),
        packages=tuple(PackageRef(manager="conda", name=item.name) for item in (spec, *others)),
        evidence=(why,),
        fix=f"write `cuda-version={dotted(instead[:2])}`" if instead else f"remove line {spec.location.line}",
    )


def _clashes(chains: Iterable[tuple[CudaClaim, ...]]) -> Iterator[_Clash]:
    """Yield the clashes of every platform, those that read the same together."""
    found: dict[tuple[object, ...], list[_Clash]] = {}
    for chain in chains:
        for clash in _clashes_in([item for item in chain if item.package.manager == "conda"]):
            found.setdefault(_told_as(clash), []).append(clash)
    for same in found.values():
        packages = tuple(dict.fromkeys(item.package for clash in same for item in clash.all))
        yield replace(same[0], packages=packages)


def _told_as(clash: _Clash) -> tuple[object, ...]:
    return (_listed(clash.more), clash.more[0].cuda, _listed(clash.fewer), clash.fewer[0].cuda)


def _clashes_in(claims: list[CudaClaim]) -> Iterator[_Clash]:
    sides: dict[tuple[Numbers, Numbers], tuple[list[CudaClaim], list[CudaClaim]]] = {}
    for one, other in combinations(sorted(claims, key=lambda item: item.location), 2):
        if one.package.name == other.package.name or _compatible(one, other):
            continue
        low, high = sorted((one, other), key=lambda item: item.cuda)
        for item, side in zip((low, high), sides.setdefault((low.cuda, high.cuda), ([], [])), strict=True):
            if item not in side:
                side.append(item)
    for low_side, high_side in sides.values():
        fewer, more = sorted((low_side, high_side), key=lambda side: (len(side), -side[-1].location.line))
        yield _Clash(more=tuple(more), fewer=tuple(fewer))


def _compatible(one: CudaClaim, other: CudaClaim) -> bool:
    length = 2 if one.exact and other.exact else 1
    return agree(one.cuda[:length], other.cuda[:length])


def _names(clash: _Clash) -> frozenset[str]:
    return frozenset(item.package.name for item in clash.all)


def _same_major(clash: _Clash) -> bool:
    return clash.more[0].cuda[0] == clash.fewer[0].cuda[0]


def _declared_finding(clash: _Clash) -> Finding:
    unsolvable = any({one.kind, other.kind} in _SOLVED_TOGETHER for one in clash.more for other in clash.fewer)
    return _clash_finding(clash, "the conda part asks for", unsolvable or not _same_major(clash), None)


def _locked_finding(facts: Facts, lock: Lock, clash: _Clash) -> Finding:
    declared = first_place(facts, tuple(("conda", item.package.name) for item in (*clash.fewer, *clash.more)))
    # A `cuda-version` that single libraries brought in leaves the framework its CUDA, and raises the driver's floor.
    by_libraries = all(item.kind == "cuda-version" for item in clash.fewer)
    is_error = not _same_major(clash) and not by_libraries
    told = _clash_finding(clash, f"{the_lock(lock)} brings", is_error, declared)
    chosen = _is_declared(facts, clash.fewer)
    # The `pytorch` channel bounds few of NVIDIA's libraries: later ones of the same major come in unasked, and work.
    harmless = by_libraries and _same_major(clash) and _came_in(facts, lock, clash)
    return replace(
        told,
        severity=Severity.INFO if harmless else told.severity,
        evidence=(*told.evidence, *_who_needs(lock, clash)),
        fix=told.fix if chosen else _hold_back(clash),
        paths=tuple(_paths(facts, lock, clash)),
    )


def _paths(facts: Facts, lock: Lock, clash: _Clash) -> Iterator[tuple[PackageRef, ...]]:
    """Yield how the rarer CUDA came in, where that was through other packages."""
    for item in clash.fewer:
        held = lock.named(item.package.platform or "", item.package.name)
        path = path_to(facts, lock, next(package for package in held if package.manager == "conda"))
        if len(path) > 1:
            yield path


def _is_declared(facts: Facts, claims: tuple[CudaClaim, ...]) -> bool:
    """Say whether a line of the environment file could be dropped; without a file nobody knows."""
    names = tuple(("conda", item.package.name) for item in claims)
    return not isinstance(facts.environment, EnvironmentFile) or first_place(facts, names) is not None


def _came_in(facts: Facts, lock: Lock, clash: _Clash) -> bool:
    """Say whether dependencies brought the rarer CUDA in; without an environment file those of the lock tell."""
    if isinstance(facts.environment, EnvironmentFile):
        return not _is_declared(facts, clash.fewer)
    return any(True for _ in _who_needs(lock, clash))


def _hold_back(clash: _Clash) -> str:
    """Dependencies brought the other CUDA in: no line can be dropped, but a pin keeps it out, or names who insists."""
    return f"pin `cuda-version={dotted(clash.more[0].cuda)}` too and lock anew; what needs the other CUDA will show"


def _who_needs(lock: Lock, clash: _Clash) -> Iterator[str]:
    """Yield who brought a selector into the lock; what was not declared is hard to find otherwise."""
    for item in clash.fewer:
        name, platform = item.package.name, item.package.platform or ""
        users = [package.name for package in lock.on(platform, "conda") if name in dict(package.dependencies)]
        if users:
            yield f"`{name}` is needed by {', '.join(f'`{user}`' for user in sorted(users)[:_MOST_SHOWN])}"


def _clash_finding(clash: _Clash, who: str, is_error: bool, place: Location | None) -> Finding:
    more, fewer = clash.more[0], clash.fewer[0]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if is_error else Severity.WARNING,
        confidence=RULE.confidence,
        message=f"{who} CUDA {dotted(more.cuda)} ({_listed(clash.more)}) and {dotted(fewer.cuda)}"
        f" ({_listed(clash.fewer)})",
        location=place or fewer.location,
        related=tuple(RelatedLocation(location=item.location, message=item.said) for item in clash.more),
        packages=clash.packages,
        platforms=tuple(filter(None, dict.fromkeys(package.platform for package in clash.packages))),
        evidence=tuple(item.said for item in clash.all),
        fix=_keep_one(clash),
    )


def _listed(claims: tuple[CudaClaim, ...]) -> str:
    return ", ".join(dict.fromkeys(f"`{item.package.name}`" for item in claims))


def _keep_one(clash: _Clash) -> str:
    """On the pytorch channel `cudatoolkit`, later `pytorch-cuda`, goes with the build; elsewhere `cuda-version`.

    A build is what the other lines have to follow; the selector that stands beside it is the one that it knows.
    """
    build = next((item for item in clash.all if item.kind == "build" and item.exact), None)
    kept = build or next((item for item in clash.all if item.kind == "pytorch-cuda"), clash.more[0])
    beside = next((item for item in clash.all if build and item.kind in _OF_CHANNEL and item.cuda == build.cuda), None)
    name = "cuda-version"
    if beside:
        name = beside.package.name
    elif kept.exact and kept.kind in ("build", "pytorch-cuda"):
        name = "pytorch-cuda" if kept.cuda >= _FIRST_PYTORCH_CUDA else "cudatoolkit"
    return f"state one CUDA only, with `{name}={dotted(kept.cuda)}`, and drop the rest"
