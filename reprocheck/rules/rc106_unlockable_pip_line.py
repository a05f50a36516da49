"""A line of the pip section names something that no lock can hold.

What it checks.
    Lines of the `pip:` section: version control without a commit, editable installs, local paths, requirements
    behind a URL, options of pip that a lock does not follow, and lines that pip itself would refuse. In both parts:
    placeholders such as `{{version}}` and `@VERSION@`, which another program was to fill in.

Why it matters.
    A lock names files and their hashes. A branch is another file tomorrow; a folder has no hash, and what it asks for
    in turn is not locked either. `reprocheck lock` leaves such a line out and says so, or refuses it; conda-lock leaves
    editable installs out and refuses most of the others. Either way the environment holds more than its lock.

Bad.
    dependencies:
      - python=3.12
      - pip
      - pip:
          - git+https://github.com/openai/CLIP.git

Good.
    dependencies:
      - python=3.12
      - pip
      - pip:
          - clip @ git+https://github.com/openai/CLIP.git@dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1

How to fix.
    Fill placeholders in, or check the file that they are filled into. Name the commit behind `@`. Publish a folder's
    project, or install it after the environment was made, with `pip install --no-deps -e .`. Write requirements that
    are behind a URL into a file here.

When it stays silent.
    The line names a commit, or a file behind a URL, which is locked with its hash. `-r FILE`, `-c FILE`, `--index-url`,
    `--extra-index-url` and `--find-links`, because `reprocheck lock` follows them (conda-lock does not); the lines of
    such a file are looked at like those of the pip section. The project of this folder itself (`-e .`), and a file that
    is not here, are worth no more than an info.

Sources.
    pip "Requirements File Format" and "VCS Support", read 2026-11-20; conda-lock 4.0.3,
    conda_lock/src_parser/environment_yaml.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.environments import PipRequirement
from reprocheck.model.findings import Confidence, Finding, RelatedLocation, Severity
from reprocheck.rules.declarations import Declaration, package_of, written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC106",
    name="unlockable-pip-line",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_VCS = re.compile(r"\b(?:git|hg|svn|bzr)\+[^\s#@]+://(?:[^\s/#]*@)?[^\s#@]+(?:@(?P<ref>[^\s#]+))?")
_COMMIT = re.compile(r"^(?:[0-9a-f]{7,64}|[0-9]+)$")
_CLAUSE = re.compile(r"\s*(?:(?:===?|!=|~=|[<>]=?)\s*[^\s=]\S*\s*)?")
_OWN_PROJECT = re.compile(r"^(?:(?:-e|--editable)[ =]+)?(?P<quote>[\"']?)(?:file:)?\.[/\\]?(?:\[[^\]]*\])?(?P=quote)$")
_MOST_NAMED = 3
_AFTERWARDS = "install it after the environment was made, with `pip install --no-deps`"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all placeholders, and one for each other line of the pip section that cannot be locked."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    unfilled = [entry for entry in entries if _placeholder(entry)]
    if unfilled:
        yield _unfilled(unfilled)
    for requirement in environment.pip:
        found = None if requirement in unfilled else _objection(requirement)
        if found:
            yield _finding(requirement, *found)


def _placeholder(entry: Declaration) -> str | None:
    """Return the first placeholder of an entry; most have no sign that could begin one."""
    if "{{" not in entry.text and "@" not in entry.text:
        return None
    found = re.search(r"\{\{[^{}]*\}\}|@[A-Z][A-Z0-9_]*@", entry.text)
    return found.group() if found else None


def _unfilled(entries: list[Declaration]) -> Finding:
    first, *others = entries
    more = f", as in {len(others)} more lines" if others else ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{_placeholder(first)}` in `{written(first)}` is a placeholder, which no installer fills in{more}",
        location=first.location,
        related=tuple(
            RelatedLocation(location=entry.location, message=f"`{written(entry)}`") for entry in others[:_MOST_NAMED]
        ),
        packages=tuple(package_of(entry) for entry in entries if entry.name),
        evidence=("a lock names files and their hashes",),
        fix="write a version, or check the file that the placeholders are filled into",
    )


def _objection(requirement: PipRequirement) -> tuple[str, str] | None:
    """Return the message and the fix for a line, None where it can be locked."""
    text = written(requirement)
    if requirement.kind == "option":
        return _objection_to_option(requirement, text)
    if _is_no_requirement(requirement):
        return f"`{text}` is no line that pip understands", "write it as `name==1.2`, `name>=1,<2` or `name @ URL`"
    if requirement.kind not in ("url", "editable", "path"):
        return None
    vcs = _VCS.search(text)
    name = f"`{requirement.name or text}`"
    if vcs and not (vcs["ref"] and _COMMIT.match(vcs["ref"])):
        branch = f"`{vcs['ref']}`" if vcs["ref"] else "the default branch"
        return f"{name} is whatever {branch} holds on the day of installation", "name a commit behind `@`"
    if requirement.kind == "editable":
        how = "write it without `-e`" if vcs else _AFTERWARDS
        return f"{name} is an editable install, which no lock can hold", how
    if requirement.kind == "path":
        return f"`{text}` is a local path, which no lock can hold", _AFTERWARDS
    return None


def _is_no_requirement(requirement: PipRequirement) -> bool:
    """Say whether pip would refuse the line; `=1.2` is conda's spelling."""
    clauses = requirement.specifier.split(",") if requirement.kind == "requirement" else ()
    return requirement.kind == "unreadable" or not all(map(_CLAUSE.fullmatch, clauses))


def _objection_to_option(requirement: PipRequirement, text: str) -> tuple[str, str] | None:
    # Imported where they are needed: few pip sections hold an option, and `check` starts without them.
    from reprocheck.readers.pip_options import read_pip_options
    from reprocheck.readers.requirements_txt import named_file

    if _local_file(requirement) is not None:
        return f"the file of `{text}` cannot be read", "correct the path, or remove the line"
    if named_file(requirement) is not None:
        return f"the requirements behind `{text}` are not read", "write them into a file here, and name that"
    if not read_pip_options([requirement]).unknown:
        return None
    return f"`{text}` is an option that a lock does not follow", "remove the line"


def _finding(requirement: PipRequirement, message: str, fix: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO if _is_mild(requirement) else RULE.severity,
        confidence=RULE.confidence,
        message=message,
        location=requirement.location,
        packages=(package_of(requirement),) if requirement.name else (),
        evidence=("a lock names files and their hashes",),
        fix=fix,
    )


def _is_mild(requirement: PipRequirement) -> bool:
    """Say whether a line is the project of this folder, or a file that may only not have come along."""
    if requirement.kind in ("editable", "path"):
        return _OWN_PROJECT.match(requirement.text) is not None
    return requirement.kind == "option" and _local_file(requirement) is not None


def _local_file(requirement: PipRequirement) -> str | None:
    # Imported where they are needed: few pip sections hold an option, and `check` starts without them.
    from reprocheck.readers.requirements_txt import is_remote, named_file

    named = named_file(requirement)
    return named[1] if named and not is_remote(named[1]) else None
