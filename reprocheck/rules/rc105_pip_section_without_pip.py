"""There is a pip section, but `pip` is not among the conda dependencies.

What it checks.
    A `pip:` section that holds something, in a file whose conda part does not ask for `pip`.

Why it matters.
    conda then adds a pip of its own choice, and says so at every installation; micromamba adds none. Where the python
    package brings no pip either, the section fails, or another pip of the machine runs and installs elsewhere.

Bad.
    dependencies:
      - python=3.12
      - pip:
          - einops==0.8.0

Good.
    dependencies:
      - python=3.12
      - pip
      - pip:
          - einops==0.8.0

How to fix.
    Write `- pip` before the section. `--fix` does it.

When it stays silent.
    The section is empty; `pip` stands anywhere in the conda part, with a version or a channel or without; there is a
    lock, from which the environment is made then.

Sources.
    mamba-org/mamba#2273 (conda warns and adds it, micromamba does not), conda/conda#4985, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, Location, PackageRef, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC105",
    name="pip-section-without-pip",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for a file whose pip section nobody is asked to install."""
    environment = facts.environment
    if isinstance(environment, Unseen) or isinstance(facts.lock, Lock):
        return
    if environment.pip_location and environment.pip and not environment.conda_named("pip"):
        yield _finding(environment, environment.pip_location)


def _finding(environment: EnvironmentFile, place: Location) -> Finding:
    edits = _edits(environment, place)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message="there is a pip section, but `pip` is not among the conda dependencies",
        location=place,
        packages=(PackageRef(manager="conda", name="pip"),),
        evidence=("which pip installs the section is left to the tool",),
        fix=f"write `- pip` before line {place.line}" if edits else "ask for `pip` in the conda part",
        edits=edits,
    )


def _edits(environment: EnvironmentFile, place: Location) -> tuple[Edit, ...]:
    """Put `- pip` before the section, with its indentation; none where the section is not the item of a plain list.

    None either where the section asks for a pip of its own: conda and pip would both be asked for it.
    """
    line = environment.lines[place.line - 1]
    before = line[: place.column - 1]
    if before.strip() != "-" or any(requirement.name == "pip" for requirement in environment.pip):
        return ()
    return (Edit(path=environment.path, first=place.line, last=place.line - 1, lines=(f"{before}pip",), safe=True),)
