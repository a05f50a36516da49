"""The channel `pytorch` gets no new releases: its last one is 2.5.1.

What it checks.
    The channel `pytorch` among the channels, or before a package, and whether the file asks for a newer pytorch.

Why it matters.
    The PyTorch project stopped publishing conda packages after 2.5.1. Asked for a newer one, the solver finds nothing,
    or takes the build of another channel, which has other CUDA, other BLAS and other options, without a word.

Bad.
    channels:
      - pytorch
      - conda-forge
    dependencies:
      - python=3.12
      - pytorch>=2.6

Good.
    channels:
      - conda-forge
    dependencies:
      - python=3.12
      - pytorch=2.6

How to fix.
    Take pytorch from conda-forge (`pytorch-gpu`, with `cuda-version=12.6`), or from PyPI, and remove the channel.

When it stays silent.
    The channel is not there. Where nothing newer than 2.5.1 is asked of it, it is told as info: what it holds stays
    where it is.

Sources.
    pytorch/pytorch#138506; table torch_wheels.yaml (2.5.1 is the last release on the channel), read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.rules.channels import CONDA_FORGE, DEFAULTS, PYTORCH, own_channel, place_of, rank_of
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC111",
    name="dead-channel",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_LAST_RELEASE = (2, 5, 1)
_LAST = "the last pytorch of the channel `pytorch` is 2.5.1"
_LOWEST = re.compile(r"(?:^|,)\s*(?:>=?|~=|={0,2})\s*(?P<version>\d[\d.]*)")
_HAVE_NEWER = (CONDA_FORGE, DEFAULTS)
_FROM_THERE = r"pytorch(-.+)?|torch(vision|audio|text|data|serve|triton|-.+)|cpuonly|(lib)?faiss(-.+)?|magma-cuda\d+"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for a file that uses the channel."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return
    rank = rank_of(environment, PYTORCH)
    prefixed = [spec for spec in environment.conda if own_channel(spec) == PYTORCH]
    if rank is None and not prefixed:
        return
    place = prefixed[0].location if rank is None else place_of(environment, PYTORCH)
    newer = next((spec for spec in environment.conda_named("pytorch") if _is_asked_in_vain(environment, spec)), None)
    yield _asked(newer, place) if newer else _listed(environment, place)


def _is_asked_in_vain(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    """Say whether a spec needs a newer release than the channel has, and the channel is the first to be asked."""
    if _lowest(spec.version) <= _LAST_RELEASE:
        return False
    if spec.channel is not None:
        return own_channel(spec) == PYTORCH
    rank = rank_of(environment, PYTORCH)
    above = [rank_of(environment, name) for name in _HAVE_NEWER]
    return rank is not None and not any(other is not None and other < rank for other in above)


def _lowest(constraint: str | None) -> Numbers:
    """Return the lowest version that a constraint admits, () where it has no lower bound."""
    found = [numbers(one["version"].rstrip(".")) for one in _LOWEST.finditer(constraint or "")]
    return max(found, default=())


def _asked(spec: CondaSpec, place: Location) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{written(spec)}` is newer than anything on the channel `pytorch`, which ended with 2.5.1",
        location=spec.location,
        related=(RelatedLocation(location=place, message="the channel"),) if place != spec.location else (),
        packages=(PackageRef(manager="conda", name=spec.name),),
        evidence=(_LAST,),
        fix="take pytorch from conda-forge (`pytorch-gpu`, `cuda-version=X.Y`) or from PyPI, and remove the channel",
    )


def _listed(environment: EnvironmentFile, place: Location) -> Finding:
    used = any(re.fullmatch(_FROM_THERE, spec.name) or own_channel(spec) == PYTORCH for spec in environment.conda)
    instead = "move to conda-forge or PyPI before you need a newer release" if used else "remove it"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO,
        confidence=RULE.confidence,
        message="the channel `pytorch` gets no new releases of PyTorch"
        + ("" if used else ", and nothing here needs it"),
        location=place,
        evidence=(_LAST,),
        fix=instead,
    )
