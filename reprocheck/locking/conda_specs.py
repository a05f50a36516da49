"""From a dependency as a person wrote it to the one spelling that the solver reads strictly.

conda's reading (docs.conda.io "Package match specifications", conda/models/match_spec.py): `=1.2` alone is a
prefix, `=1.2` before a build string and a bare `1.2` are exact versions.
"""

from __future__ import annotations

import re

from reprocheck.errors import InputError
from reprocheck.model.environments import CondaSpec
from reprocheck.model.redaction import public_line

_BARE_VERSION = re.compile(r"[A-Za-z0-9_.+!\-]+")
_OTHER_KEYS = re.compile(r"\[(?P<inside>.*)\]\s*$", re.DOTALL)
_KEY = re.compile(r"""(?:^|,)\s*(?P<key>\w+)\s*=""")
_UNDERSTOOD = frozenset({"version", "build", "channel", "name"})


def canonical_spec(spec: CondaSpec, channel: str | None) -> str:
    """Return `spec` as `name[version="…",build="…",channel="…"]`; `channel` is a URL or None.

    Raises:
        InputError: a space made a version constraint a build string (RC102), or keys that nobody could lock.
    """
    if spec.build is not None and re.match(r"[<>=!~]", spec.build):
        raise _ambiguous(spec)
    _refuse_other_keys(spec)
    pieces = {"version": canonical_version(spec), "build": spec.build, "channel": channel}
    inside = ",".join(f'{key}="{value}"' for key, value in pieces.items() if value is not None)
    return f"{spec.name}[{inside}]" if inside else spec.name


def canonical_version(spec: CondaSpec) -> str | None:
    """Return the version constraint as the solver spells it, None for any version."""
    version, build = spec.version, spec.build
    bare = (version or "").lstrip("=")
    if version is None or bare == "*" or version == "=":
        return None
    if "," in version or "|" in version:
        return version
    if version.startswith("=="):
        # libmamba and rattler read `==1.20.*` as a prefix; classic conda alone ignored the `.*`.
        return bare if bare.endswith("*") else version
    if not _BARE_VERSION.fullmatch(bare):
        return bare  # an operator or a `*`; `=>1.2` is read as `>1.2`, as conda reads it
    return f"{bare}.*" if version.startswith("=") and build is None else f"=={bare}"


def _refuse_other_keys(spec: CondaSpec) -> None:
    found = _OTHER_KEYS.search(spec.text)
    if not found:
        return
    others = sorted({key["key"] for key in _KEY.finditer(found["inside"])} - _UNDERSTOOD)
    if others:
        raise InputError(
            f"key `{others[0]}` of `{public_line(spec.text)}` is not supported",
            where=str(spec.location),
            why="a lock is solved from `version`, `build` and `channel`",
            how="name version and build instead",
        )


def _ambiguous(spec: CondaSpec) -> InputError:
    return InputError(
        f"spec `{public_line(spec.text)}` is ambiguous",
        where=str(spec.location),
        why=f"after a space conda reads `{spec.build}` as a build string (RC102)",
        how=f"write `{spec.name} {spec.version},{spec.build}`",
    )


def unreadable_spec(spec: CondaSpec, why: str) -> InputError:
    """Return the error for a spec that the solver's strict parser refuses."""
    return InputError(
        f"spec `{public_line(spec.text)}` cannot be read",
        where=str(spec.location),
        why=why,
        how="write it as `name=1.2`, `name>=1.2,<2` or `name=1.2=build`",
    )
