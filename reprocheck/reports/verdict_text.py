"""A verdict for people: the sentence first, then each run, then the first difference, then why and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.verdicts import CHECKS_BEFORE_RUNS, Cause, Check, Divergence, Verdict
from reprocheck.reports.prediction_text import recalled_prediction
from reprocheck.reports.terminal_text import painted
from reprocheck.reports.visible import visible

_COLORS = {"pass": "32", "review": "33", "fail": "31;1", "skip": "36"}
_OUTCOME_COLORS = {"bitwise": "32;1", "within-envelope": "32;1", "not-reproduced": "31;1", "undecided": "33;1"}
_MOST_EVIDENCE = 4


def render_verdict(verdict: Verdict, *, color: bool = False) -> str:
    """Return the verdict as text."""
    blocks = [
        [*_sentence(verdict, color=color)],
        [*_check_lines(verdict, color=color)],
        [*_divergence_lines(verdict)],
        [*_cause_lines(verdict)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _sentence(verdict: Verdict, *, color: bool) -> Iterator[str]:
    label, words = _outcome_words(verdict)
    yield f"{_paint(label, _OUTCOME_COLORS[verdict.outcome], color=color)}: {words}"
    if line := recalled_prediction(verdict):
        yield line
    if verdict.drills:
        expectation = "it changed nothing" if verdict.outcome == "bitwise" else "this is a fire drill, not a finding"
        yield f"drill: {', '.join(verdict.drills)} was planted in this rerun; {expectation}"


def _outcome_words(verdict: Verdict) -> tuple[str, str]:
    runs = [check for check in verdict.checks if check.name not in CHECKS_BEFORE_RUNS]
    failed = sum(check.status == "fail" for check in runs)
    passed = sum(check.status == "pass" for check in runs)
    first = verdict.first_failure
    if verdict.outcome == "bitwise":
        return "bitwise", f"{_counted(passed, 'run')} gave the recorded numbers again, to the last bit"
    if first is None or first.first_divergence is None:
        return "undecided", f"{len(runs) - passed} of {_counted(len(runs), 'run')} could not be repeated here"
    place = f"{first.name} at step {first.first_divergence.step}"
    verb = "differs" if failed == 1 else "differ"
    return "not reproduced", f"{failed} of {_counted(len(runs), 'run')} {verb} from the record, first {place}"


def _check_lines(verdict: Verdict, *, color: bool) -> Iterator[str]:
    width = max(len(check.name) for check in verdict.checks)
    for check in verdict.checks:
        status = _paint(f"{check.status:<6}", _COLORS[check.status], color=color)
        yield f"  {status}  {visible(check.name):<{width}}  {visible(check.detail)}"
    if verdict.left_out:
        yield f"  not repeated, as `--workload` asks: {visible(', '.join(verdict.left_out))}"


def _divergence_lines(verdict: Verdict) -> Iterator[str]:
    check = verdict.first_failure
    if check is None or check.first_divergence is None:
        return
    yield f"first divergence: {_place(check, check.first_divergence)}"
    yield f"  {visible(check.first_divergence.quantity)} {_distance(check.first_divergence)}"
    if check.first_divergence.recorded != check.first_divergence.observed:
        yield f"  recorded  {visible(check.first_divergence.recorded)}"
        yield f"  here      {visible(check.first_divergence.observed)}"


def _place(check: Check, divergence: Divergence) -> str:
    return f"{check.name}, step {divergence.step}, rank {divergence.rank}, {divergence.phase}"


def _distance(divergence: Divergence) -> str:
    among = f" over {_counted(divergence.sampled, 'sampled element')}" if divergence.tensor else ""
    if divergence.ulp is None:
        return "differs"
    if divergence.ulp == 0:
        return f"differs, though by 0 ulp{among}"
    return f"differs by {'at most ' if among else ''}{divergence.ulp} ulp{among}"


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


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _paint(text: str, code: str, *, color: bool) -> str:
    return painted(text, code) if color else text
