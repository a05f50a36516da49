"""A Jupyter kernel of this environment starts another Python.

What it checks.
    The kernels that the environment offers, and those of the user and of the machine that bear its name or lead into
    it: whose Python their `kernel.json` starts.

Why it matters.
    A notebook computes with the Python that its kernel starts, whatever environment Jupyter itself runs in. Imports
    then come from elsewhere, and neither the lock nor an audit of this environment says anything about the results.

Bad.
    prefix, shortened:
      - conda linux-64 ipykernel 6.29.5 pyh3099207_0
        - share/jupyter/kernels/python3/kernel.json
      - kernel environment python3 share/jupyter/kernels/python3/kernel.json starts other /usr/bin/python3

Good.
    prefix, shortened:
      - conda linux-64 ipykernel 6.29.5 pyh3099207_0
        - share/jupyter/kernels/python3/kernel.json
      - kernel environment python3 share/jupyter/kernels/python3/kernel.json starts this python

How to fix.
    Write the kernel anew with the Python of this environment, `PYTHON -m ipykernel install --prefix PREFIX` (the
    user's: `--user --name NAME`), or remove the one that leads elsewhere with `jupyter kernelspec remove NAME`.

When it stays silent.
    The kernel starts this environment's Python, a bare `python` in the environment's own folder too: Jupyter puts its
    own in its place. Nobody can say what a shell script starts; but where a user's kernel of that kind has the name of
    the environment's own, an info says that it may hide it: Jupyter takes the user's first, unless it runs in a virtual
    environment or an activated one of conda (jupyter_core 5).

Sources.
    jupyter-client.readthedocs.io "Making kernels for Jupyter"; docs.jupyter.org "Jupyter's Common Directories and File
    Locations"; jupyter_core 5.7, `paths.py` (which folders come first), read 2026-11-21.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Location, Severity
from reprocheck.model.prefixes import Kernel, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import place, without_home
from reprocheck.rules.repairs import python_of
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC607",
    name="jupyter-kernel-elsewhere",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),
    since="0.1.0",
)

_OWN_FOLDER = "share/jupyter/kernels/"
_DATA_FOLDERS = r"(?=/(?:\.local/share|Library|AppData/Roaming)/jupyter/)"
_WHOSE = {"environment": "the environment's own", "user": "the user's", "system": "the machine's"}
_STARTS = {
    "other": "starts another Python",
    "missing": "starts a Python that is not there",
    "unknown": "may hide the environment's own: nobody can say which Python it starts",
}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each kernel that starts another Python, or none."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return
    own = {kernel.name.lower() for kernel in prefix.kernels if kernel.scope == "environment"}
    for kernel in prefix.kernels:
        hides = kernel.scope == "user" and kernel.name.lower() in own
        if kernel.starts in ("other", "missing") or (kernel.starts == "unknown" and hides):
            yield _finding(prefix, kernel, hides=hides)


def _finding(prefix: Prefix, kernel: Kernel, *, hides: bool) -> Finding:
    claim = "" if kernel.scope == "environment" else ", which bears the name of this environment or leads into it,"
    hidden = "Jupyter takes the user's kernel before the environment's of the same name, unless it runs activated"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=_severity(kernel),
        confidence=Confidence.MEDIUM if kernel.starts == "unknown" else RULE.confidence,
        message=f"{_WHOSE[kernel.scope]} kernel `{kernel.name}`{claim} {_STARTS[kernel.starts]}:"
        f" `{_shown(kernel.python, prefix, kernel)}`",
        location=_location(prefix, kernel),
        platforms=(prefix.platform,),
        evidence=(hidden,) if hides else (),
        fix=_fix(prefix, kernel),
    )


def _severity(kernel: Kernel) -> Severity:
    if kernel.starts == "unknown":
        return Severity.INFO
    return RULE.severity if kernel.scope == "environment" else Severity.WARNING


def _location(prefix: Prefix, kernel: Kernel) -> Location:
    path = kernel.path.replace("\\", "/")
    if kernel.scope == "environment":
        return place(prefix, f"{_OWN_FOLDER}{path.rpartition(_OWN_FOLDER)[2]}")
    return Location(path=_shown(path, prefix, kernel), line=1, column=1)


def _shown(path: str, prefix: Prefix, kernel: Kernel) -> str:
    """Return a path as far as it may be shown: below the prefix as its user named that, no one's home by its name."""
    path = path.replace("\\", "/")
    inside = kernel.path.replace("\\", "/").partition(f"/{_OWN_FOLDER}")[0] if kernel.scope == "environment" else ""
    if inside and path.startswith(f"{inside}/"):
        return f"{prefix.path.rstrip('/')}{path.removeprefix(inside)}"
    home = re.split(_DATA_FOLDERS, kernel.path.replace("\\", "/"))[0] if kernel.scope == "user" else ""
    if home and path.startswith(f"{home}/"):
        return f"~{path.removeprefix(home)}"
    return without_home(path)


def _fix(prefix: Prefix, kernel: Kernel) -> str:
    words = [python_of(prefix), "-m", "ipykernel", "install"]
    if kernel.scope == "environment":
        return f"run `{shlex.join([*words, '--prefix', prefix.path, '--name', kernel.name])}`"
    words += ["--user", "--name", kernel.name, "--display-name", kernel.display_name or kernel.name]
    return f"run `{shlex.join(words)}`, or `jupyter kernelspec remove {shlex.quote(kernel.name)}` if nobody needs it"
