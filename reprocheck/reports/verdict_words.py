"""What every format says of a verdict: its outcome in one sentence, the place of the first difference, its size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from reprocheck.model.counting import counted
from reprocheck.model.verdicts import CHECKS_BEFORE_RUNS, SECOND_RERUN, Check, Divergence, Verdict
from reprocheck.reports.prediction_text import recalled_prediction
from reprocheck.reports.visible import visible


def label_of(verdict: Verdict) -> str:
    """Return the outcome in a word or two."""
    return _outcome(verdict)[0]


def sentence_of(verdict: Verdict) -> str:
    """Return the outcome as a sentence without its label, visible text."""
    return visible(_outcome(verdict)[1])


def further_sentences(verdict: Verdict) -> Iterator[str]:
    """Yield what was predicted, and which faults were planted."""
    if line := recalled_prediction(verdict):
        yield line
    if verdict.drills:
        expectation = "it changed nothing" if verdict.outcome == "bitwise" else "this is a fire drill, not a finding"
        yield f"drill: {', '.join(verdict.drills)} was planted in this rerun; {expectation}"


def told_check(verdict: Verdict) -> Check | None:
    """Return the check whose first difference is to be told: the first that failed, or one for review if undecided."""
    if verdict.outcome != "undecided":
        return verdict.first_failure
    told = [check for check in verdict.checks if check.first_divergence and check.name != SECOND_RERUN]
    return verdict.first_failure or next(iter(told), None)


def divergence_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the place, the size and the two values of the first difference, visible text."""
    check = told_check(verdict)
    if check is None or check.first_divergence is None:
        return
    divergence = check.first_divergence
    yield f"first divergence: {visible(place_of(check, divergence))}"
    yield f"  {visible(divergence.quantity)} {distance_of(divergence)}"
    if divergence.recorded != divergence.observed:
        yield f"  recorded  {visible(divergence.recorded)}"
        yield f"  here      {visible(divergence.observed)}"


def place_of(check: Check, divergence: Divergence) -> str:
    """Return run, step, rank, phase and the module where one is known."""
    module = f", module `{divergence.module}`" if divergence.module else ""
    return f"{check.name}, step {divergence.step}, rank {divergence.rank}, {divergence.phase}{module}"


def distance_of(divergence: Divergence) -> str:
    """Return how far two values lie apart, in words."""
    is_sampled = divergence.tensor or divergence.sampled
    among = f" over {counted(divergence.sampled, 'sampled element')}" if is_sampled else ""
    relative = f"; relative difference {visible(divergence.relative)}" if divergence.relative else ""
    if divergence.ulp is None:
        return f"differs{relative}"
    if divergence.ulp == 0:
        return f"differs, though by 0 ulp{among}{relative}"
    return f"differs by {'at most ' if among else ''}{divergence.ulp} ulp{among}{relative}"


def is_well(verdict: Verdict) -> bool:
    """Say whether the recorded numbers came again, to the bit or within their envelope."""
    return verdict.outcome in ("bitwise", "within-envelope")


def verdict_key(verdict: Verdict, path: str) -> str:
    """Return a name that stays the same while the same checks of a record fail: 64 hexadecimal digits."""
    failed = sorted(check.name for check in verdict.checks if check.status == "fail")
    identity = "\0".join([path, verdict.outcome, *failed])
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


def cause_lines(verdict: Verdict) -> Iterator[str]:
    """Yield each cause with its evidence and what to do, visible text."""
    for number, cause in enumerate(verdict.causes, start=1):
        yield f"cause {number}: {visible(cause.what)}"
        yield from (f"  - {visible(fact)}" for fact in cause.evidence)
        yield f"  fix: {visible(cause.fix)}"


def _outcome(verdict: Verdict) -> tuple[str, str]:
    runs = [check for check in verdict.checks if check.name not in CHECKS_BEFORE_RUNS]
    failed = sum(check.status == "fail" for check in runs)
    passed = sum(check.status == "pass" for check in runs)
    first = verdict.first_failure
    if verdict.outcome == "bitwise":
        return "bitwise", f"{counted(passed, 'run')} gave the recorded numbers again, to the last bit"
    if verdict.outcome == "within-envelope":
        return "reproduced", _within_envelope(runs)
    if verdict.outcome == "undecided":
        return "undecided", _undecided(verdict, runs)
    if first is None or first.first_divergence is None:
        return "not reproduced", _faulty_surroundings(verdict)
    place = f"{first.name} at step {first.first_divergence.step}"
    verb = "differs" if failed == 1 else "differ"
    return "not reproduced", f"{failed} of {counted(len(runs), 'run')} {verb} from the record, first {place}"


def _within_envelope(runs: Sequence[Check]) -> str:
    """Say how many runs needed their envelope, and how much of it the worst took."""
    within = [check for check in runs if check.ratio]
    worst = max(within, key=lambda check: float(check.ratio))
    others = len(runs) - len(within)
    rest = f", {others} to the last bit" if others else ""
    reviewed = sum(check.status == "review" for check in runs)
    review = f"; {reviewed} for review" if reviewed else ""
    count = f"{len(within)} of {counted(len(runs), 'run')}"
    return f"{count} within the recorded envelope, R = {worst.ratio} of 5 at worst ({worst.name}){rest}{review}"


def _undecided(verdict: Verdict, runs: Sequence[Check]) -> str:
    if any(check.name == SECOND_RERUN and check.first_divergence for check in verdict.checks):
        return "the program does not repeat itself here, so that no rerun can be held against the record"
    open_ones = sum(check.status != "pass" for check in runs)
    return f"{open_ones} of {counted(len(runs), 'run')} could not be repeated here"


def _faulty_surroundings(verdict: Verdict) -> str:
    names = [check.name for check in verdict.checks if check.status == "fail"]
    return f"failed before any run: {', '.join(names)}"
