"""A space in a spec turns its second constraint into a build string.

What it checks.
    Conda specs whose second part, after a space, is a version constraint.

Why it matters.
    To conda a space ends the version: `python >=3.11 <3.12` asks for version `>=3.11` and for a build string
    named `<3.12`. Some tools refuse it, some find nothing, and some ignore the second half, so the upper bound
    that was meant is not there.

Bad.
    dependencies:
      - python >=3.11 <3.12

Good.
    dependencies:
      - python >=3.11,<3.12
      - numpy 2.1.* py312*

How to fix.
    Join the constraints by a comma.

When it stays silent.
    The second part is a build string such as `py312*` or `cuda126*`; a space stands only around an operator or
    a comma.

Sources.
    docs.conda.io "Package match specifications", read 2026-11-20; conda/models/match_spec.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, Severity
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.mends import replacement
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC102",
    name="ambiguous-spec",
    family=Family.ENVIRONMENT,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_OPERATORS = ("<", ">", "!", "~", "=")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each spec with a version constraint in the place of its build string."""
    if isinstance(facts.environment, Unseen):
        return
    for spec in facts.environment.conda:
        if spec.version and spec.build and spec.build.startswith(_OPERATORS):
            yield _finding(facts.environment, spec, spec.version, spec.build)


def _finding(environment: EnvironmentFile, spec: CondaSpec, version: str, build: str) -> Finding:
    channel = f"{spec.channel}::" if spec.channel else ""
    joined = ",".join([version, *build.split()])
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{build}` in `{written(spec)}` is read as a build string, not as a version",
        location=spec.location,
        packages=(PackageRef(manager="conda", name=spec.name),),
        evidence=("to conda a space ends the version and begins the build string",),
        fix=f"write `{channel}{spec.name} {joined}`",
        edits=_edits(environment, spec, joined),
    )


def _edits(environment: EnvironmentFile, spec: CondaSpec, joined: str) -> tuple[Edit, ...]:
    """Join the constraints where each of them has an operator; a bare version or a build among them may mean more."""
    if "[" in spec.text or not all(part.startswith(_OPERATORS) for part in joined.split(",")):
        return ()
    channel, colons, named = spec.text.rpartition("::")
    head = named[: min(named.index(sign) for sign in "<>=!~" if sign in named)]
    return replacement(environment, spec, f"{channel}{colons}{head}{joined}", safe=True)
