"""One process will load two OpenMP runtimes.

What it checks.
    Which OpenMP runtimes the packages of a lock bring on each platform: conda's `llvm-openmp` (libomp) and
    `intel-openmp` (libiomp5), and the copies inside wheels (libgomp on Linux, libomp on macOS, libiomp5 on Windows).

Why it matters.
    LLVM's and Intel's runtime are one family that refuses a second copy of itself: on macOS and Windows the process
    ends with `OMP: Error #15`, or goes on with wrong results once somebody sets KMP_DUPLICATE_LIB_OK. On Linux they
    may hang together, and two runtimes with a pool of threads each compete for the same cores.

Bad.
    environment.yml:
      dependencies:
        - numpy=1.26
        - pip:
            - torch==2.2.2

    conda-lock.yml, shortened:
      - conda osx-64 numpy 1.26.4 py312h8afad5d_0, needs mkl >=2023.2
      - conda osx-64 mkl 2023.2.2 h6ffd3d6_49628, needs intel-openmp 2023.*
      - conda osx-64 intel-openmp 2023.2.2 h6ffd3d6_49628
      - pip osx-64 torch 2.2.2

Good.
    environment.yml:
      dependencies:
        - numpy=1.26
        - pip:
            - torch==2.2.2

    conda-lock.yml, shortened:
      - conda osx-64 numpy 1.26.4 py312h5dd6b4b_0, needs libblas >=3.9.0
      - conda osx-64 libblas 3.9.0 20_osx64_accelerate
      - pip osx-64 torch 2.2.2

How to fix.
    Take all packages that compute from one side: torch from conda as well, or numpy from pip as well. Without MKL
    (`nomkl`, or `libblas=*=*openblas`) conda brings no libiomp5. KMP_DUPLICATE_LIB_OK hides the trouble only.

When it stays silent.
    All copies lie in wheels: these are built to live together, and nearly every environment from PyPI holds several.
    Two exceptions are told as info, since there it is known to go wrong: several wheels with libgomp on linux-aarch64
    (`cannot allocate memory in static TLS block`), and where the environment file sets a variable that binds threads
    to cores, such as OMP_PROC_BIND, so that the second copy finds one core left. Conda's packages alone share one
    runtime, which conda-forge chooses by the build of `_openmp_mutex`. libgomp of conda beside that of a wheel is
    silent too: each Python of conda brings it. An installed wheel counts where it lists such a library, or no files.

Sources.
    joblib/threadpoolctl "multiple_openmp.md" and #49; pytorch/pytorch#78490 and #83540 (macOS), meta-pytorch/csprng#115
    (Windows), ContinuumIO/anaconda-issues#13146; pytorch/pytorch#98836, #149422 and #49971 (one thread);
    scikit-learn/scikit-learn#17231 and #28362 (aarch64), read 2026-11-20 and 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.native_runtimes import CONDA_OPENMP, OPENMP_WHEELS, runtimes_on
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import conda_path_to, path_to
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC440",
    name="two-openmp-runtimes",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_BINDING = ("GOMP_CPU_AFFINITY", "KMP_AFFINITY", "OMP_PLACES", "OMP_PROC_BIND")
_ONE_SIDE = "take what computes from one side only: all of it from conda, or all of it from pip"


class _Meeting(NamedTuple):
    """Packages of one platform whose runtimes meet, how bad that is, why, and what to do."""

    packages: tuple[LockedPackage, ...]
    severity: Severity
    why: str
    fix: str


def check(facts: Facts) -> Iterator[Finding]:
    """Yield at most one finding for each platform; platforms with the same packages together."""
    if isinstance(facts.lock, Unseen):
        return
    found: dict[tuple[object, ...], list[_Meeting]] = {}
    for platform in platforms_in(facts):
        meeting = _meeting(facts, facts.lock, platform)
        if meeting:
            key = (tuple((one.name, one.version) for one in meeting.packages), *meeting[1:])
            found.setdefault(key, []).append(meeting)
    for same in found.values():
        yield _finding(facts, facts.lock, same)


def _meeting(facts: Facts, lock: Lock, platform: str) -> _Meeting | None:
    conda = tuple(item for item in lock.named(platform, *CONDA_OPENMP) if item.manager == "conda")
    wheels = tuple(
        item for item in lock.named(platform, *OPENMP_WHEELS) if item.manager == "pip" and item.may_hold("openmp")
    )
    if len(conda) > 1:
        return _of_conda_alone(lock, platform, conda)
    if conda and wheels:
        return _of_both_sides(platform, conda[0], wheels)
    return _of_wheels_alone(facts, platform, wheels) if len(wheels) > 1 else None


def _of_conda_alone(lock: Lock, platform: str, conda: tuple[LockedPackage, ...]) -> _Meeting:
    torch = next((item for item in lock.named(platform, "pytorch") if item.channel == "pytorch"), None)
    as_published = platform.startswith("linux-") and torch and "llvm-openmp" in dict(torch.dependencies)
    return _Meeting(
        conda,
        Severity.INFO if as_published else Severity.WARNING,
        "the channel `pytorch` ships torch with both"
        if as_published
        else "two builds of one runtime, which refuse each other",
        "take all packages from one channel, so that one of the two remains",
    )


def _of_both_sides(platform: str, conda: LockedPackage, wheels: tuple[LockedPackage, ...]) -> _Meeting | None:
    """Intel's beside LLVM's on macOS, and two copies of Intel's on Windows, are known to end the process."""
    inside = runtimes_on("openmp", platform, "wheel")
    copies = tuple(item for item in wheels if item.name in inside)
    if not copies:
        return None
    if platform.startswith("linux-"):
        return _Meeting((conda, *copies), Severity.INFO, "each keeps a pool of threads of its own", _ONE_SIDE)
    if conda.name == "intel-openmp":
        why = "the second to start ends the process with `OMP: Error #15`"
        return _Meeting((conda, *copies), Severity.ERROR, why, _ONE_SIDE)
    why = "two builds of one runtime, which may refuse each other"
    severity = Severity.WARNING if platform.startswith("win-") else Severity.INFO
    return _Meeting((conda, *copies), severity, why, _ONE_SIDE)


