"""The lock installs the same project by conda and by pip.

What it checks.
    One project that the lock installs by conda and by pip on the same platform, where the conda package was
    declared.

Why it matters.
    The conda part is installed first, then pip's. Where the versions differ, pip takes conda's files out and writes
    its own: conda's metadata goes on telling of the version that is gone, and conda packages that were compiled
    against it meet another one. Where the versions are equal, pip leaves conda's.

Bad.
    environment.yml:
      dependencies:
        - numpy=2.2
        - pip:
            - gensim==4.3.3

    conda-lock.yml, shortened:
      - conda linux-64 numpy 2.2.4 py312h72c5963_0, needs libblas >=3.9.0
      - conda linux-64 libblas 3.9.0 31_h59b9bed_openblas
      - pip linux-64 gensim 4.3.3, needs numpy <2.0
      - pip linux-64 numpy 1.26.4

Good.
    environment.yml:
      dependencies:
        - numpy=1.26
        - pip:
            - gensim==4.3.3

    conda-lock.yml, shortened:
      - conda linux-64 numpy 1.26.4 py312heda63a1_0, needs libblas >=3.9.0
      - conda linux-64 libblas 3.9.0 31_h59b9bed_openblas
      - pip linux-64 gensim 4.3.3, needs numpy <2.0

How to fix.
    Take the project from one side, then lock anew. `reprocheck lock` tells pip what conda provides.

When it stays silent.
    conda only pulled its package in (RC303 tells those, with the path), the names only look alike, both write a
    native runtime (RC304), or both bring torch in one version (RC412). It is an error where pip's version replaces
    a compiled package, a warning where it replaces one of plain Python, info where the versions are equal.

Sources.
    conda-lock 4 (conda first, then `pip install --no-deps`) and pip 23.2 (equal versions are left), read 2026-11-21;
    conda/conda-lock#914 and #540 (conda's pytorch ignored by the pip solver), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, Location, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.closure import conda_path_to, path_to
from reprocheck.rules.declarations import declared, first_place, line_of
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.locked_overlaps import Overlap, is_declared, overlaps_in
from reprocheck.rules.mends import removal
from reprocheck.rules.overlap_verdicts import is_one_torch, verdict_of
from reprocheck.rules.relock_command import lock_tool, one_side
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
    pairs: dict[tuple[str, ...], list[Overlap]] = {}
    for platform in platforms_in(facts):
        for overlap in overlaps_in(facts, facts.lock, platform):
            if is_declared(facts, overlap) and not is_one_torch(overlap):
                pairs.setdefault(_key(overlap), []).append(overlap)
    for overlaps in pairs.values():
        yield _finding(facts, facts.lock, overlaps)


def _key(overlap: Overlap) -> tuple[str, ...]:
    """Where one platform takes a noarch package and another a compiled one, the verdicts differ."""
    conda = overlap.conda[0]
    return (overlap.pip.name, overlap.pip.version, conda.name, conda.version, str("/noarch/" in conda.url))


def _finding(facts: Facts, lock: Lock, overlaps: list[Overlap]) -> Finding:
    pip, conda = overlaps[0].pip, overlaps[0].conda[0]
    platforms = tuple(overlap.pip.platform for overlap in overlaps)
    severity, confidence, winner = verdict_of(facts.names, overlaps[0].project, conda, pip)
    paths = tuple(filter(None, (conda_path_to(facts, lock, conda), path_to(facts, lock, pip))))
    other_name = conda.name != overlaps[0].project
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=confidence,
        message=f"the lock installs `{conda.name} {conda.version}` by conda and `{pip.name} {pip.version}` by pip"
        f" on {', '.join(platforms)}: {winner}",
        location=_place(facts, lock, overlaps[0]),
        related=(
            RelatedLocation(location=lock.location_of(conda), message="the conda package"),
            RelatedLocation(location=lock.location_of(pip), message="the pip package"),
        ),
        packages=tuple(reference(package) for overlap in overlaps for package in (overlap.pip, *overlap.conda)),
        platforms=platforms,
        evidence=(f"conda package `{conda.name}` installs PyPI project `{pip.name}`",) if other_name else (),
        fix=_fix(facts, lock, overlaps[0]),
        paths=paths,
        edits=_edits(facts, overlaps[0], severity),
    )


def _fix(facts: Facts, lock: Lock, overlap: Overlap) -> str:
    item = declared(facts, "pip", overlap.project)
    if item:
        return f"remove {line_of(item)} and run `{lock_tool(lock)}`"
    return one_side(lock, overlap.project)


def _edits(facts: Facts, overlap: Overlap, severity: Severity) -> tuple[Edit, ...]:
    """Leave the project to conda; where pip would leave it alone anyway, the environment stays the same."""
    item = declared(facts, "pip", overlap.project)
    if not isinstance(item, PipRequirement) or not isinstance(facts.environment, EnvironmentFile):
        return ()
    return removal(facts.environment, item, safe=severity is Severity.INFO and not item.extras)


def _place(facts: Facts, lock: Lock, overlap: Overlap) -> Location:
    wanted = (("pip", overlap.project), *(("conda", package.name) for package in overlap.conda))
    return first_place(facts, wanted) or lock.location_of(overlap.pip)
