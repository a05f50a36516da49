"""The file holds a path that only one machine has.

What it checks.
    The key `prefix`, and channels, package indexes, requirements files and wheel folders that are absolute paths.

Why it matters.
    `conda env export` writes where the environment lay. Nobody needs it, and it tells a user name and the layout of a
    disk. A channel or a folder of wheels that lies on one machine is worse: nowhere else can the file be installed.

Bad.
    name: study
    channels:
      - file:///home/me/channel
      - conda-forge
    dependencies:
      - python=3.12

Good.
    name: study
    channels:
      - conda-forge
    dependencies:
      - python=3.12

How to fix.
    Remove the line `prefix: …`; `--fix` does it. Publish what lies in the folder where others can reach it, or put it
    beside this file and name it by a relative path.

When it stays silent.
    Paths relative to the file. Requirements that are local paths or editable installs, which RC106 tells. A `prefix`
    is worth no more than an info, because conda pays it no attention.

Sources.
    docs.conda.io "Exporting an environment file across platforms", read 2026-11-20; conda, `conda env create`
    (the key `prefix` is not used).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, Location, Severity
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC108",
    name="exported-prefix",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_ABSOLUTE = re.compile(r"(?:file:/*)?(?:/|~|[A-Za-z]:[\\/])")
_VALUE = re.compile(r"^--?[A-Za-z-]+(?:\s*=\s*|\s+|(?<=^-[rcfi]))(?P<value>\S+)")
_PREFIX_LINE = re.compile(r"prefix:(?:\s.*)?")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the prefix, and one for each channel or option that is an absolute path."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return
    if environment.prefix:
        yield _prefix(environment, environment.prefix)
    for channel in (*environment.channels, *environment.pip_repositories):
        if _ABSOLUTE.match(channel.name):
            yield _path(f"the channel `{channel.name.replace('`', '')}`", channel.location)
    for option in environment.pip:
        if option.kind == "option" and _names_absolute(option):
            yield _path(f"`{written(option)}`", option.location)


def _names_absolute(option: PipRequirement) -> bool:
    found = _VALUE.match(option.text)
    return found is not None and bool(_ABSOLUTE.match(found["value"].strip("'\"")))


def _prefix(environment: EnvironmentFile, place: Location) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO,
        confidence=RULE.confidence,
        message="`prefix` tells where the environment lay on the machine that exported it",
        location=place,
        evidence=("conda does not look at the key; it tells a user name and the layout of a disk",),
        fix="remove the key `prefix`",
        edits=_removal(environment, place),
    )


def _removal(environment: EnvironmentFile, place: Location) -> tuple[Edit, ...]:
    line = environment.lines[place.line - 1].rstrip("\r")
    if not _PREFIX_LINE.fullmatch(line) or not _fits_one_line(environment, place):
        return ()
    return (Edit(path=environment.path, first=place.line, last=place.line, lines=(), safe=True),)


def _fits_one_line(environment: EnvironmentFile, place: Location) -> bool:
    """Say whether the next line belongs to something else: a value may go on below, indented."""
    below = environment.lines[place.line : place.line + 1]
    return not any(line[:1].isspace() and line.strip() for line in below)


def _path(what: str, place: Location) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{what} is found on one machine only",
        location=place,
        evidence=("an absolute path leads elsewhere, or nowhere, on another machine",),
        fix="publish it where others can reach it, or name it by a path relative to this file",
    )
