"""A difference as lines, which the formats for terminals share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from reprocheck.model.differences import Change, PackageDifference
from reprocheck.reports.diff_report import DiffReport, everywhere, head_sides, package_name, side, summary
from reprocheck.reports.terminal_text import painted
from reprocheck.reports.visible import visible

_SIGNS: Final[Mapping[Change, str]] = MappingProxyType({"added": "+", "removed": "-", "rehashed": "!"})
LONGEST_BESIDE = 60  # characters of a detail that fits beside its package
_COLORS = {"+": "32", "-": "31", "!": "31;1", "~": "33"}
_REMARKS: Final[Mapping[Change, str]] = MappingProxyType(
    {
        "downgraded": "downgrade",
        "rehashed": "replaced under the same URL",
        "rebuilt": "another build",
        "moved": "from another URL",
        "patched": "other dependencies",
        "recategorised": "another category",
    }
)


def head_lines(report: DiffReport) -> Iterator[str]:
    """Yield one line for everything that no package says; digests are for programs."""
    for head in report.difference.head_to_read:
        yield visible(f"{head.what}: {head_sides(head)}")


def package_lines(report: DiffReport, *, with_details: bool) -> Iterator[str]:
    """Yield one line for every package, and its details below where they are wanted."""
    for package in report.difference.packages:
        beside = with_details and len(package.details) == 1 and len(package.details[0]) <= LONGEST_BESIDE
        yield _line(package, report, package.details[0] if beside else "")
        if with_details and not beside:
            yield from (f"    {visible(detail)}" for detail in package.details)


def closing_lines(report: DiffReport) -> Iterator[str]:
    """Yield the summary and what could not be compared."""
    yield visible(summary(report.difference))
    yield from (visible(f"note: {text}") for text in report.difference.notes)


def _line(package: PackageDifference, report: DiffReport, detail: str) -> str:
    difference = report.difference
    sign = _SIGNS.get(package.change, "~")
    sides = [text for text in (package.old, package.new) if text is not None]
    shown = [side(text, difference) for text in dict.fromkeys(sides) if text or len(sides) > 1]
    remark = _REMARKS.get(package.change, "")
    said = f"({'; '.join(filter(None, ('' if package.change == 'rebuilt' and detail else remark, detail)))})"
    parts = [package_name(package), " -> ".join(shown), "" if said == "()" else said]
    where = "" if everywhere(package, difference) else f"  [{', '.join(package.platforms)}]"
    text = visible(" ".join(part for part in parts if part) + where)
    return f"{painted(sign, _COLORS[sign]) if report.color else sign} {text}"
