"""Dependencies in the words of conda-lock's content hash: what it makes of a MatchSpec, and what is too odd to say.

conda-lock hands every spec to conda's MatchSpec and keeps name, version, build and channel of what comes back. The
plain syntax, which is nearly all that people write, is read here the same way without half a second of imports; a
test compares the two over thousands of spellings. Whatever is not plain raises `Untold`.

Source: conda-lock 4.0.3, src_parser/conda_common.py; conda 24.7 models/match_spec.py and models/version.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from reprocheck.model.environments import CondaSpec

Field: TypeAlias = "str | bool | list[str] | None"
Dependency: TypeAlias = Mapping[str, Field]

_ODD = re.compile(r"[#()$^\\]| if |@$|\.(?:conda|tar\.bz2)$")
_HEAD = re.compile(r"^(?:(?P<channel>.+?)::)?(?P<name>[\w.\-]+)(?P<rest>[ =<>!~].*)?$", re.DOTALL)
_BRACKETS = re.compile(r"^(?P<head>[^\[\]]+)\[(?P<inside>[^\[\]]+)\]$")
_KEY = re.compile(
    r"""(?P<key>[\w\-]+)=(?:"(?P<double>[^"']+)"|'(?P<single>[^"']+)'|(?P<bare>[^"', ]+))(?:,\s*|\s+|$)"""
)
_KEYS = frozenset({"version", "build", "channel", "build_number", "md5", "sha256", "url", "fn", "license"})
_SEPARATOR = re.compile(r"(?<=[^=!|,<>~])[ =](?P<build>[^\-=,|<>~]+)$")
_PIECE = re.compile(r"^(?P<operator>==|!=|<=|>=|~=|=|<|>)?(?P<version>[\w.+!*\-]+)$")
_PUBLIC_CHANNEL = re.compile(r"^(?:https?://conda\.anaconda\.org/)?(?P<name>\w[\w.\-]*(?:/[\w.\-]+)*)$")
_KNOWN_SUBDIR = re.compile(r"/(?:noarch|linux-(?:64|aarch64|ppc64le)|osx-(?:64|arm64)|win-64)$")
_OTHER_SUBDIR = re.compile(r"(?:^|/)(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi)-\w+)$")
_DEFAULTS = re.compile(r"^(?:defaults|(?:https?://repo\.anaconda\.com/)?pkgs/(?:main|r|msys2))$")


class Untold(Exception):
    """Something that cannot be put into conda-lock's words from here; the argument says what."""


def conda_dependency(spec: CondaSpec) -> Dependency:
    """Return a conda dependency as conda-lock hashes it.

    Raises:
        Untold: a spelling that is not plain, or that conda-lock would refuse.
    """
    text = spec.text
    if _ODD.search(text):
        raise Untold(f"`{spec.name}` is written in an unusual way")
    text, keys = _split_brackets(text)
    found = _HEAD.match(text)
    if not found:
        raise Untold(f"`{spec.name}` is written in an unusual way")
    version, build = _constraint(found["rest"] or "")
    channel = keys.get("channel") or found["channel"]
    version = keys.get("version", version)
    return versioned(
        name=found["name"].lower(),
        manager="conda",
        category=spec.category,
        version="" if version is None else _normal_version(version),
        build=keys.get("build", build),
        conda_channel=None if channel is None else _channel_name(channel),
    )


def versioned(**told: Field) -> Dependency:
    """Return a dependency with a version, absent fields filled in; `markers` only where there are some."""
    return {"extras": [], "build": None, "conda_channel": None, "hash": None, **told}


def _split_brackets(text: str) -> tuple[str, dict[str, str]]:
    if "[" not in text:
        return text, {}
    found = _BRACKETS.match(text)
    pairs = list(_KEY.finditer(found["inside"])) if found else []
    whole = sum(len(pair[0]) for pair in pairs)
    if not found or whole != len(found["inside"]) or not _KEYS.issuperset(pair["key"] for pair in pairs):
        raise Untold(f"`{text}` has keys that cannot be read")
    return found["head"], {pair["key"]: pair["double"] or pair["single"] or pair["bare"] for pair in pairs}


def _constraint(rest: str) -> tuple[str | None, str | None]:
    """Return version and build; a lone `=` behind the name says nothing to conda."""
    if len(rest) < 2:
        return None, None
    rest = rest.strip()
    found = _SEPARATOR.search(rest)
    version = (rest[: found.start()] if found else rest).replace(" ", "")
    build = found["build"].strip() if found else None
    if version in ("", "=", "=="):
        raise Untold("a version is missing")
    return _translated(version, build), build


def _translated(version: str, build: str | None) -> str:
    """Put a version as conda does: `=1.2` becomes `1.2*`, before a build `1.2`, and `==1.2` without a build `1.2`."""
    if not version.startswith("="):
        return version
    if version.startswith("==") and build is None:
        return version[2:]
    plain = version[1:]
    if any(character in plain for character in "=,|"):
        return version
    return plain if build is not None or plain.endswith("*") else f"{plain}*"


def _normal_version(version: str) -> str:
    """Return clauses and alternatives as conda prints them: without spaces, and `1.2*` with a dot."""
    return "".join(piece if piece in ",|" else _normal_piece(piece) for piece in re.split(r"([,|])", version))


def _normal_piece(piece: str) -> str:
    text = piece.strip()
    found = _PIECE.match(text)
    if not found:
        raise Untold(f"`{text}` is no version")
    glob = found["operator"] is None and text.endswith("*") and text != "*" and "*" not in text.rstrip("*")
    return f"{text[:-1]}.*" if glob and not text.endswith(".*") else text


def _channel_name(channel: str) -> str:
    plain = _KNOWN_SUBDIR.sub("", channel.rstrip("/"))
    if _DEFAULTS.match(plain):
        return "defaults"
    found = _PUBLIC_CHANNEL.match(plain)
    if not found or _OTHER_SUBDIR.search(plain) or plain.startswith("pkgs/"):
        raise Untold("a spec names its channel in an unusual way")
    return found["name"]
