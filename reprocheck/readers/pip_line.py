"""The lines of a `pip:` section or a requirements file: what kind of line, which project, what constraint.

Read leniently: placeholders and broken specifiers still name a project, and the rules want that name.
Source: PEP 508 grammar; pip "Requirements File Format" (a comment begins with ` #`, options of one requirement such
as `--hash` stand behind it).
"""

from __future__ import annotations

import re

from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import MAIN, PipKind, PipRequirement
from reprocheck.model.findings import Location
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_line, public_url

_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*(?P<rest>.*)$"
)
# Looking back for the start of a run of spaces keeps a line of nothing but spaces from taking seconds.
_COMMENT = re.compile(r"(?<=\S)\s+#.*$")
_OWN_OPTIONS = re.compile(r"(?<=\S)\s+--?[A-Za-z].*$")
_BEFORE_MARKER = re.compile(r"\s;|;\s")
_FILE_URL = re.compile(r"^file:", re.IGNORECASE)
_PATH_AFTER_AT = re.compile(r"^(?:\.|/|~|[A-Za-z]:[\\/])")
_URL = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.\-]*://|git\+|hg\+|svn\+|bzr\+)")
_EGG = re.compile(r"#(?:.*&)?egg=(?P<name>[A-Za-z0-9._\-]+)")
_WHEEL = re.compile(r"(?:^|/)(?P<name>[A-Za-z0-9._]+)-[^/]*\.whl(?:[#?].*)?$")
_SPECIFIER = re.compile(r"^\(?\s*(?:[<>=!~]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipLine:
    """A pip line in pieces. `name` and `extras` are normalised; `name` is None where the line names no project."""

    kind: PipKind
    name: str | None = None
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str | None = None


def read_pip_line(
    text: str, location: Location, *, category: str = MAIN, selector: str | None = None
) -> PipRequirement:
    """Return one line as a requirement; its text is safe to show, its address is the line as written."""
    parts = split_pip_line(text)
    return PipRequirement(
        text=public_line(" ".join(public_url(word) for word in text.split(" "))),
        kind=parts.kind,
        name=parts.name,
        specifier=parts.specifier,
        marker=parts.marker,
        location=location,
        extras=parts.extras,
        category=category,
        selector=selector,
        address=text,
    )


def split_pip_line(text: str) -> PipLine:
    """Return the parts of one line."""
    line = _COMMENT.sub("", text.strip())
    if line.startswith("-"):
        return _option(line)
    line = _OWN_OPTIONS.sub("", line)
    if _FILE_URL.match(line) or line.startswith((".", "/", "~")):
        return PipLine(kind="path", name=_name_in_url(line))
    if _URL.match(line):
        address, marker = cut_marker(line)
        return PipLine(kind="url", name=_name_in_url(address), specifier=public_url(address), marker=marker)
    if _WHEEL.search(line) and "@" not in line:
        return PipLine(kind="path", name=_name_in_url(line))
    return _requirement(line)


def cut_marker(address: str) -> tuple[str, str | None]:
    """Return an address and its marker; a semicolon without a space beside it belongs to the address (pip)."""
    url, *marker = _BEFORE_MARKER.split(address, maxsplit=1)
    return url.strip(), "".join(marker).strip() or None


def _option(line: str) -> PipLine:
    flag, _, rest = re.sub(r"^(--editable)=", r"\1 ", line).partition(" ")
    if flag in ("-e", "--editable"):
        return PipLine(kind="editable", name=_name_in_url(rest.strip()))
    return PipLine(kind="option")


def _requirement(line: str) -> PipLine:
    found = _REQUIREMENT.match(line)
    if not found:
        return PipLine(kind="unreadable")
    name, rest = normalise_name(found["name"]), found["rest"].strip()
    extras = _extras(found["extras"] or "")
    if rest.startswith("@"):
        address, marker = cut_marker(rest[1:].strip())
        if _FILE_URL.match(address) or _PATH_AFTER_AT.match(address):
            return PipLine(kind="path", name=name, extras=extras, marker=marker)
        return PipLine(kind="url", name=name, extras=extras, specifier=public_url(address), marker=marker)
    constraint, _, condition = (part.strip() for part in rest.partition(";"))
    if _SPECIFIER.match(constraint):
        specifier = constraint.strip("() ")
        return PipLine(kind="requirement", name=name, extras=extras, specifier=specifier, marker=condition or None)
    if constraint.startswith("/"):
        return PipLine(kind="path", specifier=constraint, marker=condition or None)
    return PipLine(kind="unreadable", name=name, extras=extras, specifier=constraint, marker=condition or None)


def _extras(text: str) -> tuple[str, ...]:
    return tuple(sorted({normalise_name(extra.strip()) for extra in text.split(",") if extra.strip()}))


def _name_in_url(text: str) -> str | None:
    found = _EGG.search(text) or _WHEEL.search(text)
    return normalise_name(found["name"]) if found else None
