"""Matrix products of one process are computed by two BLAS libraries.

What it checks.
    Where conda's packages compute with MKL while a wheel of numpy or scipy brings an OpenBLAS of its own, or while
    conda installs OpenBLAS as well; and where conda's torch, which starts OpenMP threads, computes with an OpenBLAS
    built for threads of its own (`pthreads_*`).

Why it matters.
    The two libraries add in another order, so that the same product has other last bits in numpy than in torch or
    scipy: a comparison across libraries, or a change of import order, shows as a difference of numbers. Two pools of
    threads on the same cores slow each other down, and OpenBLAS with pthreads under OpenMP was seen to hang.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - pip:
            - numpy==1.26.4

    conda-lock.yml, shortened:
      - reprocheck.cuda: none
      - conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101, needs mkl >=2024.2.2,<2025.0a0
      - conda linux-64 mkl 2024.2.2 ha957f24_16
      - pip linux-64 numpy 1.26.4

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - numpy=1.26

    conda-lock.yml, shortened:
      - reprocheck.cuda: none
      - conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101, needs mkl >=2024.2.2,<2025.0a0, libblas * *mkl
      - conda linux-64 libblas 3.9.0 31_hfdb39a5_mkl, needs mkl >=2024.2.2,<2025.0a0
      - conda linux-64 mkl 2024.2.2 ha957f24_16
      - conda linux-64 numpy 1.26.4 py312heda63a1_0, needs libblas >=3.9.0

How to fix.
    Take numpy and scipy from conda, where `libblas=*=*mkl` or `libblas=*=*openblas` decides for all of them. For
    conda's torch on OpenBLAS ask for its OpenMP build: `libopenblas=*=openmp*`.

When it stays silent.
    Everything comes from wheels: torch of PyPI holds an MKL of its own and numpy an OpenBLAS, in every such
    environment, and nothing can be chosen there. One of the two libraries is installed but nothing in the lock
    needs it.

Sources.
    OpenMathLib/OpenBLAS#2197 and #3187, pytorch/pytorch#52047, pytorch/builder#1700 (pthreads OpenBLAS under OpenMP),
    read 2026-11-20 and 2026-11-21; conda-forge "Switching BLAS implementation"; contents of the wheels of numpy 2.5.5
    and scipy 1.18.1, listed 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.native_runtimes import BLAS_WHEELS, runtimes_on
from reprocheck.model.findings import Confidence, Finding, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import joined

RULE = Rule(
    code="RC441",
    name="mixed-blas",
    family=Family.CUDA,
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_MKL = ("mkl",)
_OPENBLAS = ("libopenblas", "openblas")
# What stands between a BLAS library and those who compute with it, and is no computing of its own.
_SWITCHES = frozenset({"blas", "blas-devel", "libblas", "libcblas", "liblapack", "liblapacke", "mkl-devel", "openblas"})
_BEST_KNOWN = ("pytorch", "numpy", "scipy", "scikit-learn", "numpy-base")


class _Mixture(NamedTuple):
    """What computes with which library on one platform, in words, the packages behind it, and what to do."""

    packages: tuple[LockedPackage, ...]
    said: str
    fix: str


def check(facts: Facts) -> Iterator[Finding]:
    """Yield at most one finding for each platform; platforms with the same packages together."""
    if isinstance(facts.lock, Unseen):
        return
    found: dict[tuple[object, ...], list[_Mixture]] = {}
    for platform in platforms_in(facts):
        mixture = _mixture(facts.lock, platform)
        if mixture:
            key = (tuple((one.name, one.version, one.build) for one in mixture.packages), mixture.said)
            found.setdefault(key, []).append(mixture)
    for same in found.values():
        yield _finding(facts, facts.lock, same)


def _mixture(lock: Lock, platform: str) -> _Mixture | None:
    mkl, openblas = _conda(lock, platform, *_MKL), _conda(lock, platform, *_OPENBLAS)
    if not mkl and not openblas:
        return None
    return _wheels_beside_mkl(lock, platform, mkl) or _both(lock, platform, mkl, openblas) or _pthreads(lock, openblas)


def _conda(lock: Lock, platform: str, *names: str) -> tuple[LockedPackage, ...]:
    return tuple(package for package in lock.named(platform, *names) if package.manager == "conda")


def _wheels_beside_mkl(lock: Lock, platform: str, mkl: tuple[LockedPackage, ...]) -> _Mixture | None:
    wheels = tuple(package for package in lock.named(platform, *BLAS_WHEELS) if package.manager == "pip")
    users = _users(lock, platform, mkl) if mkl and wheels else ()
    inside = runtimes_on("blas", platform, "wheel") if users else {}
    copies = tuple(package for package in wheels if package.name in inside and package.may_hold("openblas"))
    if not copies:
        return None
    user = _foremost(users)
    said = f"pip's {joined(copies)} computes with the OpenBLAS in its wheel, conda's {joined((user,))} with MKL"
    return _Mixture((*copies, user, mkl[0]), said, "take numpy and scipy from conda as well")


def _both(
    lock: Lock, platform: str, mkl: tuple[LockedPackage, ...], openblas: tuple[LockedPackage, ...]
) -> _Mixture | None:
    with_mkl = _users(lock, platform, mkl) if openblas else ()
    others = tuple(package for package in _users(lock, platform, openblas) if package not in with_mkl)
    if not with_mkl or not others:
        return None
    one, other = _foremost(with_mkl), _foremost(others)
    said = f"conda's {joined((one,))} computes with MKL and {joined((other,))} with OpenBLAS"
    fix = "choose one for all: `libblas=*=*mkl` or `libblas=*=*openblas` in the conda part"
    return _Mixture((one, mkl[0], other, openblas[0]), said, fix)


def _pthreads(lock: Lock, openblas: tuple[LockedPackage, ...]) -> _Mixture | None:
    """conda-forge's `generic` builds of torch compute with whatever BLAS is there."""
    threaded = next((package for package in openblas if (package.build or "").startswith("pthreads")), None)
    platform = threaded.platform if threaded else ""
    torch = next((package for package in _conda(lock, platform, "pytorch") if "generic" in (package.build or "")), None)
    if not threaded or not torch:
        return None
    said = f"conda's {joined((torch,))} starts OpenMP threads, its OpenBLAS (`{threaded.build}`) threads of its own"
    return _Mixture((torch, threaded), said, "ask for the OpenMP build: `libopenblas=*=openmp*` in the conda part")


