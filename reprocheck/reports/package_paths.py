"""Paths through the graph of packages, drawn: one line a step, each further in.

environment.yml declares accelerate 1.2.0 (pip)
└─ needs torch 2.6.0 (pip)
   └─ needs nvidia-nccl-cu12 2.21.5 (pip)
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Finding, PackageRef
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.visible import visible

_MOST = 4
_LONGEST = 9
_ENDS = 4


def path_lines(finding: Finding, report: AuditReport) -> Iterator[str]:
    """Yield the lines of the paths of more than one step; what several platforms share is drawn once."""
    drawn: dict[tuple[str, ...], list[str]] = {}
    for path in finding.paths:
        if len(path) > 1:
            drawn.setdefault(tuple(map(_step, path)), []).append(path[-1].platform or "")
    differ = len(set(map(tuple, drawn.values()))) > 1
    # The way to a package is drawn already where it goes on to another one.
    begun = {path[:end] for path in drawn for end in range(2, len(path))} if not differ else set()
    shown = [(path, platforms) for path, platforms in drawn.items() if path not in begun]
    start = _declares(finding, report)
    for (first, *more), platforms in shown[:_MOST]:
        where = f" on {', '.join(platforms)}" if differ else ""
        yield visible(f"{start} {first}{where}")
        yield from (f"{'   ' * depth}└─ {step}" for depth, step in enumerate(_shortened(more)))
    if len(shown) > _MOST:
        yield f"and along {len(shown) - _MOST} more"


def _step(package: PackageRef) -> str:
    version = f" {package.version}" if package.version else ""
    return visible(f"{package.name}{version} ({package.manager})")


def _shortened(steps: list[str]) -> list[str]:
    told = [f"needs {step}" for step in steps]
    if len(told) <= _LONGEST:
        return told
    return [*told[:_ENDS], f"… {len(told) - 2 * _ENDS} more", *told[-_ENDS:]]


def _declares(finding: Finding, report: AuditReport) -> str:
    """Name the environment file, whose lines alone are at hand; where it could be one of several, none."""
    places = (finding.location, *(related.location for related in finding.related))
    files = [place.path for place in places if place.path in report.sources] or list(report.sources)
    return f"{files[0]} declares" if len(set(files)) == 1 else "declared:"
