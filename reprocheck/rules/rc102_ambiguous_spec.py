"""Conda reads a spec otherwise than it was meant.

What it checks.
    Conda specs whose second part, after a space, is a version constraint; the operators `=>` and `=<`, which there are
    not; extras in brackets, which belong to pip; and an entry that holds the next one, which is indented deeper.

Why it matters.
    To conda a space ends the version: `python >=3.11 <3.12` asks for version `>=3.11` and for a build string
    named `<3.12`. Some tools refuse it, some find nothing, and some ignore the second half, so the upper bound
    that was meant is not there. `python=>3.11` means `>3.11*` to conda, and `napari[pyqt5]` is `napari` alone; pixi
    and this tool's own solver refuse both.

Bad.
    dependencies:
      - python >=3.11 <3.12
      - scipy=>1.14
      - imageio[ffmpeg]

Good.
    dependencies:
      - python >=3.11,<3.12
      - numpy 2.1.* py312*
      - scipy>=1.14
      - imageio
      - imageio-ffmpeg

How to fix.
    Join the constraints by a comma; write `>=` and `<=`; declare what an extra stands for in lines of its own.

When it stays silent.
    The second part is a build string such as `py312*` or `cuda126*`; a space stands only around an operator or
    a comma; brackets hold keys, as in `numpy[version='>=2']`.

Sources.
    docs.conda.io "Package match specifications", read 2026-11-20; conda/models/match_spec.py; what conda and rattler
    make of such specs tried 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, Severity
from reprocheck.rules.declarations import package_of, written
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
_SWALLOWED = " - "  # how YAML joins a line that is indented deeper than the entry above it
_TURNED = {"=>": ">=", "=<": "<="}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each spec that conda reads otherwise than it was meant."""
    if isinstance(facts.environment, Unseen):
        return
    for spec in facts.environment.conda:
        if _SWALLOWED in spec.text:
            yield _folded(spec)
        elif any(operator in spec.text for operator in _TURNED):
            yield _turned(facts.environment, spec)
        elif spec.version and spec.build and spec.build.startswith(_OPERATORS):
            yield _second_constraint(facts.environment, spec, spec.version, spec.build)
        elif spec.text.endswith("]") and "=" not in spec.text.partition("[")[2] and "[" in spec.text:
            yield _extras(spec)


def _folded(spec: CondaSpec) -> Finding:
    return _finding(
        spec,
        f"`{written(spec)}` is one entry: the line below is indented deeper, so that YAML joins the two",
        "a dash begins an entry only in the column of the other dashes",
        f"move the dash of line {spec.location.line + 1} below that of line {spec.location.line}",
    )


def _second_constraint(environment: EnvironmentFile, spec: CondaSpec, version: str, build: str) -> Finding:
    channel = f"{spec.channel}::" if spec.channel else ""
    joined = ",".join([version, *build.split()])
    found = _finding(
        spec,
        f"`{build}` in `{written(spec)}` is read as a build string, not as a version",
        "to conda a space ends the version and begins the build string",
        f"write `{channel}{spec.name} {joined}`",
    )
    return replace(found, edits=_edits(environment, spec, joined))


def _turned(environment: EnvironmentFile, spec: CondaSpec) -> Finding:
    operator = next(one for one in _TURNED if one in spec.text)
    meant, shown = spec.text, written(spec)
    for turned, right in _TURNED.items():
        meant, shown = meant.replace(turned, right), shown.replace(turned, right)
    found = _finding(
        spec,
        f"there is no operator `{operator}`, as in `{written(spec)}`",
        "conda takes `=>1.0` for `>1.0*`, and other tools refuse it",
        f"write `{shown}`",
    )
    return replace(found, edits=replacement(environment, spec, meant, safe=True))


def _extras(spec: CondaSpec) -> Finding:
    brackets = spec.text[spec.text.index("[") :]
    found = _finding(
        spec,
        f"`{brackets}` in `{written(spec)}` is dropped: conda packages have no extras",
        "conda drops brackets without `key=value` and says nothing, and other tools refuse the spec",
        "remove the brackets, and declare what the extra needs in lines of its own",
    )
    return replace(found, severity=Severity.WARNING)


def _finding(spec: CondaSpec, message: str, evidence: str, fix: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=message,
        location=spec.location,
        packages=(package_of(spec),),
        evidence=(evidence,),
        fix=fix,
    )


def _edits(environment: EnvironmentFile, spec: CondaSpec, joined: str) -> tuple[Edit, ...]:
    """Join the constraints where each of them has an operator; a bare version or a build among them may mean more."""
    if "[" in spec.text or not all(part.startswith(_OPERATORS) for part in joined.split(",")):
        return ()
    channel, colons, named = spec.text.rpartition("::")
    head = named[: min(named.index(sign) for sign in "<>=!~" if sign in named)]
    return replacement(environment, spec, f"{channel}{colons}{head}{joined}", safe=True)
