"""conda and pip are both asked for the same project.

What it checks.
    One project that both the conda part and the pip part of the environment.yml ask for, also where the two call
    it differently (`pytorch` and `torch`, `py-xgboost` and `xgboost`).

Why it matters.
    pip writes over the files that conda installed, or finds them good enough: which of the two depends on versions
    and on the day. Metadata of both stay behind, and the next conda operation repairs the wrong one.

Bad.
    dependencies:
      - python=3.10
      - pytorch=1.13.1
      - pip
      - pip:
          - torch==2.0.1

Good.
    dependencies:
      - python=3.10
      - pytorch=2.0.1
      - pip
      - pip:
          - torchmetrics==1.4.0

How to fix.
    Keep one of the two. Conda, where other conda packages are built against it; pip, where only pip has the build.

When it stays silent.
    The names only look alike (`graphviz` the program and `graphviz` the Python package); the conda package is a
    native library that wheels carry privately; selectors or markers put the two on different platforms. Where
    conda's pin meets the pip line, so that pip will leave it alone, it is told as info.

Sources.
    docs.conda.io "Using pip in an environment"; name pairs from prefix-dev/parselmouth and grayskull, read
    2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.rules.constraints import Relation, pin_of, relate, worst_of
from reprocheck.rules.declarations import conda_providers, platforms_of, written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC301",
    name="declared-twice",
    family=Family.OVERLAP,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_CONSEQUENCE: dict[Relation, str] = {
    "contradicts": "the two contradict each other, and pip overwrites what conda installed",
    "replaces": "pip overwrites what conda installed",
    "open": "whether pip overwrites what conda installed depends on the versions found that day",
    "meets": "conda's version meets the pip line, so pip leaves it alone",
}
_SEVERITY: dict[Relation, Severity] = {
    "contradicts": Severity.ERROR,
    "replaces": Severity.ERROR,
    "open": Severity.WARNING,
    "meets": Severity.INFO,
}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each pip line whose project conda is asked for as well."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return
    for requirement in environment.pip:
        specs = _rivals(facts, environment, requirement)
        if specs:
            yield _finding(facts, requirement, specs)


def _rivals(facts: Facts, environment: EnvironmentFile, requirement: PipRequirement) -> tuple[CondaSpec, ...]:
    where = platforms_of(requirement, environment)
    providers = conda_providers(environment, requirement.name or "", facts.names)
    return tuple(spec for spec in providers if where & platforms_of(spec, environment))


def _finding(facts: Facts, requirement: PipRequirement, specs: tuple[CondaSpec, ...]) -> Finding:
    spec, name = specs[0], requirement.name or ""
    relation = _relation(facts, requirement, specs)
    firm = facts.names.is_firm(spec.name, name)
    worst = _SEVERITY[relation]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=worst if firm or worst is not Severity.ERROR else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"`{written(requirement)}` (pip) is also `{written(spec)}` (conda): {_CONSEQUENCE[relation]}",
        location=requirement.location,
        related=tuple(
            RelatedLocation(location=other.location, message=f"conda is asked for `{written(other)}`")
            for other in specs
        ),
        packages=(
            PackageRef(manager="pip", name=name),
            *(PackageRef(manager="conda", name=other.name) for other in specs),
        ),
        evidence=_evidence(spec, name),
        fix=_fix(requirement, spec, relation, _is_variant(facts, spec, name)),
    )


def _relation(facts: Facts, requirement: PipRequirement, specs: tuple[CondaSpec, ...]) -> Relation:
    """The worst relation counts. Conda leaves the metadata of one project only: no variant contents pip."""
    variant = all(_is_variant(facts, spec, requirement.name or "") for spec in specs)
    worst = worst_of(relate(spec.version, requirement) for spec in specs)
    return "open" if worst == "meets" and variant else worst


def _is_variant(facts: Facts, spec: CondaSpec, project: str) -> bool:
    return facts.names.pypi_names(spec.name)[0] != project


def _evidence(spec: CondaSpec, name: str) -> tuple[str, ...]:
    return (f"conda package `{spec.name}` installs PyPI project `{name}`",) if spec.name != name else ()


def _fix(requirement: PipRequirement, spec: CondaSpec, relation: Relation, is_variant: bool) -> str:
    if relation == "meets":
        return f"remove line {requirement.location.line}: conda provides `{requirement.name}`"
    pin = pin_of(requirement.specifier) if relation == "contradicts" else None
    if pin and "+" not in pin.version and spec.build is None and not is_variant:
        lines = requirement.location.line, spec.location.line
        return f"keep one: remove line {lines[0]} and write `{spec.name}={pin.version}` in line {lines[1]}"
    return f"remove line {requirement.location.line}, or `{spec.name}` from the conda part"
