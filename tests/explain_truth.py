"""Change switches on purpose and see whether the experiment names them: every single change of the table, ten pairs.

    python -m tests.explain_truth [PYTHON]

Each change that changes any bit is asked twice: *blind*, with nothing recorded, and with what a fingerprint records.
Right is a cause that is the very change, or fewer switches proven to give the same bits on every probe. The
fingerprints hold probes only; a trial that was run for one question is not run again for the next. Exit code 0 if all
single changes and nine of ten pairs are right. Not collected by pytest: it takes some minutes on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_experiments import Experiment
from reprocheck.model.numeric_fingerprints import probe_entry
from reprocheck.numerics.experiments import experiment
from reprocheck.numerics.laboratories import Laboratory, ProcessLaboratory, Settings
from reprocheck.numerics.switch_settings import Setting, words_of
from reprocheck.numerics.switched_probes import Bench, Key, Switched, probe_under

DEADLINE_S = 7200.0
# Processes rather than an operation, and one that is documented not to repeat itself on several threads.
LEFT_OUT = ("all-reduce/", "scatter/index-put-accumulate-200k/")
SINGLES: tuple[Setting, ...] = (
    Setting("threads", 1),
    Setting("threads", 4),
    Setting("aten-cpu-capability", "avx2"),
    Setting("aten-cpu-capability", "default"),
    Setting("mkl-cbwr", "AVX2"),
    Setting("mkl-cbwr", "COMPATIBLE"),
    Setting("mkl-cbwr", "AVX512,STRICT"),
    Setting("mkl-enable-instructions", "AVX2"),
    Setting("mkl-enable-instructions", "SSE4_2"),
    Setting("onednn-max-cpu-isa", "AVX2"),
    Setting("onednn-max-cpu-isa", "AVX512_CORE"),
    Setting("mkldnn-enabled", False),
    Setting("onednn-fpmath", "BF16"),
    Setting("float32-matmul-precision", "medium"),
    Setting("flush-denormal", True),
    Setting("deterministic-algorithms", True),
)
PAIRS: tuple[Settings, ...] = tuple(
    (SINGLES[one], SINGLES[other])
    for one, other in ((0, 2), (1, 3), (0, 5), (1, 9), (2, 5), (3, 11), (4, 10), (5, 11), (13, 2), (14, 9))
)


class RememberingLaboratory:
    """Runs every trial once on all probes, and answers from memory after that."""

    def __init__(self, laboratory: Laboratory, everything: Sequence[Key]) -> None:
        self._laboratory = laboratory
        self._everything = everything
        self._known: dict[tuple[Settings, int], Switched] = {}

    @property
    def is_late(self) -> bool:
        return self._laboratory.is_late

    def run(self, trials: Sequence[Settings], keys: Sequence[Key], repeats: int = 1) -> Iterator[Switched]:
        missing = [settings for settings in dict.fromkeys(trials) if (settings, repeats) not in self._known]
        for switched in self._laboratory.run(missing, self._everything, repeats):
            self._known[switched.settings, repeats] = switched
        for settings in trials:
            yield self._known[settings, repeats]


def document(switched: Switched, recorded: Mapping[str, Json]) -> dict[str, Any]:
    """Return the fingerprint of a run, as far as an experiment reads it."""
    switches = {name: {"value": value, "origin": "environment"} for name, value in recorded.items()}
    return {
        "probes": [probe_entry(probe) for probe in switched.probes.values()],
        "runtime": {"switches": switches},
    }


def is_right(truth: Settings, found: Experiment) -> bool:
    """Say whether the experiment names the truth, or fewer switches proven to have its bits."""
    if not found.is_whole:
        return False
    named = [set(trial.settings) for trial in found.causes]
    return set(map(str, truth)) in named or any(len(settings) < len(truth) for settings in named)


def judge(
    truths: Sequence[Settings], laboratory: Laboratory, keys: Sequence[Key]
) -> Iterator[tuple[Settings, str, bool]]:
    """Yield for every truth that changes a bit whether it was found, blind and as recorded."""
    base, *changed = laboratory.run([(), *truths], keys, 2)
    for truth, switched in zip(truths, changed, strict=True):
        steady = [key for key in keys if switched.digest(key) and base.digest(key)]
        differing = [key for key in steady if switched.digest(key) != base.digest(key)]
        if not differing:
            print(f"      {words_of(truth)}: changes no bit here", flush=True)
            continue
        ours = {setting.switch: "unset" for setting in truth}
        theirs = {setting.switch: setting.value for setting in truth}
        for way, sides in (("blind", ({}, {})), ("recorded", (theirs, ours))):
            found = experiment(document(switched, sides[0]), document(base, sides[1]), laboratory)
            right = is_right(truth, found)
            print(f"{'right' if right else 'WRONG':<5} {way:<8} {words_of(truth)}: {found.verdict}", flush=True)
            yield truth, way, right


def laboratory_for(python: Path, only: Sequence[str] = ()) -> tuple[RememberingLaboratory, list[Key]]:
    """Return a laboratory and the probes that it runs: those named, or all but some families."""
    processes = ProcessLaboratory(python, DEADLINE_S, lambda message: None)
    keys = [(name, "cpu") for name in only] or _all_keys(python)
    return RememberingLaboratory(processes, keys), keys


def _all_keys(python: Path) -> list[Key]:
    measured = probe_under(Bench(python=python), ())
    return [key for key, probe in measured.probes.items() if probe.digest and not probe.name.startswith(LEFT_OUT)]


def main() -> int:
    laboratory, keys = laboratory_for(Path(*sys.argv[1:2] or [sys.executable]))
    print(f"{len(keys)} probes", flush=True)
    singles = list(judge([(setting,) for setting in SINGLES], laboratory, keys))
    pairs = list(judge(PAIRS, laboratory, keys))
    right = sum(found for *_, found in singles)
    print(f"single changes: {right} of {len(singles)} right ({len(singles) // 2} changes, blind and recorded)")
    blind = [found for _, way, found in pairs if way == "blind"]
    known = [found for _, way, found in pairs if way == "recorded"]
    print(f"two changes: {sum(blind)} of {len(blind)} right blind, {sum(known)} of {len(known)} as recorded")
    return 0 if right == len(singles) and sum(blind) >= 9 and sum(known) >= 9 else 1


if __name__ == "__main__":
    sys.exit(main())
