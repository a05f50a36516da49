"""pip installed something that nobody can fetch again.

What it checks.
    Where the packages of pip and uv came from, as their `direct_url.json` tells: folders, editable installs,
    repositories without a commit, archives without a digest.

Why it matters.
    The code in a folder changes without any version, and is on one machine only. A branch is another code tomorrow, and
    so may be the file behind a URL. What was computed with it can be computed again by nobody.

Bad.
    prefix, shortened:
      - pip linux-64 einops 0.8.1, by pip, direct folder file:///home/me/src/einops

Good.
    prefix, shortened:
      - pip linux-64 einops 0.8.1, by pip, direct vcs https://h.invalid/e.git dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1

How to fix.
    Install it from a repository at a commit (`NAME @ git+https://HOST/REPOSITORY@COMMIT`) or from an archive with its
    hash, declare it so in the pip part, and lock it.

When it stays silent.
    The repository is pinned by its commit, the archive by a digest of its own or by the hash that the lock has for that
    address or file name: uv writes no digest down, even where it has compared one. RC605 tells where the lock holds
    another version. It is info where the environment file or the lock declares the folder (`-e .`), and for a
    repository of this machine, whose commit nobody else can fetch.

Sources.
    PyPA "Recording the Direct URL Origin of installed distributions" (PEP 610), read 2026-11-21; what uv writes
    (`archive_info` without a hash, under `--require-hashes` too), tried 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import Distribution, Origin, Prefix
from reprocheck.model.redaction import public_url
from reprocheck.rules.direct_origins import file_name, is_local, is_unpinned
from reprocheck.rules.drift import Key, locked_by_name
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import left_behind, place
from reprocheck.rules.package_drift import is_folder, of_distribution
from reprocheck.rules.relock_command import lock_tool
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC606",
    name="unpinned-direct-url",
    family=Family.INSTALLED,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),  # looks at the lock and the environment file too, where there are these
    since="0.1.0",
)

_OPTION = r"^(?:-e|--editable)[ =]+"
_EXTRAS = r"\[[^\]]*\]$"


class _Declared(NamedTuple):
    """What is meant to come from a folder: names of projects, of folders, and whether that of the file itself is."""

    projects: frozenset[str]
    folders: frozenset[str]
    own: bool


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each distribution whose origin nobody can go back to."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return
    locked = {} if isinstance(facts.lock, Unseen) else locked_by_name(facts.lock, prefix.platform)
    stale = left_behind(facts)
    loose = [(item, item.origin) for item in prefix.installed_by_pip if item.origin and item.record not in stale]
    loose = [(item, origin) for item, origin in loose if is_unpinned(facts, item) or _is_here(origin)]
    meant = _meant(loose, _declared(facts.environment, locked))
    for item, origin in loose:
        if not _has_another_version(item, locked.get(("pip", item.name), [])):
            severity = Severity.INFO if item.name in meant or origin.commit else RULE.severity
            yield _finding(facts, prefix, item, origin, severity)


def _is_here(origin: Origin) -> bool:
    return origin.kind == "vcs" and is_local(origin.address)


def _has_another_version(item: Distribution, locked: Sequence[LockedPackage]) -> bool:
    drifts = [of_distribution(package, item) for package in locked]
    return bool(drifts) and all(drift is not None and drift.kind == "version" for drift in drifts)


def _declared(environment: EnvironmentFile | Unseen, locked: Mapping[Key, Sequence[LockedPackage]]) -> _Declared:
    """Return what the environment file and the lock take from folders."""
    lines = () if isinstance(environment, Unseen) else environment.pip
    lines = tuple(line for line in lines if line.kind in ("editable", "path"))
    folders = {_folder(line) for line in lines}
    projects = {name for (_, name), packages in locked.items() if any(is_folder(package.url) for package in packages)}
    own = not folders.isdisjoint(("", ".", ".."))
    return _Declared(frozenset({*projects, *(line.name for line in lines if line.name)}), frozenset(folders), own)


def _folder(line: PipRequirement) -> str:
    """Return the last part of the path in `-e ./tools[dev]`."""
    path = re.sub(_OPTION, "", line.text.strip()).strip("'\"")
    return file_name(re.sub(_EXTRAS, "", path).removeprefix("file:"))


def _meant(loose: Sequence[tuple[Distribution, Origin]], declared: _Declared) -> frozenset[str]:
    """Return the projects that are declared to come from a folder.

    The one of `-e .` has no name there: where a single other one is left over, it is that.
    """
    local = [(item.name, file_name(origin.address)) for item, origin in loose if origin.kind in ("editable", "folder")]
    named = {name for name, folder in local if name in declared.projects or folder in declared.folders}
    others = [name for name, _ in local if name not in named]
    return frozenset({*named, *(others if declared.own and len(others) == 1 else ())})


def _finding(facts: Facts, prefix: Prefix, item: Distribution, origin: Origin, severity: Severity) -> Finding:
    message, fix = _told(item, origin)
    if severity is Severity.INFO and origin.kind != "vcs":
        fix = "commit what lies there before a run, and keep the commit with its results"
    else:
        fix = f"{fix} and run `{'reprocheck lock' if isinstance(facts.lock, Unseen) else lock_tool(facts.lock)}`"
    inside = f"{item.record}/direct_url.json" if item.record.endswith(".dist-info") else item.record
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=message,
        location=place(prefix, inside),
        packages=(item.reference,),
        platforms=(prefix.platform,),
        fix=fix,
    )


def _told(item: Distribution, origin: Origin) -> tuple[str, str]:
    """Return the message and the fix. Of a path only the last part is shown: the rest names a user."""
    address = public_url(origin.address)
    shown = file_name(address) if is_local(address) else address
    name, fix = f"`{item.name} {item.version}`", f"declare `{item.name} @ git+https://HOST/REPOSITORY@COMMIT`"
    if origin.kind == "editable":
        said = f"`{item.name}` is installed editable from the folder `{shown}`: its code changes without any version"
    elif origin.kind == "folder":
        said = f"{name} was installed from the folder `{shown}`, and nothing tells what that held"
    elif origin.kind == "archive":
        said = f"{name} was installed from `{shown}`, and nothing tells which bytes that were"
        fix = "publish the file where others find it" if is_local(address) else f"declare `{item.name} @ {shown}`"
    elif origin.commit:
        said = f"{name} was installed from the repository `{shown}`, which only this machine has"
    else:
        said = f"{name} was installed from the repository `{shown}`, and nothing tells at which commit"
    return f"pip's {said}", fix
