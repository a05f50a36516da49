"""torch is not pinned, and between the releases that fit the CUDA of the wheel changes its major version.

What it checks.
    `torch` in the pip section without `==`, where there is no lock: which CUDA the releases that fit carry on PyPI.

Why it matters.
    The unlabelled wheel on PyPI holds another CUDA every few releases. One file gave CUDA 12.8 with torch 2.10 and
    gives CUDA 13.0 since 2.11: drivers before 580 refuse it, GPUs before Turing are not in it any more, and the
    numbers differ, because the libraries do.

Bad.
    environment.yml:
      dependencies:
        - python=3.12
        - pip
        - pip:
            - torch>=2.4

    conda-lock.yml: absent

Good.
    dependencies:
      - python=3.12
      - pip
      - pip:
          - torch==2.6.0

How to fix.
    Pin the release that the work was done with, `torch==2.6.0`, and lock. For another CUDA than PyPI's, name PyTorch's
    own wheel index of that CUDA with `--index-url`, or pin the label, `torch==2.6.0+cu118`.

When it stays silent.
    There is a lock; the releases that fit carry one CUDA major, as with `>=2.11`; the range ends below the newest
    release, the Python is too old for it, or a pinned torchvision or torchaudio fits one torch only, so that nothing
    moves any more; conda brings torch, or its torchvision, which needs it; an index of wheels for one CUDA is named
    (RC422 judges those); the platforms have no CUDA wheels on PyPI.

Sources.
    pytorch/pytorch#178665, #190385, #172352; table torch_wheels.yaml, whose rows name theirs, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_drivers import oldest_driver
from reprocheck.facts.cuda_versions import dotted
from reprocheck.model.environments import PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, Severity
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.unpinned_torch import Series, crossing_lines, series_text

RULE = Rule(
    code="RC423",
    name="unpinned-torch-crosses-cuda-major",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_MOST_SERIES = 5


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the first pip line that leaves the CUDA major to the day."""
    for line, series in crossing_lines(facts)[:1]:
        yield _finding(line, series)


def _finding(line: PipRequirement, series: tuple[Series, ...]) -> Finding:
    before = max(index for index, one in enumerate(series) if one.cuda[0] != series[-1].cuda[0])
    old, new = series[before], series[before + 1]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{written(line)}` is the newest torch of the day, which changes its CUDA: {dotted(old.cuda)} up to"
        f" {old.last}, {dotted(new.cuda)} from {new.first} on",
        location=line.location,
        packages=(PackageRef(manager="pip", name="torch"),),
        evidence=(*(series_text(one) for one in series[-_MOST_SERIES:]), *_floor(series[-1])),
        fix=f"pin the release that the work was done with, for example `torch=={old.last}`, and run `reprocheck lock`",
    )


def _floor(series: Series) -> tuple[str, ...]:
    floor = oldest_driver(series.cuda, windows=False)
    return (f"CUDA {dotted(series.cuda)} needs driver {floor.driver}: {floor.why}",) if floor else ()
