"""Comments such as `# [linux]`, which conda-lock takes for platform selectors, and what they leave of a line.

Source: conda-lock 4.0.3, conda_lock/src_parser/selectors.py: the pattern, the names, exact comparison without
stripping, the last bracket of a line counts, lines that begin with `#` are not looked at, and a `#` needs no
space before it, so the fragment of a URL counts as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from reprocheck.model.data_classes import dataclass

_LINE = re.compile(r"(?P<kept>.+?)\s*(?P<comment>#.*)\[(?P<text>[^\[\]]+)\][^()]*$")

_BY_PLATFORM: Final = {
    "linux-64": ("linux64", "unix", "linux"),
    "linux-aarch64": ("aarch64", "unix", "linux"),
    "linux-ppc64le": ("ppc64le", "unix", "linux"),
    "osx-64": ("osx64", "osx", "unix"),
    "osx-arm64": ("arm64", "osx", "unix"),
    "win-64": ("win", "win64"),
}
PLATFORMS: Final = frozenset(_BY_PLATFORM)
KNOWN_SELECTORS: Final[Mapping[str, frozenset[str]]] = {
    selector: frozenset(platform for platform, known in _BY_PLATFORM.items() if selector in known)
    for selector in sorted({selector for known in _BY_PLATFORM.values() for selector in known})
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """The bracketed text of a line, the column where its `#` stands, and the platforms that keep the line."""

    text: str
    column: int
    platforms: frozenset[str]


def selector_of(line: str) -> Selector | None:
    """Return what conda-lock takes for the selector of a line, None where it takes nothing for one."""
    if "#" not in line or "[" not in line or line.lstrip().startswith("#"):
        return None
    found = _LINE.match(line)
    if not found:
        return None
    kept_on = KNOWN_SELECTORS.get(found["text"], frozenset())
    return Selector(text=found["text"], column=found.start("comment") + 1, platforms=kept_on)


def selector_keeps(selector: str | None, platform: str) -> bool:
    """Say whether conda-lock keeps an entry with this selector on `platform`; an unknown one keeps it nowhere."""
    return selector is None or platform in KNOWN_SELECTORS.get(selector, ())


def platforms_of_line(line: str) -> frozenset[str]:
    """Return the platforms on which a line stands: all of them without a selector, or with one that is no selector."""
    selector = selector_of(line)
    return selector.platforms if selector and selector.platforms else PLATFORMS
