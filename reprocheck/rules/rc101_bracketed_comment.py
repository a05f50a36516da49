"""A comment in brackets makes conda-lock drop the line that it stands on.

What it checks.
    Comments, and URL fragments, that end in `[text]` where the text is no platform name that conda-lock knows.

Why it matters.
    conda-lock reads `# [text]` as a platform selector, as conda-build does. A text that it does not know matches
    no platform, so the whole line is dropped, on every platform. The lock is then made without that dependency,
    and nothing but a line in the log tells.

Bad.
    dependencies:
      - python=3.12
      - numpy=2.1  # keep below 2.2 [numba]

Good.
    dependencies:
      - python=3.12
      - numpy=2.1  # keep below 2.2 (numba)
      - nccl  # [linux]

How to fix.
    Write parentheses instead of brackets. For a platform, use one name that conda-lock knows: `linux`, `osx`,
    `win`, `unix`, `linux64`, `osx64`, `win64`, `arm64`, `aarch64`, `ppc64le`; it knows no `not`, `and` or `or`.

When it stays silent.
    The text is one of those names; the comment stands alone on its line; a closing parenthesis follows the
    bracket; the bracket stands before the `#`, as in `ray[tune]`.

Sources.
    conda-lock 4.0.3, conda_lock/src_parser/selectors.py, read 2026-11-20; conda/conda-lock#134.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, Location, PackageRef, Severity
from reprocheck.model.platform_selectors import KNOWN_SELECTORS, Selector, selector_of
from reprocheck.rules.declarations import Declaration, package_of
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC101",
    name="bracketed-comment",
    family=Family.ENVIRONMENT,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_PLATFORM_WORD = re.compile(r"\b(?:linux|osx|win|unix|arm64|aarch64|x86_64)(?:32|64)?\b")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each line that conda-lock drops."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return
    for number, line in enumerate(environment.lines, start=1):
        selector = selector_of(line)
        if selector and not selector.platforms:
            yield _finding(environment, number, selector)


def _finding(environment: EnvironmentFile, number: int, selector: Selector) -> Finding:
    entry = _entry_on(environment, number)
    name = f"`{entry.name}`" if entry and entry.name else "this line"
    text = selector.text.replace("`", "")
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{name} is dropped on every platform: conda-lock takes `[{text}]` for a platform selector",
        location=Location(path=environment.path, line=number, column=selector.column),
        packages=_packages(entry),
        evidence=(f"conda-lock keeps such a line only for {', '.join(KNOWN_SELECTORS)}",),
        fix=_fix(environment.lines[number - 1], selector),
        edits=_edits(environment, number, selector),
    )


def _fix(line: str, selector: Selector) -> str:
    text = selector.text.replace("`", "")
    if text.strip() in KNOWN_SELECTORS:
        return f"write `[{text.strip()}]` without spaces"
    if _PLATFORM_WORD.search(text):
        return "write one platform name that conda-lock knows, on a line for each platform"
    if not line[selector.column - 2].isspace():
        return f"put the extra before the address: `name[{text}] @ address`"
    return f"write `({text})` instead of `[{text}]`"


def _edits(environment: EnvironmentFile, number: int, selector: Selector) -> tuple[Edit, ...]:
    """Write the brackets of a comment as `fix` says; which platforms `[not win]` means is left to people."""
    line, text = environment.lines[number - 1], selector.text
    start = line.rfind(f"[{text}]")
    places = (comment.location for comment in environment.comments)
    in_comment = any(place.line == number and place.column <= start for place in places)
    if not in_comment or (_PLATFORM_WORD.search(text) and text.strip() not in KNOWN_SELECTORS):
        return ()
    instead = f"[{text.strip()}]" if text.strip() in KNOWN_SELECTORS else f"({text})"
    written = line[:start] + instead + line[start + len(text) + 2 :]
    return (Edit(path=environment.path, first=number, last=number, lines=(written,), safe=True),)


def _entry_on(environment: EnvironmentFile, number: int) -> Declaration | None:
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    return next((entry for entry in entries if entry.location.line == number), None)


def _packages(entry: Declaration | None) -> tuple[PackageRef, ...]:
    return (package_of(entry),) if entry and entry.name is not None else ()