def _users(lock: Lock, platform: str, libraries: tuple[LockedPackage, ...]) -> tuple[LockedPackage, ...]:
    """Return the conda packages that compute with one of the libraries, directly or by way of conda's switch."""
    names = {package.name for package in libraries}
    switched = {
        package.name
        for package in _conda(lock, platform, "libblas", "blas")
        if names & dict(package.dependencies).keys()
    }
    wanted = names | ({"libblas", "libcblas", "liblapack"} if "libblas" in switched else set())
    return tuple(
        package
        for package in lock.on(platform, "conda")
        if package.name not in names | _SWITCHES and wanted & dict(package.dependencies).keys()
    )


def _foremost(users: tuple[LockedPackage, ...]) -> LockedPackage:
    """Return the one that people know best."""
    return min(users, key=lambda package: _BEST_KNOWN.index(package.name) if package.name in _BEST_KNOWN else 9)


def _finding(facts: Facts, lock: Lock, same: list[_Mixture]) -> Finding:
    packages, said, fix = same[0]
    platforms = tuple(mixture.packages[0].platform for mixture in same)
    paths = tuple(filter(None, (path_to(facts, lock, package) for package in packages)))
    roots = tuple((path[0].manager, path[0].name) for path in paths)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"on {', '.join(platforms)}, {said}",
        location=first_place(facts, roots) or lock.location_of(packages[0]),
        related=tuple(
            RelatedLocation(location=lock.location_of(one), message=f"{one.manager}'s `{one.name} {one.version}`")
            for one in packages
        ),
        packages=tuple(reference(package) for mixture in same for package in mixture.packages),
        platforms=platforms,
        fix=fix,
        paths=paths,
    )
