"""Addresses of the pip part: what is fetched, with secrets, and what may be written down, without.

`$VAR` and `${VAR}` in an address are how a secret is kept out of files. They are replaced only to fetch; what is
locked or shown has the reference again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from reprocheck.errors import InputError
from reprocheck.model.redaction import public_line, public_url

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<bare>\w+))")
_ONLY_REFERENCES = re.compile(r"^(?:[\w.\-]+:)?\$(?:\{\w+\}|\w+)(?::\$(?:\{\w+\}|\w+))?$")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")
_SHORTEST_SECRET = 6  # a shorter value stands in ordinary words, and replacing it would spoil them


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What the addresses `written` in the sources refer to. Relative ones are meant from `folder`."""

    folder: Path
    written: tuple[str, ...] = field(default=(), repr=False)
    environ: Mapping[str, str] = field(repr=False)

    def to_fetch(self, address: str) -> str:
        """Return an address to fetch from: references replaced by their values, a local path as a URL.

        Raises:
            InputError: it refers to a variable that is not set.
        """
        full = _VARIABLE.sub(lambda found: self._value(found, address), address.strip())
        return full if _URL.match(full) else (self.folder / Path(full).expanduser()).resolve().as_uri()

    def to_lock(self, url: str) -> str:
        """Return a URL without credentials, but with the references that a written address of its host has."""
        shown = self._with_references(public_url(url))
        host = urlsplit(shown).netloc
        if urlsplit(url).netloc.startswith("git@"):  # a name that everybody uses, and ssh does not go without
            return shown.replace(f"//{host}", f"//git@{host}", 1)
        for address in self.written:
            user, found, rest = urlsplit(address).netloc.rpartition("@")
            if found and rest == host and _ONLY_REFERENCES.match(user):
                return shown.replace(f"//{host}", f"//{user}@{host}", 1)
        return shown

    def to_show(self, text: str) -> str:
        """Return a text without credentials."""
        return self._with_references(public_line(text))

    def _value(self, found: re.Match[str], address: str) -> str:
        name = _name(found)
        if name not in self.environ:
            raise InputError(
                f"environment variable `{name}` is not set",
                where=public_url(address),
                why="an address of the pip part refers to it",
                how=f"set `{name}`, or write the address without it",
            )
        return self.environ[name]

    def _with_references(self, text: str) -> str:
        for address in self.written:
            for found in _VARIABLE.finditer(address):
                value = self.environ.get(_name(found), "")
                if len(value) >= _SHORTEST_SECRET:
                    text = text.replace(value, found[0])
        return text


def _name(found: re.Match[str]) -> str:
    return found["braced"] or found["bare"]
