"""The experiment behind a cause, for programs: the object `numeric.experiment` of `reprocheck/diff/1`.

`home` is the side (`old` or `new`) whose bits come out here unchanged, null where neither's do; `causes[]` and
`trials[]` hold `settings`, `origin` (recorded, hardware, standard), the probes that became `equal` to the other side,
how many `moved`, and those `broken` that both sides have alike (null: not run).
"""

from __future__ import annotations

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_experiments import Experiment, Trial


def experiment_json(found: Experiment | None) -> Json:
    """Return the object, None where there was no experiment."""
    if found is None:
        return None
    return {
        "home": found.home,
        "verdict": found.verdict,
        "isWhole": found.is_whole,
        "differing": list(found.differing),
        "left": list(found.left),
        "causes": [_trial(trial) for trial in found.causes],
        "trials": [_trial(trial) for trial in found.trials],
        "notes": list(found.notes),
    }


def _trial(trial: Trial) -> Json:
    return {
        "settings": list(trial.settings),
        "origin": trial.origin,
        "equal": list(trial.equal),
        "moved": trial.moved,
        "broken": None if trial.broken is None else list(trial.broken),
        "fault": trial.fault,
    }
