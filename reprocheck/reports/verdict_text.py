"""A verdict for people: the sentence first, then each run, then the first difference, then why and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.verdicts import Cause, Verdict
from reprocheck.reports.log_text import log_text
from reprocheck.reports.terminal_text import painted
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_words import divergence_lines, further_sentences, label_of, sentence_of
from reprocheck.reports.visible import visible

NAME = "full"

_COLORS = {"pass": "32", "review": "33", "fail": "31;1", "skip": "36"}
_OUTCOME_COLORS = {"bitwise": "32;1", "within-envelope": "32;1", "not-reproduced": "31;1", "undecided": "33;1"}
_MOST_EVIDENCE = 4


def render(report: VerdictReport) -> str:
    """Return the verdict as text for a terminal or a log."""
    return log_text(render_verdict(report.verdict, color=report.color).removesuffix("\n").split("\n"))


def render_verdict(verdict: Verdict, *, color: bool = False) -> str:
    """Return the verdict as text."""
    blocks = [
        [*_sentence(verdict, color=color)],
        [*_check_lines(verdict, color=color)],
        [*divergence_lines(verdict)],
        [*_cause_lines(verdict)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _sentence(verdict: Verdict, *, color: bool) -> Iterator[str]:
    yield f"{_paint(label_of(verdict), _OUTCOME_COLORS[verdict.outcome], color=color)}: {sentence_of(verdict)}"
    yield from further_sentences(verdict)


def _check_lines(verdict: Verdict, *, color: bool) -> Iterator[str]:
    width = max(len(check.name) for check in verdict.checks)
    for check in verdict.checks:
        status = _paint(f"{check.status:<6}", _COLORS[check.status], color=color)
        yield f"  {status}  {visible(check.name):<{width}}  {visible(check.detail)}"
    if verdict.left_out:
        yield f"  not repeated, as `--workload` asks: {visible(', '.join(verdict.left_out))}"


def _cause_lines(verdict: Verdict) -> Iterator[str]:
    if not verdict.causes:
        return
    yield "likely causes, the likeliest first:" if len(verdict.causes) > 1 else "likely cause:"
    for number, cause in enumerate(verdict.causes, start=1):
        yield from _cause(number, cause)


def _cause(number: int, cause: Cause) -> Iterator[str]:
    yield f"  {number}. {visible(cause.what)}"
    yield from (f"     - {visible(line)}" for line in cause.evidence[:_MOST_EVIDENCE])
    if len(cause.evidence) > _MOST_EVIDENCE:
        yield f"     - and {len(cause.evidence) - _MOST_EVIDENCE} more (`--output-format json` has all)"
    yield f"     fix: {visible(cause.fix)}"


def _paint(text: str, code: str, *, color: bool) -> str:
    return painted(text, code) if color else text
