"""The MatchSpec strings of an environment.yml, taken apart as conda takes them apart.

Only taken apart, never judged: `python >=3.11 <3.12` keeps `<3.12` as its build, because that is what a
space means to conda. A subdir behind the channel (`defaults/linux-64::numpy`, as exports write it) says nothing that
the platform does not say, and goes. Matching versions is the solver's work.

Source: docs.conda.io "Package match specifications"; conda `MatchSpec` in conda/models/match_spec.py.
"""

from __future__ import annotations

import re

from reprocheck.model.data_classes import dataclass

_NAME = re.compile(r"^(?P<name>[A-Za-z0-9_][A-Za-z0-9_.\-]*|\*)\s*(?P<rest>.*)$", re.DOTALL)
_BRACKETS = re.compile(r"^(?P<head>[^\[]*)\[(?P<inside>[^\]]*)\]$")
_PAIR = re.compile(r"""\s*(?P<key>\w+)\s*=\s*(?P<value>"[^"]*"|'[^']*'|[^,'"]+)\s*(?:,|$)""")
_SPACE_AFTER_OPERATOR = re.compile(r"([<>=!~,|])\s+")
_SPACE_BEFORE_COMMA = re.compile(r"\s+([,|])")
_PINNED = re.compile(r"^(?P<version>={1,2}[^=\s]+)(?:=|\s+)(?P<build>\S.*)$")
_BARE = re.compile(r"^(?P<version>\S*?[^<>=!~\s])(?:(?<![<>=!~])=(?!=)|\s+)(?P<build>\S.*)$")

_SUBDIR = re.compile(r"/(?:noarch|(?:linux|osx|win|zos|freebsd|emscripten|wasi)-[a-z0-9]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecParts:
    """A MatchSpec in pieces: constraints as written, None when absent; `name` in lower case."""

    name: str
    version: str | None
    build: str | None
    channel: str | None


def split_match_spec(text: str) -> SpecParts | None:
    """Return the parts of a MatchSpec string, None when it has no name to begin with."""
    head, keys = _split_brackets(text.strip())
    channel, _, named = head.rpartition("::")
    found = _NAME.match(named.strip())
    if not found:
        return None
    version, build = _split_constraint(found["rest"])
    channel = keys.get("channel", channel)
    return SpecParts(
        name=found["name"].lower(),
        version=keys.get("version", version),
        build=keys.get("build", build),
        channel=_SUBDIR.sub("", channel) or None,
    )


def _split_brackets(text: str) -> tuple[str, dict[str, str]]:
    found = _BRACKETS.match(text)
    if not found:
        return text, {}
    pairs = {pair["key"]: pair["value"].strip("\"' ") for pair in _PAIR.finditer(found["inside"])}
    return found["head"].strip(), pairs


def _split_constraint(rest: str) -> tuple[str | None, str | None]:
    tight = _SPACE_BEFORE_COMMA.sub(r"\1", _SPACE_AFTER_OPERATOR.sub(r"\1", rest.strip()))
    if not tight:
        return None, None
    found = _PINNED.match(tight) or (None if tight.startswith("=") else _BARE.match(tight))
    return (found["version"], found["build"].strip()) if found else (tight, None)
