"""A verdict as one GitHub annotation on the record, and all of it in the log.

A verdict is no finding: what was reproduced is a notice. Sources as in `github`.
"""

from __future__ import annotations

from dataclasses import replace

from reprocheck.reports.github import workflow_command
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_text import render as render_full
from reprocheck.reports.verdict_words import divergence_lines, label_of, sentence_of

NAME = "github"

_COMMANDS = {"bitwise": "notice", "within-envelope": "notice", "not-reproduced": "error", "undecided": "warning"}


def render(report: VerdictReport) -> str:
    """Return one workflow command, then the whole verdict as log lines."""
    verdict = report.verdict
    properties = {"file": report.path, "line": "1", "title": f"reprocheck: {label_of(verdict)}"}
    lines = [sentence_of(verdict), *divergence_lines(verdict)]
    for number, cause in enumerate(verdict.causes, start=1):
        lines += [f"cause {number}: {cause.what}", f"fix: {cause.fix}"]
    command = workflow_command(_COMMANDS[verdict.outcome], properties, "\n".join(lines))
    return f"{command}\n" + render_full(replace(report, color=False))
