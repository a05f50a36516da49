"""What the URL of a conda package tells: its build string and its channel."""

from __future__ import annotations

import functools
import re
from urllib.parse import unquote, urlsplit

_ARCHIVE = re.compile(r"\.(?:conda|tar\.bz2)$")
_PATH_IS_CHANNEL = ("conda.anaconda.org", "repo.anaconda.com", "prefix.dev", "repo.prefix.dev")


def read_conda_url(url: str) -> tuple[str | None, str | None]:
    """Return build string and channel name of a conda package's URL, None for what it does not tell.

    The channel is what conda shows: the path on the public hosts, elsewhere the last part of the path (with
    `label/…` or `pkgs/…` where they belong to it).
    """
    folder, _, name = url.partition("#")[0].partition("?")[0].rpartition("/")
    stem, archives = _ARCHIVE.subn("", unquote(name) if "%" in name else name)
    pieces = stem.rsplit("-", 2)
    return (pieces[2] if archives and len(pieces) == 3 else None), _channel_name(folder)


@functools.lru_cache(maxsize=256)
def _channel_name(folder: str) -> str | None:
    """Return the channel of the packages in `folder`, which ends in the platform; None where it is no address."""
    try:
        parts = urlsplit(folder)
    except ValueError:  # brackets of an IPv6 address that do not match
        return None
    folders = [piece for piece in unquote(parts.path).split("/") if piece][:-1]
    if folders[:1] == ["t"]:
        folders = folders[2:]
    if parts.hostname in _PATH_IS_CHANNEL:
        return "/".join(folders) or None
    kept = 3 if folders[-2:-1] == ["label"] else 2 if folders[-2:-1] == ["pkgs"] else 1
    return "/".join(folders[-kept:]) or None
