"""Will the rerun be bit-identical here? Pure: recorded outcomes of operations against those found here.

Control: the outcomes in the record. Test: the same operations on the same hashed inputs, here. Equality is exact.
*Identical* is said only where the record's trace and the one taken here saw the whole run, both ask for the same
operations, and each of them gave a digest there and the same one here. An operation that gives another digest makes the
run *differ*; all else is *undecided*, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reprocheck.model.operations import WORDS, OperationDigest, RunOperations, label_of, labels_of, structure_of
from reprocheck.model.predictions import Prediction, RunPrediction
from reprocheck.model.records import Run

MOST_NAMED = 4


def predict(recorded: Sequence[Run], seen: Sequence[RunOperations | None], reason: str = "") -> Prediction:
    """Return what is to be expected of the recorded runs; `reason` says why nothing was seen of some.

    Runs that the record says were not possible are left out.
    """
    pairs = zip(recorded, seen, strict=True)
    return Prediction(runs=tuple(_predicted(run, here, reason) for run, here in pairs if not run.unsupported))


def _predicted(run: Run, here: RunOperations | None, reason: str) -> RunPrediction:
    name = run.plan.name
    if run.operations is None:
        return _undecided(name, "the record holds no operations; one that this release makes does")
    if here is None:
        return _undecided(name, f"nothing was replayed here: {reason or 'the worker told nothing'}")
    known, found = {d.text: d for d in run.operations.digests}, {d.text: d for d in here.digests}
    asked = {structure_of(text) for text in here.traced}
    pairs = [
        (digest, found.get(text) or OperationDigest(text=text, outcome="untried"))
        for text, digest in known.items()
        if structure_of(text) in asked
    ]
    both = [(there, now) for there, now in pairs if there.is_digest and now.is_digest]
    differing = tuple(there.text for there, now in both if there.outcome != now.outcome)
    doubts = (*_partial(run.operations, here), *_other_operations(known, here), *_without_digest(pairs))
    if differing:
        return RunPrediction(name=name, outcome="differs", compared=len(both), operations=differing, doubts=doubts)
    if doubts or not both:
        more = doubts or ("the record holds no operations of this run",)
        return RunPrediction(name=name, outcome="undecided", compared=len(both), doubts=more)
    return RunPrediction(name=name, outcome="identical", compared=len(both))


def _undecided(name: str, doubt: str) -> RunPrediction:
    return RunPrediction(name=name, outcome="undecided", doubts=(doubt,))


def _partial(recorded: RunOperations, here: RunOperations) -> Iterator[str]:
    for operations, place in ((recorded, "when recorded"), (here, "here")):
        if not operations.complete:
            why = operations.detail or f"after {operations.steps} steps new ones still came"
            yield f"not all operations were seen {place}: {why}"


def _other_operations(known: Mapping[str, OperationDigest], here: RunOperations) -> Iterator[str]:
    """Tell which operations only one of the two runs asks for: another torch, or another choice of kernels.

    One that both know is *called otherwise*: on other shapes, or with other arguments.
    """
    if not here.complete:
        return
    there, now = {structure_of(text): text for text in known}, {structure_of(text): text for text in here.traced}
    new = [text for structure, text in now.items() if structure not in there]
    gone = [text for structure, text in there.items() if structure not in now]
    changed = {label_of(text) for text in new} & {label_of(text) for text in gone}
    told = {
        "called otherwise here": [text for text in new if label_of(text) in changed],
        "new here": [text for text in new if label_of(text) not in changed],
        "gone": [text for text in gone if label_of(text) not in changed],
    }
    yield from (f"{_counted(texts)} {word}: {_named(texts)}" for word, texts in told.items() if texts)


def _without_digest(pairs: Sequence[tuple[OperationDigest, OperationDigest]]) -> Iterator[str]:
    """Tell of operations without a digest, word by word; what the record lacks need not be told again for here."""
    words: dict[tuple[str, str], list[str]] = {}
    for there, now in pairs:
        if not there.is_digest:
            words.setdefault((there.outcome, "when recorded"), []).append(there.text)
        elif not now.is_digest:
            words.setdefault((now.outcome, "here"), []).append(now.text)
    for (word, place), texts in words.items():
        yield f"{_named(texts)}: {WORDS.get(word, word)} {place}"


def _counted(texts: Sequence[str]) -> str:
    return "1 operation is" if len(texts) == 1 else f"{len(texts)} operations are"


def _named(texts: Sequence[str]) -> str:
    labels = labels_of(texts)
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    return ", ".join(labels[:MOST_NAMED]) + more
