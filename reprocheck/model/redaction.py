"""Take credentials out of URLs before anything else sees them.

User info, `/t/<token>/` path parts and query strings go; scheme, host and path stay. A hash fragment
(`#sha256=…`, an md5) stays, any other fragment goes. Environment references such as `$TOKEN` are kept.

Source: anaconda.org token paths, docs.conda.io "conda token"; RFC 3986 §3.2.1 (userinfo).
"""

from __future__ import annotations

import re

_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?:(?P<user>[^/?#]*)@)?(?P<rest>.*)$", re.DOTALL)
_TOKEN = re.compile(r"/t/(?!\$)[^/]+")
# In running text a URL ends at a space, a quotation mark or a comma. `git@` is a name that everybody uses.
_IN_A_LINE = (
    (re.compile(r"(?<=://)(?!git@)[^/?#\s\"'`,]+@"), "<credentials>@"),
    (re.compile(r"(://[^\s\"'`,]*/t/)(?!\$|<token>)[^/\s\"'`,]+"), r"\1<token>"),
    (re.compile(r"(://[^?#\s\"'`,]*\?)[^#\s\"'`,]+"), r"\1<query>"),
)
_HASH_FRAGMENT = re.compile(r"^(?:[0-9a-f]{32,128}|(?:md5|sha\d{3})[=:][0-9a-fA-F]+|egg=[\w.\-]+)$")


def public_url(text: str) -> str:
    """Return `text` without anything secret; text that is no URL comes back as it is."""
    found = _URL.match(text)
    if not found:
        return _TOKEN.sub("/t/<token>", text) if "/t/" in text else text
    rest, _, fragment = found["rest"].partition("#")
    path, _, _query = rest.partition("?")
    kept = f"#{fragment}" if _HASH_FRAGMENT.match(fragment) else ""
    return found["scheme"] + _TOKEN.sub("/t/<token>", path) + kept


def public_line(line: str) -> str:
    """Return a line of a file with the credentials of every URL in it taken out; anything else stays in its place."""
    if "://" not in line:
        return line
    for pattern, instead in _IN_A_LINE:
        line = pattern.sub(instead, line)
    return line


def has_secret(text: str) -> bool:
    """Say whether a URL carries something that `public_url` would take out."""
    return public_url(text) != text
