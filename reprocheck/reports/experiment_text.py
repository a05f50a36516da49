"""The experiment behind a cause, for terminals: which settings made how many of the differing probes equal."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.numeric_experiments import Experiment, Trial

MOST_TRIALS = 8


def experiment_lines(found: Experiment | None) -> Iterator[str]:
    """Yield what was tried, the most telling first; nothing where there was no experiment."""
    if found is None:
        return
    if not found.trials:
        yield f"experiment: {found.verdict}"
        return
    total = len(found.differing)
    probes, settings = ("probe" if total == 1 else "probes"), ("setting" if len(found.trials) == 1 else "settings")
    yield f"experiment: {total} differing {probes} rerun here under {len(found.trials)} {settings}"
    telling = sorted((trial for trial in found.trials if trial.moved), key=lambda trial: -len(trial.equal))
    widest = max((len(trial.cause) for trial in telling[:MOST_TRIALS]), default=0)
    for trial in telling[:MOST_TRIALS]:
        yield f"  {trial.cause:<{widest}}  {_did(trial, total)}"
    if len(telling) > MOST_TRIALS:
        yield f"  and {len(telling) - MOST_TRIALS} more that change some of them; `--output-format json` has them"
    idle = len(found.trials) - len(telling)
    if idle:
        yield f"  ({idle} {'setting changes' if idle == 1 else 'settings change'} none of them)"
    if not found.causes:
        yield f"  {found.verdict}"


def _did(trial: Trial, total: int) -> str:
    recorded = ", as recorded by the other side" if trial.origin == "recorded" else ""
    fault = f"; {trial.fault}" if trial.fault else ""
    return f"{len(trial.equal)} of {total} equal, {trial.moved} changed{recorded}{fault}"
