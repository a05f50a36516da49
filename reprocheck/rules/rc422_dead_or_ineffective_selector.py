"""A line that should choose the CUDA of torch chooses nothing.

What it checks.
    `pytorch-cuda` and `cpuonly` where pytorch comes from another channel, or where no channel has them; `cudatoolkit`
    beside a pytorch that no longer looks at it; `==…+cu118` where no index serves such a build; an index of wheels for
    one CUDA beside a torch that PyPI has in a newer version.

Why it matters.
    Nothing fails. The environment gets another CUDA than the line says, or a CPU build, and the line stays behind to
    tell the next reader something that is not so.

Bad.
    channels:
      - conda-forge
      - pytorch
    dependencies:
      - python=3.10
      - pytorch=2.3
      - cpuonly

Good.
    channels:
      - conda-forge
    dependencies:
      - python=3.10
      - pytorch=2.3=cpu*

How to fix.
    On conda-forge say it with the build: `pytorch=*=cpu*`, or `pytorch-gpu` with `cuda-version=X.Y`. On the `pytorch`
    channel, first in the list, with `pytorch-cuda=X.Y` or `cpuonly`. With pip pin the build and name its index:
    `torch==2.6.0+cu118` and `--index-url`.

When it stays silent.
    `pytorch::pytorch`, or a build string of the pytorch channel, says where torch comes from; the `pytorch` channel is
    the first that has it; a channel in the list is not known here; the lock shows that it worked out; an index, a
    folder or a requirements file is named that may serve the labelled build; the index holds the newest torch as well,
    or a pinned torchvision or torchaudio ties torch to an older one. RC414 tells selectors that contradict each other.

Sources.
    conda-forge/pytorch-cpu-feedstock#187; esa/AnomalyMatch#11; astral-sh/uv#17236; the pairs solved on real repodata,
    2026-11-20 (`pytorch cpuonly` with conda-forge first installs a CUDA build); PEP 440 "Local version identifiers"
    (PyPI takes no labels).
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import CondaSpec
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.rules.declarations import Declaration, written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.idle_selectors import Idle, idle_selectors
from reprocheck.rules.idle_wheel_labels import idle_labels
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC422",
    name="dead-or-ineffective-selector",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each line that should choose the CUDA of torch and does not."""
    if isinstance(facts.environment, Unseen):
        return
    for idle in (*idle_selectors(facts, facts.environment), *idle_labels(facts, facts.environment)):
        yield _finding(idle)


def _finding(idle: Idle) -> Finding:
    first, *others = idle.entries
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=idle.message,
        location=first.location,
        related=tuple(RelatedLocation(location=other.location, message=f"`{written(other)}`") for other in others),
        packages=tuple(_reference(entry) for entry in idle.entries if entry.name),
        evidence=(idle.why,),
        fix=idle.fix,
    )


def _reference(entry: Declaration) -> PackageRef:
    return PackageRef(manager="conda" if isinstance(entry, CondaSpec) else "pip", name=entry.name or "")
