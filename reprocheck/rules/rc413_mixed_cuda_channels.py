"""CUDA packages come from the nvidia channel and from conda-forge.

What it checks.
    The channels of the CUDA libraries and tools in the lock; without a lock, channels that the environment.yml names
    before a package (`nvidia::cuda-nvcc`), and `pytorch-cuda`, which installs those of the nvidia channel.

Why it matters.
    The two channels cut CUDA into other packages. What one of them has in one package the other has in two, under the
    same file names: the installer overwrites one with the other, and which one stays depends on the order.

Bad.
    dependencies:
      - pytorch::pytorch-cuda=11.8
      - conda-forge::cudatoolkit=11.8

Good.
    dependencies:
      - conda-forge::cuda-nvcc=12.6
      - conda-forge::cuda-version=12.6

How to fix.
    Take all CUDA packages from conda-forge, with strict channel priority; or all from nvidia, beside the `pytorch`
    channel.

When it stays silent.
    One of the channels has only packages that are no part of CUDA; the environment.yml leaves the channels open. From
    CUDA 12.5 on the channels are cut alike and it is told as info; so it is where RC414 tells that the releases differ.
    What is overwritten in an installed environment RC603 tells.

Sources.
    NVIDIA/cudf#13233; ziyewang/COMEBin#7; conda-forge cuda-feedstock guide (12.0 to 12.4 do not mix); repodata of both
    channels, read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.channels import CONDA_FORGE, channel_names, plain_name
from reprocheck.rules.closure import path_to
from reprocheck.rules.cuda_claims import agree
from reprocheck.rules.declarations import first_place, platforms_of, written
from reprocheck.rules.declared_cuda import pinned_numbers
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_claims, reference
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC413",
    name="mixed-cuda-channels",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, without one at the environment file
    since="0.1.0",
)

NVIDIA = "nvidia"
_TOOLKIT = "cudatoolkit"
_FIRST_CUT_ALIKE = (12, 5)
_FIRST_CUT_UP = (12, 0)
_ALIKE = "both channels cut CUDA alike from 12.5 on"
_OVERWRITES = "the channels hold the same files in other packages, so that one overwrites the other"
_WITH_TOOLKIT = "`cudatoolkit` holds the files of all single libraries of CUDA 11, which nvidia's packages overwrite"


@cache
def _part_of_cuda() -> re.Pattern[str]:
    """Compiled on use: few environments name a CUDA package."""
    libraries = "cublas|cufft|cufile|curand|cusolver|cusparse|nvjitlink|npp|nvjpeg"
    return re.compile(rf"cudatoolkit|cuda-(?!version|python|bindings|core|arch|compat).+|lib(?:{libraries})(?:-dev)?")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each mixture of a lock, its platforms together; without a lock, for the file."""
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[Severity, str], list[tuple[list[LockedPackage], list[LockedPackage]]]] = {}
    for platform in platforms_in(facts):
        nvidias, forges = _parts(lock, platform)
        if nvidias and forges:
            severity, why = _judge([*nvidias, *forges])
            told = _is_told_by_release(lock, platform)
            found.setdefault((Severity.INFO if told else severity, why), []).append((nvidias, forges))
    for (severity, why), mixtures in found.items():
        yield _locked_finding(facts, lock, severity, why, mixtures)


def _parts(lock: Lock, platform: str) -> tuple[list[LockedPackage], list[LockedPackage]]:
    nvidias: list[LockedPackage] = []
    forges: list[LockedPackage] = []
    for package in lock.on(platform, "conda"):
        if package.channel and ("cu" in package.name or package.name.startswith("libn")):
            home = plain_name(package.channel)
            side = nvidias if home == NVIDIA else forges if home == CONDA_FORGE else None
            if side is not None and _part_of_cuda().fullmatch(package.name):
                side.append(package)
    return nvidias, forges


def _judge(packages: Sequence[LockedPackage]) -> tuple[Severity, str]:
    """Source of the releases: conda-forge cuda-feedstock guide, "12.0 to 12.4"."""
    if any(package.name == _TOOLKIT for package in packages):
        return RULE.severity, _WITH_TOOLKIT
    named = (package for package in packages if package.name.startswith("cuda-"))
    return _by_releases({numbers(package.version)[:2] for package in named})


def _by_releases(releases: set[Numbers]) -> tuple[Severity, str]:
    if any(_FIRST_CUT_UP <= release < _FIRST_CUT_ALIKE for release in releases):
        return RULE.severity, _OVERWRITES
    old = any(release < _FIRST_CUT_UP for release in releases)
    return (Severity.WARNING, _OVERWRITES) if old else (Severity.INFO, _ALIKE)


