"""Which regional mirror a URL leads to.

Asked for every lock, so the table is read line by line with one pattern, not by a YAML parser.
Source: the table `channel_mirrors.yaml`, whose rows name theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("tables") / "channel_mirrors.yaml"
_ROW = re.compile(r"^- \{label: '?(\w+)'?, mirror: ([^,]+), source: ", re.MULTILINE)
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
    return dict(_ROW.findall(_TABLE.read_text(encoding="utf-8")))
