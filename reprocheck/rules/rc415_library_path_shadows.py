"""A search path puts other libraries before those of the environment.

What it checks.
    `LD_LIBRARY_PATH` and `DYLD_LIBRARY_PATH` among the `variables:` of the environment.yml, and on the audited machine
    the CUDA, cuDNN, NCCL and C++ libraries in the folders that these variables name.

Why it matters.
    conda and pip builds find their libraries by RPATH; these variables come first. Then torch loads the cuDNN of a
    cluster module, or an nvJitLink that lacks a symbol: it works for one user and fails for another, or computes with
    other kernels in silence.

Bad.
    name: train
    dependencies:
      - python=3.12
    variables:
      LD_LIBRARY_PATH: /usr/local/cuda/lib64

Good.
    name: train
    dependencies:
      - python=3.12
    variables:
      OMP_NUM_THREADS: "1"

How to fix.
    Take the variable out; for one program that needs it, set it on that program's command line.

When it stays silent.
    The variables are set on the machine, but none of their folders holds a library that an environment brings itself;
    other variables (`LD_PRELOAD` of an allocator) are set.

Sources.
    pytorch/pytorch#111469 (nvJitLink), #119932 (NCCL), #80637 (cuDNN); isl-org/Open3D#5531 (libstdc++), read
    2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, Location, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import shortened

RULE = Rule(
    code="RC415",
    name="library-path-shadows",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the environment file, at the machine, or at both, whichever is there
    since="0.1.0",
)

_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_MOST_NAMED = 8


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each variable that the file sets, and for each that is set on the machine."""
    if isinstance(facts.environment, EnvironmentFile):
        for name in facts.environment.variables:
            if name in _VARIABLES:
                yield _declared(facts.environment, name)
    if not isinstance(facts.machine, Unseen):
        found: dict[str, list[str]] = {}
        for variable, library in facts.machine.shadowing:
            found.setdefault(variable, []).append(library)
        for variable, libraries in found.items():
            yield _live(facts, facts.machine.source, variable, libraries)


def _declared(environment: EnvironmentFile, name: str) -> Finding:
    number = _line_of(environment, name)
    line = environment.lines[number - 1] if number else ""
    place = Location(path=environment.path, line=number or 1, column=line.find(name) + 1 or 1)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the environment file sets `{name}`, which comes before the libraries of the environment",
        location=place,
        evidence=(
            "conda and pip builds find their libraries by RPATH; this variable overrides that on every activation",
        ),
        fix=f"remove `{name}` from `variables:`",
        edits=_removal(environment, number),
    )


def _line_of(environment: EnvironmentFile, name: str) -> int | None:
    """Return the line of a variable, None where YAML writes it in another way than one a line."""
    shape = re.compile(rf"^\s+[\"']?{name}[\"']?\s*:\s*[^\s|>{{]")
    return next((number for number, line in enumerate(environment.lines, start=1) if shape.match(line)), None)


def _removal(environment: EnvironmentFile, number: int | None) -> tuple[Edit, ...]:
    """Take the line out, unless it is the only one: a `variables:` without entries would remain."""
    if number is None or len(environment.variables) < 2:
        return ()
    return (Edit(path=environment.path, first=number, last=number, lines=(), safe=False),)


def _live(facts: Facts, source: str, variable: str, libraries: list[str]) -> Finding:
    shown = shortened([f"`{library}`" for library in libraries], _MOST_NAMED)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{variable}` puts {shown} before the libraries of the environment",
        location=place_of_torch(facts),
        evidence=(f"`{variable}` of {source}",),
        fix=f"run without it: `env -u {variable} …`, or unload the module that sets it",
    )