def _is_told_by_release(lock: Lock, platform: str) -> bool:
    """Say whether RC414 tells that the selectors of the two halves name other releases."""
    exact = [item.cuda for item in locked_claims(lock, platform) if item.package.manager == "conda"]
    return any(not agree(one[:1], exact[0][:1]) for one in exact)


def _locked_finding(
    facts: Facts,
    lock: Lock,
    severity: Severity,
    why: str,
    mixtures: Sequence[tuple[list[LockedPackage], list[LockedPackage]]],
) -> Finding:
    nvidias, forges = mixtures[0]
    rarer = min(forges, nvidias, key=len)
    path = path_to(facts, lock, rarer[0])
    platforms = tuple(one[0].platform for one, _ in mixtures)
    wanted = [(package.manager, package.name) for package in rarer] + [(step.manager, step.name) for step in path[:1]]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=f"CUDA comes from two channels on {', '.join(platforms)}: {listed(nvidias)} from nvidia,"
        f" {listed(forges)} from conda-forge",
        location=first_place(facts, tuple(wanted)) or lock.location_of(rarer[0]),
        related=tuple(
            RelatedLocation(location=lock.location_of(side[0]), message=f"`{side[0].name}` from {side[0].channel}")
            for side in (nvidias, forges)
        ),
        packages=tuple(reference(package) for pair in mixtures for side in pair for package in side),
        platforms=platforms,
        evidence=(why,),
        fix="take CUDA from one channel: conda-forge for all of it with strict channel priority, or nvidia",
        paths=(path,) if len(path) > 1 else (),
    )


def _declared(environment: EnvironmentFile) -> Iterator[Finding]:
    nvidias = [spec for spec in environment.conda if _is_of_nvidia(spec)]
    forges = [spec for spec in environment.conda if _is_of_conda_forge(environment, spec)] if nvidias else []
    pairs = [
        (one, other)
        for one in nvidias
        for other in forges
        if platforms_of(one, environment) & platforms_of(other, environment) and agree(_cuda(one)[:1], _cuda(other)[:1])
    ]
    if pairs:
        yield _declared_finding(
            tuple(dict.fromkeys(one for one, _ in pairs)), tuple(dict.fromkeys(other for _, other in pairs))
        )


def _is_of_nvidia(spec: CondaSpec) -> bool:
    """`pytorch-cuda` needs the packages of the nvidia channel by their exact versions (pytorch/builder)."""
    named = plain_name(spec.channel or "") == NVIDIA and _part_of_cuda().fullmatch(spec.name) is not None
    return named or spec.name == "pytorch-cuda"


def _is_of_conda_forge(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    if spec.channel:
        return plain_name(spec.channel) == CONDA_FORGE and _part_of_cuda().fullmatch(spec.name) is not None
    names = channel_names(environment)
    return spec.name == _TOOLKIT and CONDA_FORGE in names and NVIDIA not in names


def _cuda(spec: CondaSpec) -> Numbers:
    """Return the CUDA release of a pin; the version of a library says nothing about it."""
    return () if spec.name.startswith("lib") else pinned_numbers(spec.version)[:2]


def _declared_finding(nvidias: Sequence[CondaSpec], forges: Sequence[CondaSpec]) -> Finding:
    releases = {cuda for cuda in map(_cuda, (*nvidias, *forges)) if cuda}
    has_toolkit = any(spec.name == _TOOLKIT for spec in forges)
    severity, why = (RULE.severity, _WITH_TOOLKIT) if has_toolkit else _by_releases(releases)
    known = f" for CUDA {dotted(min(releases))}" if releases else ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity if releases else Severity.WARNING,
        confidence=RULE.confidence if releases else Confidence.MEDIUM,
        message=f"{_named(nvidias)} from nvidia and {_named(forges)} from conda-forge bring CUDA packages{known}",
        location=forges[0].location,
        related=tuple(RelatedLocation(location=one.location, message="takes those of nvidia") for one in nvidias),
        packages=tuple(PackageRef(manager="conda", name=spec.name) for spec in (*nvidias, *forges)),
        evidence=(why if releases else _OVERWRITES,),
        fix="take CUDA from one channel: conda-forge for all of it with strict channel priority, or nvidia",
    )


def _named(specs: Sequence[CondaSpec]) -> str:
    return ", ".join(f"`{written(spec)}`" for spec in specs)
