"""Every format in which an audit can be told, in the order of `--help`.

Names lead to modules, and only the one that is asked for is imported: `check` prints one format, in a blink.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    # For mypy, which names a member that is no format; a test compares it with the names below and with the folder.
    from reprocheck.reports import (
        concise,
        full,
        github,
        gitlab,
        json_lines,
        json_report,
        junit,
        markdown,
        sarif,
    )
    from reprocheck.reports.audit_report import AuditFormat

    _MEMBERS: tuple[AuditFormat, ...] = (
        full,
        concise,
        json_report,
        json_lines,
        github,
        gitlab,
        junit,
        sarif,
        markdown,
    )

AUDIT_FORMATS: Final[dict[str, str]] = {
    "full": "reprocheck.reports.full",
    "concise": "reprocheck.reports.concise",
    "json": "reprocheck.reports.json_report",
    "json-lines": "reprocheck.reports.json_lines",
    "github": "reprocheck.reports.github",
    "gitlab": "reprocheck.reports.gitlab",
    "junit": "reprocheck.reports.junit",
    "sarif": "reprocheck.reports.sarif",
    "markdown": "reprocheck.reports.markdown",
}
WITH_RULES: Final = ("junit", "sarif")  # They tell of every rule that ran, and need `AuditReport.rules`.


def audit_format(name: str) -> AuditFormat:
    """Return the format of this name, which must be one of the registry's."""
    return cast("AuditFormat", importlib.import_module(AUDIT_FORMATS[name]))
