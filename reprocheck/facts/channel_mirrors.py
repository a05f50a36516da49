"""Which regional mirror a URL leads to.

Source: the table `channel_mirrors.yaml`, whose rows name theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from reprocheck.facts.tables import rows_of, text

_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://(?:[^/?#]*@)?(?P<host>[^/:?#]+)[^/?#]*(?P<path>/[^?#]*)?")
_WORTH_A_LOOK = re.compile(r"anaconda|pypi|simple|conda|wheels|whl", re.IGNORECASE)


def mirror_of(url: str) -> str | None:
    """Return who runs the mirror of channels or of PyPI that a URL leads to, None for every other address."""
    found = _URL.match(url)
    if not found or not _WORTH_A_LOOK.search(f"{found['host']}{found['path'] or ''}"):
        return None
    known = _mirrors()
    return next((known[label] for label in found["host"].lower().split(".") if label in known), None)


@cache
def _mirrors() -> Mapping[str, str]:
    return {text(row, "label"): text(row, "mirror") for row in rows_of("channel_mirrors", "mirrors")}
