"""A difference for a comment on a pull request: one line that sums up, then a table for each kind of change.

GitHub takes comments of up to 65,536 characters: tables that come after are left out and counted, the least telling
ones last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.differences import CHANGES, Change, Difference, PackageDifference
from reprocheck.reports.diff_numeric_markdown import fault_blocks, numeric_blocks
from reprocheck.reports.diff_report import WORDS, DiffReport, everywhere, head_sides, package_name, side, summary
from reprocheck.reports.markdown_text import LONGEST_COMMENT, code_span, folded, plain, row, sentence

NAME = "markdown"

LONGEST_OPEN_TABLE = 15


def render(report: DiffReport) -> str:
    """Return the comment."""
    difference = report.difference
    blocks = [f"**{sentence(summary(difference))}**", f"{code_span(difference.old)} → {code_span(difference.new)}"]
    blocks.extend(fault_blocks(difference))
    if difference.head_to_read:
        told = (f"- {code_span(head.what)}: {plain(head_sides(head))}" for head in difference.head_to_read)
        blocks.append("\n".join(told))
    room = LONGEST_COMMENT - sum(map(len, blocks))
    for block in numeric_blocks(difference):
        if len(block) <= room:
            room -= len(block)
            blocks.append(block)
    for change in CHANGES:
        packages = [package for package in difference.packages if package.change == change]
        block = _block(change, packages, difference) if packages else ""
        if len(block) > room:
            block = (
                f"{_title(change, packages)}: left out here, a comment holds no more; `--output-format full` has them"
            )
        room -= len(block)
        blocks.append(block)
    blocks.extend(f"Note: {plain(note)}" for note in difference.notes)
    return "\n\n".join(filter(None, blocks)) + "\n"


def _block(change: Change, packages: Sequence[PackageDifference], difference: Difference) -> str:
    """Return one table under its title, folded where it is long."""
    title, table = _title(change, packages), "\n".join(_table(packages, difference))
    if len(packages) <= LONGEST_OPEN_TABLE:
        return f"### {title}\n\n{table}"
    return folded(title, table)


def _title(change: Change, packages: Sequence[PackageDifference]) -> str:
    return f"{sentence(WORDS[change])} ({len(packages)})"


def _table(packages: Sequence[PackageDifference], difference: Difference) -> Iterator[str]:
    told = any(package.details for package in packages)
    by_platform = any(not everywhere(package, difference) for package in packages)
    columns = ["Package", *_side_columns(packages)]
    columns += ["Platforms"] * by_platform + ["Details"] * told
    yield row(columns)
    yield row(["---"] * len(columns))
    for package in packages:
        cells = [code_span(package_name(package)), *(code_span(side(text, difference)) for text in _sides(package))]
        cells += [_where(package, difference)] * by_platform
        cells += ["<br>".join(map(plain, package.details))] * told
        yield row(cells)


def _side_columns(packages: Sequence[PackageDifference]) -> list[str]:
    return ["Version"] if len(_sides(packages[0])) == 1 else ["From", "To"]


def _sides(package: PackageDifference) -> list[str]:
    """Return one side where there is but one, or where both are the same."""
    return list(dict.fromkeys(text for text in (package.old, package.new) if text is not None))


def _where(package: PackageDifference, difference: Difference) -> str:
    return "all" if everywhere(package, difference) else plain(", ".join(package.platforms))
