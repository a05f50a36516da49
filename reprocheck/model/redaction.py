"""Take credentials out of URLs before anything else sees them.

User info, query strings, and `/t/<token>/` in the path of a server's address go; scheme, host and path stay. A hash
fragment (`#sha256=…`, an md5) stays, any other fragment goes. Environment references such as `$TOKEN` are kept.

Source: anaconda.org token paths, docs.conda.io "conda token"; RFC 3986 §3.2.1 (userinfo).
"""

from __future__ import annotations

import functools
import re

_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?:(?P<user>[^/?#]*)@)?(?P<rest>.*)$", re.DOTALL)
_TOKEN = re.compile(r"/t/(?!\$)[^/]+")
_PRIVATE_WORDS = "token(?!iz)|secret|passw|api_?key|access_?key|private_?key|credential"
_PUBLIC_FRAGMENT = r"(?:[0-9a-f]{32}|(?:egg|subdirectory|md5|sha\d{3})[=:]|<fragment>)"
# In running text a URL ends at a space, or at a quotation mark or comma that ends a word; inside a secret both may
# stand (RFC 3986 §2.2, sub-delims). `git@` is a name that everybody uses.
_INSIDE = r"(?:[^/?#\s\"'`,]|[',](?![\s\"'`,\])}]|$))"
_IN_A_LINE = (
    (r"(?<=://)(?!git@)[^/?#\s]+@", "<credentials>@"),
    (rf"(?<![\s\"'`./])(/t/)(?!\$|<token>){_INSIDE}+", r"\1<token>"),
    (rf"(://[^?#\s\"'`]*\?)(?!<query>)(?:{_INSIDE}|[/?])+", r"\1<query>"),
    (rf"(://[^#\s\"'`]*#)(?!{_PUBLIC_FRAGMENT})(?:{_INSIDE}|[/?])+", r"\1<fragment>"),
    # What a variable of an environment file is called tells that its value is secret, or the value does.
    (rf"^(\s*[\"']?\w*(?i:{_PRIVATE_WORDS})\w*[\"']?\s*:\s+)(?!<secret>)[^\s#].*", r"\1<secret>"),
    (r"\b(?:hf_|gh[opsu]_|github_pat_|glpat-|xox[abp]-|sk-|AKIA)[A-Za-z0-9_\-]{16,}", "<secret>"),
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
    # A folder may be called `t`; tokens are for servers.
    shown = path if found["scheme"].lower() == "file://" else _TOKEN.sub("/t/<token>", path)
    return found["scheme"] + shown + kept


def public_line(line: str) -> str:
    """Return a line of a file without the credentials of its URLs and the values that are secret by their name.

    Anything else stays in its place.
    """
    if ":" not in line and "/t/" not in line:
        return line
    for pattern, instead in _patterns():
        line = pattern.sub(instead, line)
    return line


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compile them once they are needed: most environment files hold no colon beyond their keys."""
    return tuple((re.compile(pattern), instead) for pattern, instead in _IN_A_LINE)


def has_secret(text: str) -> bool:
    """Say whether a URL carries something that `public_url` would take out."""
    return public_url(text) != text
