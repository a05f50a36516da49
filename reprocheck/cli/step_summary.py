"""The summary of a GitHub Actions step: Markdown that the run's page shows.

Source: docs.github.com "Workflow commands for GitHub Actions", "Adding a job summary": appended to the file that
`GITHUB_STEP_SUMMARY` names, 1 MiB a step; where there is more, GitHub drops all of it.
"""

from __future__ import annotations

import os
from pathlib import Path

from reprocheck.cli.console import note
from reprocheck.reports.audit_report import AuditReport

_VARIABLE = "GITHUB_STEP_SUMMARY"
_LIMIT_BYTES = 1024 * 1024


def append_summary(report: AuditReport) -> None:
    """Append the report as Markdown, where a step of GitHub Actions asks for it; what goes wrong is a note."""
    name = os.environ.get(_VARIABLE)
    if not name:
        return
    # Imported where it is needed: only GitHub's runner has such a file.
    from reprocheck.reports.markdown import LONGEST_STEP_SUMMARY, render_within

    try:
        _append(Path(name), render_within(report, LONGEST_STEP_SUMMARY).encode("utf-8", "backslashreplace"))
    except OSError as error:
        note(f"note: the step summary was not written: {error.strerror or error}")


def _append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        if file.tell() + len(text) > _LIMIT_BYTES:
            raise OSError("the step has no room left in it")
        file.write(text)
