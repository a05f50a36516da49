"""A verdict for a comment on a pull request, or the summary of a CI step: a sentence, a table, the causes."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.verdicts import Cause, Verdict
from reprocheck.reports.log_text import log_text
from reprocheck.reports.markdown_text import LONGEST_COMMENT, code_span, fenced, folded, plain, row, sentence
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_words import divergence_lines, further_sentences, label_of, sentence_of
from reprocheck.reports.visible import shortened

NAME = "markdown"

_LONGEST_CELL = 500
_MOST_EVIDENCE = 20
_OPEN = ("fail", "review")


def render(report: VerdictReport) -> str:
    """Return a comment; what finds no room is left out, the last causes first."""
    verdict = report.verdict
    blocks = [f"**{sentence(label_of(verdict))}**: {plain(sentence_of(verdict))}"]
    blocks += [plain(line) for line in further_sentences(verdict)]
    blocks.append("\n".join(_table(verdict)))
    if lines := [shortened(line, _LONGEST_CELL) for line in divergence_lines(verdict)]:
        blocks.append(fenced(lines))
    causes = [_cause(number, cause) for number, cause in enumerate(verdict.causes, start=1)]
    return log_text("\n\n".join([*blocks, *_fitting(causes, blocks)]).split("\n"))


def _table(verdict: Verdict) -> Iterator[str]:
    """Yield the checks, those that need a look first."""
    yield row(["Check", "Status", "What"])
    yield row(["---"] * 3)
    for check in sorted(verdict.checks, key=lambda check: check.status not in _OPEN):
        name = code_span(shortened(check.name, _LONGEST_CELL))
        yield row([name, check.status, plain(shortened(check.detail, _LONGEST_CELL))])
    if verdict.left_out:
        yield row([plain(shortened(", ".join(verdict.left_out), _LONGEST_CELL)), "not repeated", ""])


def _cause(number: int, cause: Cause) -> str:
    facts = [f"- {plain(shortened(fact, _LONGEST_CELL))}" for fact in cause.evidence[:_MOST_EVIDENCE]]
    more = len(cause.evidence) - _MOST_EVIDENCE
    rest = [f"- and {more} more"] if more > 0 else []
    title = f"{number}. {plain(shortened(cause.what, _LONGEST_CELL))}"
    body = "\n".join([*facts, *rest])
    return f"{title}\n\nFix: {plain(cause.fix)}\n\n{folded('What speaks for it', body)}"


def _fitting(causes: list[str], blocks: list[str]) -> Iterator[str]:
    room = LONGEST_COMMENT - sum(len(block.encode("utf-8", "surrogatepass")) for block in blocks)
    for cause in causes:
        room -= len(cause.encode("utf-8", "surrogatepass"))
        if room < 0:
            return
        yield cause