def _of_wheels_alone(facts: Facts, platform: str, wheels: tuple[LockedPackage, ...]) -> _Meeting | None:
    if not platform.startswith("linux-"):
        return None
    variables = facts.environment.variables if isinstance(facts.environment, EnvironmentFile) else ()
    binding = next((name for name in _BINDING if name in variables), None)
    if binding:
        why = f"`{binding}` binds the first to its cores, and the second finds one core left"
        return _Meeting(
            wheels, Severity.INFO, why, f"set `{binding}` for the run that needs it, not for the environment"
        )
    if platform == "linux-aarch64":
        why = "the last to be imported may find no room: `cannot allocate memory in static TLS block`"
        return _Meeting(wheels, Severity.INFO, why, f"import `{wheels[-1].name}` first, or take them from conda-forge")
    return None


def _finding(facts: Facts, lock: Lock, same: list[_Meeting]) -> Finding:
    meeting = same[0]
    packages, platforms = meeting.packages, tuple(one.packages[0].platform for one in same)
    paths = tuple(filter(None, (_path(facts, lock, package) for package in packages)))
    roots = tuple((path[0].manager, path[0].name) for path in sorted(paths, key=lambda path: path[-1].manager != "pip"))
    shown = [_shown(package) for package in packages]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=meeting.severity,
        confidence=RULE.confidence if meeting.severity is not Severity.INFO else Confidence.MEDIUM,
        message=f"{', '.join(shown[:-1])} and {shown[-1]} bring an OpenMP runtime each on"
        f" {', '.join(platforms)}: {meeting.why}",
        location=first_place(facts, roots) or lock.location_of(packages[0]),
        related=tuple(RelatedLocation(location=lock.location_of(one), message=_shown(one)) for one in packages),
        packages=tuple(reference(package) for one in same for package in one.packages),
        platforms=platforms,
        fix=meeting.fix,
        paths=paths,
    )


def _path(facts: Facts, lock: Lock, package: LockedPackage) -> tuple[PackageRef, ...]:
    return (conda_path_to if package.manager == "conda" else path_to)(facts, lock, package)


def _shown(package: LockedPackage) -> str:
    """Return a package with the library that it brings."""
    manager = "conda" if package.manager == "conda" else "wheel"
    library = runtimes_on("openmp", package.platform, manager)[package.name]
    return f"{'conda' if manager == 'conda' else 'pip'}'s `{package.name} {package.version}` ({library})"
