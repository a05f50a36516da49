"""The lock installs the same project by conda and by pip.

What it checks.
    One project that the lock installs by conda and by pip on the same platform, where the conda package was
    declared.

Why it matters.
    pip installs last and writes over conda's files. What runs is neither of the two: Python files of one build
    beside libraries of the other, and the metadata of both.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - pip:
            - sentence-transformers==3.4.1

    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101
      - pip linux-64 sentence-transformers 3.4.1, needs torch >=1.11.0
      - pip linux-64 torch 2.6.0

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - pip:
            - sentence-transformers==3.4.1

    conda-lock.yml, shortened:
      - reprocheck.cuda: none
      - conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101
      - pip linux-64 sentence-transformers 3.4.1, needs torch >=1.11.0

How to fix.
    Take the project from one side, then lock anew. `reprocheck lock` tells pip what conda provides.

When it stays silent.
    conda only pulled its package in (RC303 tells those, with the path), or the names only look alike.

Sources.
    maresb/conda-lock#914 and #540 (conda's pytorch ignored by the pip solver), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Location, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.declarations import declared, first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.locked_overlaps import Overlap, overlaps_in
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC302",
    name="locked-twice",
    family=Family.OVERLAP,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each pair of locked packages, its platforms together."""
    if isinstance(facts.lock, Unseen):
        return
    pairs: dict[tuple[str, str, str, str], list[Overlap]] = {}
    for platform in platforms_in(facts):
        for overlap in overlaps_in(facts.lock, platform, facts.names):
            if _is_declared(facts, overlap):
                pairs.setdefault(_key(overlap), []).append(overlap)
    for overlaps in pairs.values():
        yield _finding(facts, facts.lock, overlaps)


def _is_declared(facts: Facts, overlap: Overlap) -> bool:
    """Without an environment file nobody knows what was declared, and everything counts."""
    return isinstance(facts.environment, Unseen) or any(
        declared(facts, "conda", package.name) for package in overlap.conda
    )


def _key(overlap: Overlap) -> tuple[str, str, str, str]:
    conda = overlap.conda[0]
    return (overlap.pip.name, overlap.pip.version, conda.name, conda.version)


def _finding(facts: Facts, lock: Lock, overlaps: list[Overlap]) -> Finding:
    pip, conda = overlaps[0].pip, overlaps[0].conda[0]
    platforms = tuple(overlap.pip.platform for overlap in overlaps)
    firm = facts.names.is_firm(conda.name, overlaps[0].project)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if firm and pip.version != conda.version else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"the lock installs `{conda.name} {conda.version}` by conda and `{pip.name} {pip.version}` by pip"
        f" on {', '.join(platforms)}: pip overwrites the files of conda",
        location=_place(facts, lock, overlaps[0]),
        related=(
            RelatedLocation(location=lock.location_of(conda), message="the conda package"),
            RelatedLocation(location=lock.location_of(pip), message="the pip package"),
        ),
        packages=tuple(reference(package) for overlap in overlaps for package in (overlap.pip, *overlap.conda)),
        platforms=platforms,
        evidence=(f"conda package `{conda.name}` installs PyPI project `{pip.name}`",),
        fix=_fix(facts, overlaps[0]),
    )


def _fix(facts: Facts, overlap: Overlap) -> str:
    item = declared(facts, "pip", overlap.project)
    if item:
        return f"remove line {item.location.line} and run `reprocheck lock`"
    return f"run `reprocheck lock`, which tells pip that conda provides `{overlap.project}`"


def _place(facts: Facts, lock: Lock, overlap: Overlap) -> Location:
    wanted = (("pip", overlap.project), *(("conda", package.name) for package in overlap.conda))
    return first_place(facts, wanted) or lock.location_of(overlap.pip)
