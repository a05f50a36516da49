"""A prediction for people: the sentence first, then each run; and the line by which a verdict recalls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.counting import counted
from reprocheck.model.operations import labels_of
from reprocheck.model.predictions import Prediction, RunPrediction
from reprocheck.model.verdicts import Verdict
from reprocheck.reports.terminal_text import painted
from reprocheck.reports.visible import visible

_COLORS = {"identical": "32", "differs": "31;1", "undecided": "33;1"}
_MOST_NAMED = 6


def render_prediction(prediction: Prediction, *, color: bool = False) -> str:
    """Return the prediction as text."""
    outcome = prediction.outcome
    head = _headline(prediction)
    lines = [painted(head, _COLORS[outcome]) if color else head, ""]
    width = max((len(run.name) for run in prediction.runs), default=0)
    for run in prediction.runs:
        word = f"{run.outcome:<9}"
        shown = painted(word, _COLORS[run.outcome]) if color else word
        first, *others = _run_lines(run)
        lines.append(f"  {shown}  {visible(run.name):<{width}}  {visible(first)}")
        lines += [f"  {'':<9}  {'':<{width}}  {visible(line)}" for line in others]
    return "\n".join(lines) + "\n"


def _headline(prediction: Prediction) -> str:
    count = len(prediction.runs)
    if prediction.outcome == "identical":
        return f"predicted bitwise: in {counted(count, 'run')} every operation gives the recorded bits here"
    if prediction.outcome == "differs":
        differing = sum(run.outcome == "differs" for run in prediction.runs)
        return f"predicted not bitwise: in {differing} of {counted(count, 'run')} some operations give other bits here"
    undecided = sum(run.outcome == "undecided" for run in prediction.runs)
    return f"undecided: for {undecided} of {counted(count, 'run')} nobody can tell"


def _run_lines(run: RunPrediction) -> Iterator[str]:
    if run.outcome == "identical":
        yield f"{counted(run.compared, 'operation')} give{'s' if run.compared == 1 else ''} the recorded bits"
    if run.operations:
        verb = "differs" if len(run.operations) == 1 else "differ"
        yield f"{len(run.operations)} of {counted(run.compared, 'operation')} {verb}: {_named(run.operations)}"
    yield from run.doubts


def recalled_prediction(verdict: Verdict) -> str | None:
    """Return the line that holds a verdict against its prediction, None where there are not both."""
    prediction = verdict.prediction
    if prediction is None or not prediction.runs or verdict.outcome == "undecided":
        return None
    others = {check.name for check in verdict.checks if check.status == "fail" or check.ratio}
    failed = [run for run in prediction.runs if run.name in others]
    promised = [run.name for run in failed if run.outcome == "identical"]
    if promised:
        return f"bitwise: no, against the prediction: every operation of {visible(', '.join(promised))} gave its bits"
    operations = tuple(dict.fromkeys(text for run in failed for text in run.operations))
    if operations:
        return f"bitwise: no, as predicted: {_differ(operations)}"
    if failed or prediction.outcome == "undecided":
        return _not_predicted(prediction)
    if prediction.outcome == "differs":
        return f"bitwise: yes, against the prediction: {_differ(prediction.operations)}, and no run shows it"
    return "bitwise: yes, as predicted: every operation of the runs gave the recorded bits"


def _not_predicted(prediction: Prediction) -> str:
    doubts = list(dict.fromkeys(doubt for run in prediction.runs for doubt in run.doubts))
    more = f", and {counted(len(doubts) - 1, 'more reason')}" if len(doubts) > 1 else ""
    return f"not predicted: {visible(doubts[0])}{more}" if doubts else "not predicted"


def _differ(operations: Sequence[str]) -> str:
    verb = "differs" if len(operations) == 1 else "differ"
    return f"{counted(len(operations), 'operation')} {verb} ({visible(_named(operations))})"


def _named(operations: Sequence[str]) -> str:
    labels = labels_of(operations)
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return ", ".join(labels[:_MOST_NAMED]) + more
