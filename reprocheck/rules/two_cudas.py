"""The two sides of an environment that has two CUDA stacks: what says or brings one, and what the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from reprocheck.facts.nvidia_wheels import SHARED, library_of
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.constraints import relate
from reprocheck.rules.cuda_carriers import (
    CONDA_LIBTORCHES,
    declared_carriers,
    declared_conda_stack,
    declared_pip_stack,
    locked_carriers,
    locked_conda_stack,
    locked_pip_stack,
)
from reprocheck.rules.cuda_claims import CudaClaim, agree
from reprocheck.rules.cuda_compilers import COMPILERS, Piece, declared_sources, locked_sources
from reprocheck.rules.declarations import Declaration, package_of, standing_on, written
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.shared_folders import Pairs, declared_pairs, locked_pairs

Claims = tuple[CudaClaim, ...]
Sides = tuple[Claims, Claims]
NOBODY: Final[Sides] = ((), ())

_SURE = ("build", "label", "wheel", "runtime")  # what a framework runs with, the surest first
_TORCHES = frozenset({*CONDA_LIBTORCHES, "torch"})


def declared_sides(environment: EnvironmentFile, platform: str) -> Sides:
    """Return two majors, else two runtimes, that an environment file asks for on a platform; the wrong one last."""
    claims = declared_carriers(environment, platform)
    torches = _torches(environment, platform)
    conda, pip = declared_conda_stack(environment, platform), declared_pip_stack(environment, platform)
    to_compile = declared_sources(environment, platform)
    if torches == "two":  # RC412 tells the two torches with all that they bring
        claims, conda = _of(claims, "pip"), ()
    elif torches == "one":
        claims = tuple(item for item in claims if item.package != PackageRef(manager="pip", name="torch"))
        pip = tuple(item for item in pip if item.name != "torch")
    majors = _two_majors(_without_compilers(claims, to_compile), declared_pairs(environment, platform))
    if majors != NOBODY or not conda or not pip:
        return majors
    return _stacks([_asked(claims, spec) for spec in conda], [_asked(claims, item) for item in pip])


def locked_sides(lock: Lock, platform: str) -> Sides:
    """Return two majors, else two runtimes, that a lock holds on a platform; the wrong one last."""
    claims = locked_carriers(lock, platform)
    conda = locked_conda_stack(lock, platform)
    torches = lock.named(platform, "torch", *CONDA_LIBTORCHES)
    if {torch.manager for torch in torches} == {"conda", "pip"}:
        claims, conda = _of(claims, "pip"), ()
    majors = _two_majors(_without_compilers(claims, locked_sources(lock, platform)), locked_pairs(lock, platform))
    pip = locked_pip_stack(lock, platform) if conda and majors == NOBODY else ()
    if not pip:
        return majors
    return _stacks([_held(lock, claims, item) for item in conda], [_held(lock, claims, item) for item in pip])


def _torches(environment: EnvironmentFile, platform: str) -> str:
    """Say whether pip would install a second torch (`two`), is content with conda's (`one`), or there is no pair."""
    lines = standing_on(platform, (item for item in environment.pip if item.name == "torch"), environment)
    specs = standing_on(platform, (spec for spec in environment.conda if spec.name in CONDA_LIBTORCHES), environment)
    pairs = [(spec, item) for spec in specs for item in lines]
    if not pairs:
        return "none"
    return "one" if all(relate(spec.version, item) == "meets" for spec, item in pairs) else "two"


def _without_compilers(claims: Claims, to_compile: Sequence[Piece]) -> Claims:
    """RC416 tells a toolkit that compiles for another CUDA than torch's; where nothing is compiled, nobody does."""
    return tuple(item for item in claims if not (to_compile and item.package.name in COMPILERS))


def _of(claims: Iterable[CudaClaim], manager: str) -> Claims:
    return tuple(item for item in claims if item.package.manager == manager)


def _two_majors(claims: Claims, pairs: Pairs) -> Sides:
    """Part the claims by major. Of conda's, those count that say the same as the first; RC414 tells the others.

    A major of which there are only wheels that RC411 tells is none.
    """
    conda, pip = _of(claims, "conda"), _of(claims, "pip")
    kept = (*(item for item in conda if item.cuda[0] == conda[0].cuda[0]), *pip)
    by_major: dict[int, list[CudaClaim]] = {}
    for item in kept:
        by_major.setdefault(item.cuda[0], []).append(item)
    paired = {name for _, names in pairs for name in names}
    majors = {major: found for major, found in by_major.items() if not _is_told(found, paired)}
    if len(majors) < 2 or not pip:
        return NOBODY
    main = min(majors, key=lambda major: min(map(_rank, majors[major])))
    others = [item for major in sorted(majors) if major != main for item in majors[major]]
    return tuple(sorted(majors[main], key=_rank)), tuple(sorted(others, key=_rank))


def _is_told(claims: Sequence[CudaClaim], paired: set[str]) -> bool:
    names = {item.package.name for item in claims}
    return names <= paired and all(library_of(name) in SHARED for name in names)


def _rank(item: CudaClaim) -> tuple[bool, int]:
    return item.package.name not in _TORCHES, _SURE.index(item.kind) if item.kind in _SURE else len(_SURE)


def _stacks(conda: list[CudaClaim], pip: list[CudaClaim]) -> Sides:
    """Return pip's runtimes and conda's, those first that say which CUDA they are; nobody's where majors differ.

    Two majors that are no finding by now are those of a toolkit that compiles, which another rule tells.
    """
    main, other = tuple(sorted(pip, key=_openness)), tuple(sorted(conda, key=_openness))
    return (main, other) if agree(main[0].cuda[:1], other[0].cuda[:1]) else NOBODY


def _openness(item: CudaClaim) -> tuple[bool, tuple[bool, int]]:
    return not item.cuda, _rank(item)


def _asked(claims: Claims, entry: Declaration) -> CudaClaim:
    known = next((item for item in claims if item.location == entry.location), None)
    said = f"`{written(entry)}` brings a CUDA runtime, of whatever release is found"
    return known or CudaClaim(
        kind="runtime",
        cuda=(),
        exact=False,
        said=said,
        package=package_of(entry),
        location=entry.location,
    )


def _held(lock: Lock, claims: Claims, package: LockedPackage) -> CudaClaim:
    known = next((item for item in claims if item.package == reference(package)), None)
    return known or CudaClaim(
        kind="runtime",
        cuda=(),
        exact=False,
        said=f"`{package.name} {package.version}` is part of a CUDA runtime",
        package=reference(package),
        location=lock.location_of(package),
    )
