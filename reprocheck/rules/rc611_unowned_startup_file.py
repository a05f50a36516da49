"""A file that Python reads whenever it starts belongs to no package.

What it checks.
    `.pth` files in `site-packages`, and modules `sitecustomize` and `usercustomize`, that no installed package lists.

Why it matters.
    Python runs them before the first line of any program: they can replace modules, put folders in front of the
    installed packages, set switches that change numbers. No lock names them, no installer repairs or removes them, and
    an environment that is made anew from the lock does not have them.

Bad.
    prefix, shortened:
      - pip linux-64 einops 0.8.1, by pip
        - lib/python3.11/site-packages/einops/__init__.py
      - startup lib/python3.11/site-packages/mine.pth folders

Good.
    prefix, shortened:
      - pip linux-64 einops 0.8.1, by pip
        - lib/python3.11/site-packages/einops/__init__.py
        - lib/python3.11/site-packages/einops.pth
      - startup lib/python3.11/site-packages/einops.pth code

How to fix.
    Look at what it does. Delete it, or bring it into a package that the lock names; declare a project's own folder
    as an editable install (`pip install -e`), which then is found as such.

When it stays silent.
    A package lists the file; it holds comments alone; it is one that virtualenv and uv put into every environment
    (`_virtualenv.pth`), or one of a namespace package of old tools (`*-nspkg.pth`); the folders of an
    `easy-install.pth` are editable installs, which RC606 tells.

Sources.
    docs.python.org, "site" (`.pth` files, `sitecustomize`); virtualenv 20 and uv 0.13 (`_virtualenv.pth`), tried
    2026-11-21; setuptools, "Packaging namespace packages" (`nspkg.pth`), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import Prefix, StartupFile
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import place
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC611",
    name="unowned-startup-file",
    family=Family.INSTALLED,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),
    since="0.1.0",
)
_OF_TOOLS = ("_virtualenv.pth", "easy-install.pth")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each file that nobody owns."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return
    for file in prefix.startup:
        if file.path not in prefix.owners and not _is_known(file.path.rpartition("/")[2]):
            yield _finding(prefix, file)


def _is_known(name: str) -> bool:
    return name in _OF_TOOLS or name.endswith("-nspkg.pth")


def _finding(prefix: Prefix, file: StartupFile) -> Finding:
    does = "runs code whenever Python starts" if file.runs else "puts further folders on Python's path"
    location = place(prefix, file.path)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"no package owns `{file.path}`, which {does}",
        location=location,
        platforms=(prefix.platform,),
        evidence=("no lock names it, and an environment made anew does not have it",),
        fix=f"look at what it does, then delete `{location.path}`, or bring it into a package",
    )
