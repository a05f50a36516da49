"""Every format in which a verdict can be told, in the order of `--help`."""

from __future__ import annotations

from typing import Final

from reprocheck.reports import (
    verdict_concise,
    verdict_github,
    verdict_gitlab,
    verdict_json,
    verdict_junit,
    verdict_markdown,
    verdict_sarif,
    verdict_text,
)
from reprocheck.reports.verdict_report import VerdictFormat

VERDICT_FORMATS: Final[tuple[VerdictFormat, ...]] = (
    verdict_text,
    verdict_concise,
    verdict_json,
    verdict_github,
    verdict_gitlab,
    verdict_junit,
    verdict_sarif,
    verdict_markdown,
)


def verdict_format(name: str) -> VerdictFormat:
    """Return the format of this name, which must be one of the registry's."""
    return next(module for module in VERDICT_FORMATS if name == module.NAME)
