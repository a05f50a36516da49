"""The environment was moved or copied after it was made, and its files lead to the old place.

What it checks.
    Which Python the first scripts of the environment start by a whole path, and where `reprocheck create` made it,
    against the folder in which it lies.

Why it matters.
    Every file is as it was installed, so no digest shows it; but the path of the old place is written into scripts,
    libraries and settings. `pip`, `torchrun` or `jupyter` of this environment fail where the old place is gone, and
    where it is not they run and change that environment instead of this one.

Bad.
    prefix, shortened:
      - kind venv
      - pip linux-64 pip 25.0, by pip
        - bin/pip
      - made bin/pip starts other /srv/old/bin/python

Good.
    prefix, shortened:
      - kind venv
      - pip linux-64 pip 25.0, by pip
        - bin/pip
      - made bin/pip starts this /srv/env/bin/python

How to fix.
    Make it anew at its place: `reprocheck create -p PREFIX`, `pixi clean` and `pixi install`, `python -m venv` or
    `uv venv`. conda-pack and venv-pack move an environment and write its paths anew.

When it stays silent.
    One of the scripts starts the Python of this environment, or they start the operating system's; `#!/usr/bin/env
    python` and relative lines tell no place; a Python that stands by itself, which is made to be moved. A link to an
    environment is its place too. What a container made is moved for whoever looks from outside of it.

Sources.
    docs.python.org, "venv" ("not movable or copyable"); docs.conda.io "Managing environments" (cloning, conda-pack);
    what pip 24, uv 0.13 and rattler 0.28 write into scripts, tried 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import MADE_MARK, Birthmark, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import place, without_home
from reprocheck.rules.repairs import creation
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC612",
    name="moved-environment",
    family=Family.INSTALLED,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),
    since="0.1.0",
)
_OF_THE_SYSTEM = ("/bin/", "/usr/bin/", "/usr/local/bin/")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where the environment's files lead to another place."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen) or prefix.maker == "python":
        return
    told = [mark for mark in prefix.birthmarks if not mark.python.startswith(_OF_THE_SYSTEM)]
    scripts = [mark for mark in told if mark.path != MADE_MARK]
    away = [mark for mark in told if mark.starts != "this"]
    if away and (away[0].path == MADE_MARK or len(away) == len(scripts)):
        yield _finding(prefix, away)


def _finding(prefix: Prefix, away: list[Birthmark]) -> Finding:
    first, *others = away
    names = "names" if first.path == MADE_MARK else "starts"
    whose = "where nothing is any more" if first.starts == "missing" else "which is not in it"
    more = (f"so do {', '.join(f'`{mark.path}`' for mark in others)}",) if others else ()
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{prefix.path}` was made at another place, and its files lead there:"
        f" `{first.path}` {names} `{without_home(first.python)}`, {whose}",
        location=place(prefix, first.path),
        platforms=(prefix.platform,),
        evidence=(*more, "the path was written into files when they were installed: their digests do not show it"),
        fix=_fix(prefix),
    )


def _fix(prefix: Prefix) -> str:
    if prefix.maker == "reprocheck":
        return f"run `{creation(prefix)}`"
    if prefix.maker == "pixi":
        return "run `pixi clean`, then `pixi install`"
    how = "`python -m venv`" if prefix.kind == "venv" else f"`{creation(prefix)}`"
    tool = "venv-pack" if prefix.kind == "venv" else "conda-pack"
    return f"make it anew at its place ({how}), or bring it there with `{tool}`"
