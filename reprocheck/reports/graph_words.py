"""The words that every picture of a graph uses for a package."""

from __future__ import annotations

from reprocheck.model.package_graphs import GraphPackage, GraphReport
from reprocheck.reports.visible import visible


def shown_title(report: GraphReport) -> str:
    """Return the title of a picture and the lock that it is of."""
    return visible(f"{report.lock}: {report.title}")


def release(package: GraphPackage) -> str:
    """Return name, version and manager."""
    return visible(f"{package.name} {package.version} ({package.manager})")


def declaration(package: GraphPackage) -> str:
    """Return how a package was declared, empty where it was not."""
    if package.wanted is None:
        return ""
    return visible(f"declared {package.wanted}".rstrip())


def replacement(package: GraphPackage) -> str:
    """Return which package of the other manager stands in the same place, empty where none does."""
    if package.replaces:
        return visible(f"replaces conda's {package.replaces}")
    return visible(f"replaced by pip's {package.replaced_by}") if package.replaced_by else ""
