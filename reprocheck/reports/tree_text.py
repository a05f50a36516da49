"""The tree of a lock as text: a line a package, what it needs below it, each package followed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.package_graphs import GraphPackage, PackageTree, TreeRow
from reprocheck.reports.graph_words import release, replacement
from reprocheck.reports.same_platforms import PLATFORMS, told_together
from reprocheck.reports.visible import visible

_REPEATED = " (*)"


def render_tree(trees: Sequence[PackageTree]) -> str:
    """Return the text; platforms with the same tree are told together."""
    parts = told_together((tree.platform, "\n".join(_lines(tree))) for tree in trees)
    repeated = any(row.repeated for tree in trees for row in tree.rows)
    direction = "who needs it is" if trees[0].inverted else "what it needs is"
    legend = [f"{_REPEATED.strip()} {direction} shown further up"] if repeated else []
    return "\n\n".join([*parts, *legend]) + "\n"


def _lines(tree: PackageTree) -> Iterator[str]:
    yield f"{visible(tree.title)} on {PLATFORMS}"
    open_levels: list[bool] = []  # whether a sibling follows, level by level
    for row in tree.rows:
        del open_levels[max(row.depth - 1, 0) :]
        bars = "".join("│  " if is_open else "   " for is_open in open_levels)
        branch = "" if row.depth == 0 else "└─ " if row.is_last else "├─ "
        yield f"{bars}{branch}{_inverted(row) if tree.inverted else _upright(row)}{_REPEATED if row.repeated else ''}"
        if row.depth:
            open_levels.append(not row.is_last)
    if tree.unreached:
        count = f"{tree.unreached} locked package{' is' if tree.unreached == 1 else 's are'}"
        yield f"{count} not shown: nothing declared leads there"


def _upright(row: TreeRow) -> str:
    package = row.package
    wanted = visible((package.wanted if row.constraint is None else row.constraint) or "")
    version = visible(f"{package.version} ({package.manager})")
    return f"{visible(package.name)} {f'{wanted} → ' if wanted else ''}{version}{_aside(package)}"


def _inverted(row: TreeRow) -> str:
    package = row.package
    needs = f", needs {visible(row.constraint)}" if row.constraint else ""
    declared = (
        "" if package.wanted is None else ", declared" + (f" as {visible(package.wanted)}" if package.wanted else "")
    )
    return release(package) + needs + declared + _aside(package)


def _aside(package: GraphPackage) -> str:
    """Return which package of the other manager stands in the same place."""
    told = replacement(package)
    return f", {told}" if told else ""
