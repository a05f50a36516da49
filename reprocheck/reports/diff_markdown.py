"""A difference for a comment on a pull request: one line that sums up, then a table for each kind of change.

GitHub takes comments of up to 65,536 characters: tables that come after are left out and counted, the least telling
ones last. Names come from files that anybody may have written, so nothing in a cell can be anything but text.
Source: GitHub Flavored Markdown 0.29, §4.10 (tables), §6.3 (code spans).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reprocheck.model.differences import CHANGES, Change, Difference, PackageDifference
from reprocheck.reports.diff_report import WORDS, DiffReport, everywhere, head_sides, package_name, side, summary
from reprocheck.reports.visible import visible

NAME = "markdown"

LONGEST_COMMENT = 60_000
LONGEST_OPEN_TABLE = 15
_TICKS = re.compile(r"`+")


def render(report: DiffReport) -> str:
    """Return the comment."""
    difference = report.difference
    blocks = [f"**{_sentence(summary(difference))}**", f"{_code(difference.old)} → {_code(difference.new)}"]
    if difference.head_to_read:
        told = (f"- {_code(head.what)}: {_plain(head_sides(head))}" for head in difference.head_to_read)
        blocks.append("\n".join(told))
    room = LONGEST_COMMENT - sum(map(len, blocks))
    for change in CHANGES:
        packages = [package for package in difference.packages if package.change == change]
        block = _block(change, packages, difference) if packages else ""
        if len(block) > room:
            block = (
                f"{_title(change, packages)}: left out here, a comment holds no more; `--output-format full` has them"
            )
        room -= len(block)
        blocks.append(block)
    blocks.extend(f"Note: {_plain(note)}" for note in difference.notes)
    return "\n\n".join(filter(None, blocks)) + "\n"


def _block(change: Change, packages: Sequence[PackageDifference], difference: Difference) -> str:
    """Return one table under its title, folded where it is long."""
    title, table = _title(change, packages), "\n".join(_table(packages, difference))
    if len(packages) <= LONGEST_OPEN_TABLE:
        return f"### {title}\n\n{table}"
    return f"<details><summary>{title}</summary>\n\n{table}\n\n</details>"


def _title(change: Change, packages: Sequence[PackageDifference]) -> str:
    return f"{_sentence(WORDS[change])} ({len(packages)})"


def _table(packages: Sequence[PackageDifference], difference: Difference) -> Iterator[str]:
    told = any(package.details for package in packages)
    by_platform = any(not everywhere(package, difference) for package in packages)
    columns = ["Package", *_side_columns(packages)]
    columns += ["Platforms"] * by_platform + ["Details"] * told
    yield _row(columns)
    yield _row(["---"] * len(columns))
    for package in packages:
        cells = [_code(package_name(package)), *(_code(side(text, difference)) for text in _sides(package))]
        cells += [_where(package, difference)] * by_platform
        cells += ["<br>".join(map(_plain, package.details))] * told
        yield _row(cells)


def _side_columns(packages: Sequence[PackageDifference]) -> list[str]:
    return ["Version"] if len(_sides(packages[0])) == 1 else ["From", "To"]


def _sides(package: PackageDifference) -> list[str]:
    """Return one side where there is but one, or where both are the same."""
    return list(dict.fromkeys(text for text in (package.old, package.new) if text is not None))


def _where(package: PackageDifference, difference: Difference) -> str:
    return "all" if everywhere(package, difference) else _plain(", ".join(package.platforms))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Return a code span: its fence is longer than every run of backticks inside, and a pipe ends no cell."""
    inside = visible(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in _TICKS.findall(inside)), default=0) + 1)
    space = " " if "`" in inside else ""
    return f"{fence}{space}{inside}{space}{fence}"


def _plain(text: str) -> str:
    """Return text in which Markdown and HTML find nothing to interpret, mentions of people included."""
    safe = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    escaped = re.sub(r"([\\`*_{}\[\]|#~!])", r"\\\1", safe).replace("&\\#64;", "&#64;")
    return escaped.replace("-&gt;", "→")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
