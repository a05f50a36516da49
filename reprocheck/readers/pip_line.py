"""The lines of a `pip:` section: what kind of line, which project, what constraint.

Read leniently: placeholders and broken specifiers still name a project, and the rules want that name.
Source: PEP 508 grammar; pip "Requirements File Format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reprocheck.model.environments import PipKind
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url

_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?P<rest>.*)$")
_URL = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.\-]*://|git\+|hg\+|svn\+|bzr\+)")
_EGG = re.compile(r"#(?:.*&)?egg=(?P<name>[A-Za-z0-9._\-]+)")
_WHEEL = re.compile(r"(?:^|/)(?P<name>[A-Za-z0-9._]+)-[^/]*\.whl(?:[#?].*)?$")
_SPECIFIER = re.compile(r"^\(?\s*(?:[<>=!~]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipLine:
    """A pip line in pieces. `name` is normalised, None where the line names no project."""

    kind: PipKind
    name: str | None
    specifier: str
    marker: str | None


def split_pip_line(text: str) -> PipLine:
    """Return the parts of one line of a `pip:` section."""
    line = text.strip()
    if line.startswith("-"):
        return _option(line)
    if _URL.match(line):
        return PipLine(kind="url", name=_name_in_url(line), specifier=public_url(line), marker=None)
    if line.startswith((".", "/", "~")) or (_WHEEL.search(line) and "@" not in line):
        return PipLine(kind="path", name=_name_in_url(line), specifier="", marker=None)
    return _requirement(line)


def _option(line: str) -> PipLine:
    flag, _, rest = re.sub(r"^(--editable)=", r"\1 ", line).partition(" ")
    if flag in ("-e", "--editable"):
        return PipLine(kind="editable", name=_name_in_url(rest.strip()), specifier="", marker=None)
    return PipLine(kind="option", name=None, specifier="", marker=None)


def _requirement(line: str) -> PipLine:
    requirement, _, marker = line.partition(";")
    found = _REQUIREMENT.match(requirement.strip())
    if not found:
        return PipLine(kind="unreadable", name=None, specifier="", marker=None)
    name, rest, condition = normalise_name(found["name"]), found["rest"].strip(), marker.strip() or None
    if rest.startswith("@"):
        return PipLine(kind="url", name=name, specifier=public_url(rest[1:].strip()), marker=condition)
    if _SPECIFIER.match(rest):
        return PipLine(kind="requirement", name=name, specifier=rest.strip("() "), marker=condition)
    kind: PipKind = "path" if rest.startswith("/") else "unreadable"
    return PipLine(kind=kind, name=None if kind == "path" else name, specifier=rest, marker=condition)


def _name_in_url(text: str) -> str | None:
    found = _EGG.search(text) or _WHEEL.search(text)
    return normalise_name(found["name"]) if found else None
