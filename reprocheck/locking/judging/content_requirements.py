"""Lines of a pip section in the words of conda-lock's content hash, and on which platforms conda-lock keeps them.

conda-lock looks at the system in a marker and at nothing else: a clause about anything else counts as true.

Source: conda-lock 4.0.3, src_parser/pyproject_toml.py `parse_python_requirement`, src_parser/markers.py; PEP 508.
"""

from __future__ import annotations

import re
from urllib.parse import urldefrag

from reprocheck.locking.judging.content_specs import Dependency, Untold, versioned
from reprocheck.model.environments import PipRequirement
from reprocheck.model.project_names import normalise_name

_LINE = re.compile(
    r"^(?P<name>[A-Za-z0-9](?:[\w.\-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[\w\s,.\-]*)\])?\s*"
    r"(?:@\s*(?P<url>\S+)|(?P<constraint>[(<>=!~].*)?)$",
    re.ASCII,
)
_CLAUSE = re.compile(
    r"^(?P<operator>===|~=|==|!=|<=|>=|<|>)\s*(?P<version>v?(?:\d+!)?\d+(?:\.\d+)*(?:[\w.\-]*[A-Za-z0-9])?"
    r"(?:\.\*|\+[\w.\-]+)?)$",
    re.ASCII,
)
_EDITABLE = re.compile(r"^-e .")
_BARE_URL = ("git+", "https://", "ssh://")
_COMPARISON = re.compile(
    r"""^(?P<name>[a-z_]+)\s*(?P<operator>==|!=|<=|>=|<|>|~=)\s*(?P<quote>["'])(?P<value>[^"']*)(?P=quote)$"""
)
_PLAIN = re.compile(r"^\d+(?:\.\d+)*$", re.ASCII)
SYSTEM_MARKERS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "osx": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


def pip_dependency(requirement: PipRequirement, platform: str) -> Dependency | None:
    """Return a pip dependency as conda-lock hashes it for `platform`, None where it leaves the line out.

    Raises:
        Untold: a line that is not plain, that depends on local files, or that conda-lock would refuse.
    """
    line = requirement.address or requirement.text
    if _EDITABLE.match(line):
        return None
    wanted, semicolon, marker = (part.strip() for part in line.partition(";"))
    if ";" in marker:
        raise Untold(f"`{requirement.name}` has two markers")
    told = {"manager": "pip", "category": requirement.category}
    if semicolon:
        told["markers"] = marker
    if semicolon and not _marker_holds(marker, platform):
        return None
    return _dependency(wanted, told)


def _dependency(wanted: str, told: dict[str, str]) -> Dependency:
    wanted, _, digest = wanted.partition(" --hash=")
    if wanted.startswith(_BARE_URL):
        # conda-lock takes the last part of a bare address for the name of the project.
        wanted = f"{wanted.rsplit('/', 1)[-1].split('@')[0].removesuffix('.git')} @ {wanted}"
    found = _LINE.match(wanted)
    if not found or " --hash=" in digest:
        raise Untold("a pip line is written in an unusual way")
    name = normalise_name(found["name"])
    extras = sorted({extra.strip() for extra in (found["extras"] or "").split(",")} - {""})
    if found["url"] is not None:
        return _direct(name, extras, found["url"], told)
    version = _constraint(found["constraint"] or "") or "*"
    return versioned(name=name, extras=extras, version=version, hash=digest or None, **told)


def _direct(name: str, extras: list[str], url: str, told: dict[str, str]) -> Dependency:
    if url.startswith("git+"):
        return {"name": name, "extras": [], **_repository(url), **told}
    if not url.startswith(("https://", "ssh://")):
        raise Untold(f"`{name}` comes from a local path")
    address, fragment = urldefrag(url)
    return {"name": name, "extras": extras, "url": address, "hashes": [fragment.replace("=", ":")], **told}


def _repository(url: str) -> dict[str, str | None]:
    """Return where a repository is and which revision is meant; `git@` in an address is a user, not a revision."""
    address = url.removesuffix(".git").removeprefix("git+")
    *parts, last = address.split("@")
    if len(parts) > 2:
        raise Untold("a pip line is written in an unusual way")
    source, revision = ("@".join(parts), last) if parts else (address, None)
    told: dict[str, str | None] = {"source": source, "vcs": "git", "rev": revision}
    if revision and "#subdirectory=" in revision:
        told["rev"], told["subdirectory"] = revision.split("#subdirectory=", 1)
    return told


def _constraint(text: str) -> str:
    """Return the clauses sorted, without spaces."""
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    found = [_CLAUSE.match(clause.strip()) for clause in text.split(",") if clause.strip()]
    clauses = {(clause["operator"], clause["version"]) for clause in found if clause}
    if None in found or _repeats_itself(clauses):
        raise Untold("a version of a pip line is written in an unusual way")
    return ",".join(sorted(f"{operator.replace('===', '==')}{version}" for operator, version in clauses))


def _repeats_itself(clauses: set[tuple[str, str]]) -> bool:
    """Say whether two clauses may mean the same, of which conda-lock would keep one: `>=1` and `>=1.0`."""
    meant: set[tuple[str, str]] = set()
    for operator, version in clauses:
        several = sum(other == operator for other, _ in clauses) > 1
        if several and not _PLAIN.match(version):
            return True
        meant.add((operator, re.sub(r"(?:\.0+)+$", "", version)))
    return len(meant) < len(clauses)


def _marker_holds(marker: str, platform: str) -> bool:
    plain = marker[1:-1] if marker.startswith("(") and marker.endswith(")") else marker
    if "(" in plain or " in " in plain:
        raise Untold("a marker of a pip line is nested")
    system = SYSTEM_MARKERS.get(platform.split("-")[0], {})
    return any(
        all(_clause_holds(clause.strip(), system) for clause in re.split(r"\band\b", part))
        for part in re.split(r"\bor\b", plain)
    )


def _clause_holds(clause: str, system: dict[str, str]) -> bool:
    found = _COMPARISON.match(clause)
    if not found or (found["name"] in system and found["operator"] not in ("==", "!=")):
        raise Untold("a marker of a pip line is written in an unusual way")
    value = system.get(found["name"])
    return value is None or (value == found["value"]) is (found["operator"] == "==")
