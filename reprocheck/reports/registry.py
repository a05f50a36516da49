"""Every format in which an audit can be told, in the order of `--help`."""

from __future__ import annotations

from typing import Final

from reprocheck.reports import concise, full, github, json_report
from reprocheck.reports.audit_report import AuditFormat

AUDIT_FORMATS: Final[tuple[AuditFormat, ...]] = (full, concise, json_report, github)


def audit_format(name: str) -> AuditFormat:
    """Return the format of this name, which must be one of the registry's."""
    return next(module for module in AUDIT_FORMATS if name == module.NAME)
