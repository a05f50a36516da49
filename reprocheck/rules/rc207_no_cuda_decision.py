"""Nobody decided which CUDA this lock is for, and it holds packages that depend on that.

What it checks.
    That a lock of frameworks with CPU and CUDA builds records a CUDA decision, or that the environment file makes it.

Why it matters.
    A solver takes the CUDA or the CPU build by the driver that it assumes. conda-lock assumes CUDA 11.4 unless it is
    told otherwise, and stores nothing of it: conda-forge builds none of the newer frameworks for that, so the CPU
    build comes, in silence.

Bad.
    environment.yml:
      dependencies:
      - pytorch=2.6

    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cpu_generic_py312_h4d0d5a1_0

Good.
    environment.yml:
      dependencies:
      - pytorch=2.6

    conda-lock.yml, shortened:
      - reprocheck.cuda: none
      - conda linux-64 pytorch 2.6.0 cpu_generic_py312_h4d0d5a1_0

How to fix.
    Run `reprocheck lock --cuda 12.4` (the driver's version) or `--cuda none`; or say it in the environment file, with
    `cuda-version=12.4`, `cpuonly` or a build such as `pytorch=*=cpu*`.

When it stays silent.
    The environment file pins a CUDA or a build, or is not there to be looked at; the content hash proves that another
    CUDA than conda-lock's default was assumed; only pip brings the framework, which has no driver to look at; the
    platform is macOS.

Sources.
    conda-lock 4.0.3, default-virtual-packages.yaml (`__cuda: "11.4"`); conda/conda-lock#426; conda/conda#14761,
    read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.environments import CondaSpec
from reprocheck.model.findings import Confidence, Finding, RelatedLocation, Severity
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage
from reprocheck.rules.cuda_claims import FRAMEWORKS, SELECTORS
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import framework_flavour, is_cpu_build, reference
from reprocheck.rules.relock_command import lock_for_cuda
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC207",
    name="no-cuda-decision",
    family=Family.LOCK,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_UNDECIDED = re.compile(r"^undecided\b")
_DEFAULT_OF_CONDA_LOCK = "11.4"
_DECIDE = frozenset({*SELECTORS, "__cuda", "cpuonly", "cuda-toolkit", "cuda-runtime", "cuda", "cuda-nvcc"})
_FLAVOURED_NAME = re.compile(r"-(?:gpu|cpu|cuda)$")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where a framework's build was left to chance."""
    if isinstance(facts.lock, Unseen) or _is_decided(facts, facts.lock):
        return
    platforms = [platform for platform in platforms_in(facts) if not platform.startswith("osx-")]
    packages = [
        package
        for platform in platforms
        for package in facts.lock.on(platform, "conda")
        if framework_flavour(package) is not None
    ]
    if packages:
        yield _finding(facts, facts.lock, packages)


def _is_decided(facts: Facts, lock: Lock) -> bool:
    recorded = lock.custom(CUDA_KEY)
    if recorded is not None:
        return not _UNDECIDED.match(recorded)
    if isinstance(facts.environment, Unseen) or any(map(_decides, facts.environment.conda)):
        return True
    assumed = None if isinstance(facts.freshness, Unseen) else facts.freshness.assumed_cuda
    return assumed not in (None, _DEFAULT_OF_CONDA_LOCK)


def _decides(spec: CondaSpec) -> bool:
    pinned = spec.name in FRAMEWORKS and spec.build not in (None, "*")
    return pinned or spec.name in _DECIDE or bool(_FLAVOURED_NAME.search(spec.name))


def _finding(facts: Facts, lock: Lock, packages: list[LockedPackage]) -> Finding:
    first = next((package for package in packages if package.name == "pytorch"), packages[0])
    platforms = tuple(dict.fromkeys(package.platform for package in packages))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if is_cpu_build(first) or lock.custom(CUDA_KEY) else Severity.INFO,
        confidence=RULE.confidence,
        message=f"nobody decided for which CUDA the lock is: `{first.name} {first.version}` is"
        f" the {'CPU' if is_cpu_build(first) else 'CUDA'} build `{first.build}` on {', '.join(platforms)}",
        location=first_place(facts, (("conda", first.name),)) or lock.location_of(first),
        related=(RelatedLocation(location=lock.location_of(first), message="the package in the lock"),),
        packages=tuple(reference(package) for package in packages),
        platforms=platforms,
        evidence=(_evidence(facts, lock),),
        fix=f"{lock_for_cuda(facts, 'X.Y')} with the CUDA of the driver for X.Y, or `none` for CPU builds",
    )


def _evidence(facts: Facts, lock: Lock) -> str:
    recorded = lock.custom(CUDA_KEY)
    if recorded is not None:
        return f"`{CUDA_KEY}` in `{lock.path}` is `{recorded}`"
    if not isinstance(facts.freshness, Unseen) and facts.freshness.assumed_cuda:
        return f"the content hash of `{lock.path}` is that of conda-lock's default, CUDA {_DEFAULT_OF_CONDA_LOCK}"
    return f"`{lock.path}` records no CUDA; conda-lock assumes {_DEFAULT_OF_CONDA_LOCK} unless it is told otherwise"
