"""A verdict in one line a fact: the outcome, what failed or is for review, the likeliest cause."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.verdicts import Check
from reprocheck.reports.log_text import log_text
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_words import distance_of, label_of, sentence_of
from reprocheck.reports.visible import visible

NAME = "concise"


def render(report: VerdictReport) -> str:
    """Return `path: …` lines."""
    return log_text(visible(f"{report.path}: {line}") for line in _lines(report))


def _lines(report: VerdictReport) -> Iterator[str]:
    verdict = report.verdict
    yield f"{label_of(verdict)}: {sentence_of(verdict)}"
    yield from (f"{check.name}: {check.status}: {_told(check)}" for check in verdict.checks if check.status != "pass")
    for cause in verdict.causes[:1]:
        yield f"likeliest cause: {cause.what}; fix: {cause.fix}"


def _told(check: Check) -> str:
    divergence = check.first_divergence
    if divergence is None:
        return check.detail
    where = f"step {divergence.step}, rank {divergence.rank}, {divergence.phase}"
    return f"{where}: {divergence.quantity} {distance_of(divergence)}"
