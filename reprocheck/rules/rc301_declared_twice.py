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
    native library that wheels carry privately; selectors or markers put the two on different platforms; a lock holds
    both (RC302 tells what it installs). Where conda's pin meets the pip line, so that pip will leave it alone, it is
    told as info; where pip replaces a package that is not known to be compiled, as a warning.

Sources.
    docs.conda.io "Using pip in an environment"; name pairs from prefix-dev/parselmouth and grayskull, read
    2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.compiled import is_always_compiled
from reprocheck.rules.constraints import Relation, pin_of, relate, worst_of
from reprocheck.rules.declarations import line_of, platforms_of, providers_by_project, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.mends import removal, replacement
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
_SETTLED = "the lock installs conda's alone"
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
        held = _locked_managers(facts, requirement, specs) if specs else set()
        if specs and len(held) < 2:  # a lock that holds both is told of by its own rules, with the versions
            yield _finding(facts, environment, requirement, specs, is_settled=held == {"conda"})


def _rivals(facts: Facts, environment: EnvironmentFile, requirement: PipRequirement) -> tuple[CondaSpec, ...]:
    where = platforms_of(requirement, environment)
    providers = providers_by_project(facts, environment).get(requirement.name or "", ())
    return tuple(spec for spec in providers if where & platforms_of(spec, environment))


def _locked_managers(facts: Facts, requirement: PipRequirement, specs: tuple[CondaSpec, ...]) -> set[str]:
    """Return which sides of a pair the lock holds, on the platform that holds most; empty without a lock."""
    lock, conda = facts.lock, tuple(spec.name for spec in specs)
    if not isinstance(lock, Lock):
        return set()
    found = [
        {package.manager for package in _locked(lock, platform, requirement.name or "", conda)}
        for platform in platforms_in(facts)
    ]
    return set(max(found, key=len, default=()))


def _locked(lock: Lock, platform: str, project: str, conda: tuple[str, ...]) -> Iterator[LockedPackage]:
    """Yield the locked packages of the two sides of a pair."""
    for package in lock.named(platform, *dict.fromkeys((project, *conda))):
        if package.name == project if package.manager == "pip" else package.name in conda:
            yield package


def _finding(
    facts: Facts,
    environment: EnvironmentFile,
    requirement: PipRequirement,
    specs: tuple[CondaSpec, ...],
    *,
    is_settled: bool,
) -> Finding:
    spec, name = specs[0], requirement.name or ""
    relation = _relation(facts, requirement, specs)
    settled = is_settled and relation == "open"
    firm = facts.names.is_firm(spec.name, name)
    worst = Severity.INFO if settled else _SEVERITY[relation]
    outcome = _SETTLED if settled else _CONSEQUENCE[relation]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=worst if worst is not Severity.ERROR or (firm and _are_compiled(specs)) else Severity.WARNING,
        confidence=RULE.confidence if firm else Confidence.MEDIUM,
        message=f"`{written(requirement)}` (pip) is also `{written(spec)}` (conda): {outcome}",
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
        edits=_edits(facts, environment, requirement, spec, relation),
    )


def _relation(facts: Facts, requirement: PipRequirement, specs: tuple[CondaSpec, ...]) -> Relation:
    """The worst relation counts. Conda leaves the metadata of one project only: no variant contents pip."""
    variant = all(_is_variant(facts, spec, requirement.name or "") for spec in specs)
    worst = worst_of(relate(spec.version, requirement) for spec in specs)
    return "open" if worst == "meets" and variant else worst


def _is_variant(facts: Facts, spec: CondaSpec, project: str) -> bool:
    return facts.names.pypi_names(spec.name)[0] != project


def _are_compiled(specs: tuple[CondaSpec, ...]) -> bool:
    return any(is_always_compiled(spec.name) for spec in specs)


def _evidence(spec: CondaSpec, name: str) -> tuple[str, ...]:
    return (f"conda package `{spec.name}` installs PyPI project `{name}`",) if spec.name != name else ()


def _edits(
    facts: Facts, environment: EnvironmentFile, requirement: PipRequirement, spec: CondaSpec, relation: Relation
) -> tuple[Edit, ...]:
    """Leave the project to conda: the same environment where pip would leave it alone, else another one."""
    removed = removal(environment, requirement, safe=relation == "meets" and not requirement.extras)
    pin = _pin_to_take_over(requirement, spec, relation, _is_variant(facts, spec, requirement.name or ""))
    if pin is None or not removed:
        return removed
    channel, colons, _ = spec.text.rpartition("::")
    pinned = replacement(environment, spec, f"{channel}{colons}{spec.name}={pin}", safe=False)
    return (*pinned, *removed) if pinned else ()


def _fix(requirement: PipRequirement, spec: CondaSpec, relation: Relation, is_variant: bool) -> str:
    if relation == "meets":
        return f"remove {line_of(requirement)}: conda provides `{requirement.name}`"
    pin = _pin_to_take_over(requirement, spec, relation, is_variant)
    if pin:
        return f"keep one: remove {line_of(requirement)} and write `{spec.name}={pin}` in {line_of(spec)}"
    return f"remove {line_of(requirement)}, or `{spec.name}` from the conda part"


def _pin_to_take_over(requirement: PipRequirement, spec: CondaSpec, relation: Relation, is_variant: bool) -> str | None:
    """Return the version of the pip line that conda may be asked for instead of its own, None where it may not."""
    pin = pin_of(requirement.specifier) if relation == "contradicts" else None
    return pin.version if pin and "+" not in pin.version and spec.build is None and not is_variant else None
