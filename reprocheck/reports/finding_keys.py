"""A name for each finding that stays the same from run to run, so that sites tell new findings from old ones.

It is made of rule, file, packages and platforms, not of lines and versions: a line that moves and a version that rises
leave it as it is. Findings that share all that are told apart by their order.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from reprocheck.model.findings import Finding

_FIGURES = re.compile(r"\d+")


def finding_keys(findings: Iterable[Finding]) -> list[str]:
    """Return one name for each finding, in their order, all different: 64 hexadecimal digits."""
    seen: Counter[str] = Counter()
    keys = []
    for finding in findings:
        identity = _identity(finding)
        seen[identity] += 1
        keys.append(_digest(f"{identity}\0{seen[identity]}"))
    return keys


def _identity(finding: Finding) -> str:
    packages = sorted({f"{package.manager} {package.name}" for package in finding.packages})
    platforms = sorted({package.platform for package in finding.packages if package.platform} | {*finding.platforms})
    # Where no package is named, the message says what it is about; its figures are lines and versions.
    about = packages or [_FIGURES.sub("0", finding.message)]
    return "\0".join([finding.code, finding.location.path, *about, "", *platforms])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
