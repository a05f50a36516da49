"""The answers of the doctor for a terminal: one line a question, and beneath it the fix where it is not ok."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.doctors import QUESTIONS, STATUSES, Answer, Checkup, Status
from reprocheck.reports.terminal_text import painted, wrapped
from reprocheck.reports.visible import visible

_COLORS: dict[Status, str] = {"ok": "32", "not": "31", "unknown": "33"}
_TITLES = {question.name: question.title for question in QUESTIONS}
_TITLE_WIDTH = max(map(len, _TITLES.values()))
_STATUS_WIDTH = max(map(len, STATUSES))
_GAP = "  "
_INDENT = len(_GAP) * 2 + _TITLE_WIDTH + _STATUS_WIDTH


def render_doctor(checkup: Checkup, *, width: int, color: bool = False, verbose: bool = False) -> str:
    """Return the page, `width` columns wide as far as the words allow; `verbose` adds what was measured."""
    lines = [line for answer in checkup.answers for line in _answer(answer, width, color=color, verbose=verbose)]
    return "\n".join([*lines, "", _summary(checkup)]) + "\n"


def _answer(answer: Answer, width: int, *, color: bool, verbose: bool) -> Iterator[str]:
    status = f"{answer.status:<{_STATUS_WIDTH}}"
    shown = painted(status, _COLORS[answer.status]) if color else status
    first, *rest = wrapped(visible(answer.detail), width - _INDENT)
    title = _TITLES.get(answer.question, answer.question)
    yield f"{title:<{_TITLE_WIDTH}}{_GAP}{shown}{_GAP}{first}"
    indent = " " * _INDENT
    yield from (f"{indent}{line}" for line in rest)
    if answer.fix:
        yield from _beneath("fix: ", answer.fix, width)
    if verbose and answer.measured:
        told = ", ".join(f"{key} {_value(value)}" for key, value in sorted(answer.measured.items()))
        yield from _beneath("measured: ", told, width)


def _beneath(lead: str, text: str, width: int) -> Iterator[str]:
    """Yield a text under the detail, its later lines under its first word."""
    first, *rest = wrapped(visible(text), width - _INDENT - len(lead))
    yield f"{' ' * _INDENT}{lead}{first}"
    yield from (f"{' ' * (_INDENT + len(lead))}{line}" for line in rest)


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _summary(checkup: Checkup) -> str:
    return ", ".join(f"{checkup.count(status)} {status}" for status in STATUSES)
