"""MKL 2024.1 or later breaks the import of a pytorch-channel torch.

What it checks.
    pytorch of the `pytorch` channel on Linux together with an mkl from 2024.1 on in the lock; without a lock, whether
    anything keeps such an mkl away.

Why it matters.
    Those builds take the symbol `iJIT_NotifyEvent` from MKL, which 2024.1 no longer exports, and their `depends` say
    `mkl >=2018` without an upper bound. The solver is content; `import torch` ends in
    "libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent".

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.0.1 py3.10_cuda11.8_cudnn8.7.0_0
      - conda linux-64 mkl 2024.1.0 ha957f24_693

Good.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.0.1 py3.10_cuda11.8_cudnn8.7.0_0
      - conda linux-64 mkl 2023.2.0 h84fe81f_50496

How to fix.
    Pin `mkl<2024.1`, or take pytorch from conda-forge or torch from PyPI.

When it stays silent.
    pytorch of conda-forge or defaults; other platforms than Linux; without a lock: mkl is bounded, a release of
    pytorch from 2.1 on (it asks for an old llvm-openmp, which newer mkl of conda-forge do not take), or no conda-forge
    among the channels after `pytorch`, as the numpy of `defaults` bounds mkl. Of pytorch before 1.10 nobody told it:
    with such a lock it is a warning, without one it is silent.

Sources.
    pytorch/pytorch#123097, agentmorris/MegaDetector#127, jianlin-cheng/TransFun#5; repodata of the pytorch channel
    and of conda-forge, solved with py-rattler, 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import numbers
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.channels import CONDA_FORGE, DEFAULTS, rank_of
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import first_place, platforms_of, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.mends import replacement
from reprocheck.rules.relock_command import anew
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_channel import is_declared_from_channel, is_locked_from_channel
from reprocheck.rules.torch_pins import pinned
from reprocheck.rules.wording import in_lock

RULE = Rule(
    code="RC442",
    name="mkl-breaks-conda-torch",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_FIRST_BAD = (2024, 1)
_FIRST_SEEN = (1, 10)  # the oldest pytorch of which somebody told this
_FIRST_WITH_OLD_OPENMP = (2, 1)
_PLATFORM = "linux-64"  # the only one for which there were such builds and MKL
_NO_SYMBOL = "MKL from 2024.1 on does not export `iJIT_NotifyEvent`, which the builds of the pytorch channel load"
_BESIDE_MKL = ("blas", "nomkl", "libblas", "mkl-service", "numpy-base")  # pins of these decide on MKL, too


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the lock; without a lock, for an mkl that nothing holds."""
    if _PLATFORM not in platforms_in(facts):
        return
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    torch = next((one for one in lock.named(_PLATFORM, "pytorch") if is_locked_from_channel(one)), None)
    mkl = next((one for one in lock.named(_PLATFORM, "mkl") if one.manager == "conda"), None)
    if torch and mkl and numbers(mkl.version) >= _FIRST_BAD:
        yield _locked_finding(facts, lock, torch, mkl)


def _locked_finding(facts: Facts, lock: Lock, torch: LockedPackage, mkl: LockedPackage) -> Finding:
    path = path_to(facts, lock, mkl)
    seen = numbers(torch.version)[:2] >= _FIRST_SEEN
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if seen else Severity.WARNING,
        confidence=RULE.confidence if seen else Confidence.MEDIUM,
        message=f"`pytorch {torch.version}` of the pytorch channel {'does' if seen else 'may'} not import beside"
        f" `mkl {mkl.version}` on {_PLATFORM}",
        location=first_place(facts, (("conda", "mkl"), ("conda", "pytorch"))) or lock.location_of(mkl),
        related=(
            RelatedLocation(location=lock.location_of(torch), message=in_lock(lock, "pytorch")),
            RelatedLocation(location=lock.location_of(mkl), message=in_lock(lock, "mkl")),
        ),
        packages=(reference(torch), reference(mkl)),
        platforms=(_PLATFORM,),
        evidence=(_NO_SYMBOL, f"`pytorch {torch.version} {torch.build}` is a build of the pytorch channel"),
        fix=f"ask for `mkl<2024.1` in the conda part and {anew(facts)}",
        paths=(path,) if len(path) > 1 else (),
    )


def _declared(environment: EnvironmentFile) -> Iterator[Finding]:
    forge, defaults = rank_of(environment, CONDA_FORGE), rank_of(environment, DEFAULTS)
    held = any(environment.conda_named(name) for name in ("mkl", *_BESIDE_MKL))
    if forge is None or held or (defaults is not None and defaults < forge):
        return
    for spec in environment.conda_named("pytorch"):
        if _PLATFORM in platforms_of(spec, environment) and _takes_new_mkl(environment, spec):
            yield _declared_finding(environment, spec)


def _takes_new_mkl(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    """Say whether a spec pins a release that leaves mkl open, from the pytorch channel."""
    found = pinned(spec)
    release = numbers(found.pin.version) if found else ()
    old = len(release) > 1 and _FIRST_SEEN <= release[:2] < _FIRST_WITH_OLD_OPENMP
    return old and is_declared_from_channel(environment, spec)


def _declared_finding(environment: EnvironmentFile, spec: CondaSpec) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        message=f"nothing keeps an mkl away that breaks `{written(spec)}` of the pytorch channel",
        location=spec.location,
        packages=(PackageRef(manager="conda", name="pytorch"), PackageRef(manager="conda", name="mkl")),
        platforms=(_PLATFORM,),
        evidence=(_NO_SYMBOL, "its `depends` say `mkl >=2018`, and of conda-forge the solver takes 2024.1 or later"),
        fix="add `mkl<2024.1` to the conda part",
        edits=_edits(environment, spec),
    )


def _edits(environment: EnvironmentFile, spec: CondaSpec) -> tuple[Edit, ...]:
    """Put the bound behind the line of pytorch, where that line holds nothing else."""
    bound = replacement(environment, spec, "mkl<2024.1", safe=False)
    # Quotes and a comment of the line above say nothing of mkl.
    indents = [line[: len(line) - len(line.lstrip())] for edit in bound for line in edit.lines]
    below = spec.location.line + 1
    return tuple(Edit(spec.location.path, below, below - 1, (f"{indent}- mkl<2024.1",), False) for indent in indents)
