"""Every format in which a difference can be told, in the order of `--help`."""

from __future__ import annotations

from typing import Final

from reprocheck.reports import diff_concise, diff_full, diff_json, diff_markdown
from reprocheck.reports.diff_report import DiffFormat

DIFF_FORMATS: Final[tuple[DiffFormat, ...]] = (diff_full, diff_concise, diff_json, diff_markdown)


def diff_format(name: str) -> DiffFormat:
    """Return the format of this name, which must be one of the registry's."""
    return next(module for module in DIFF_FORMATS if name == module.NAME)
